"""What a sync leaves to do later: when each can be done, and waiting for it.

Uploads wait until no request goes by the data before (``put_off``), thumbs are cleared once more
after the longest request (``late_thumbs``), and CloudFront is asked again (``pending``).
"""

from collections.abc import Callable

from ..target.lease import RENEW_SECONDS
from . import put_off
from .destination import LONGEST_REQUEST_SECONDS, SETTLE_SECONDS, Target
from .mirror import THUMBS, Mirror
from .pending import invalidations_in, left_in

PENDING_SECONDS = 60.0
"""How often a watch looks for invalidations that commands beside it have left."""


class Later:
    """What one table still waits for. All moments are epoch seconds.

    ``files``: whether files are uploaded at all.
    """

    def __init__(
        self, target: Target, mirror: Mirror, sleep: Callable[[float], None], *, files: bool
    ) -> None:
        self._target = target
        self._mirror = mirror
        self._sleep = sleep
        self._files = files
        self._read_at = target.clock()

    def is_due(self) -> bool:
        """Whether something can be done now."""
        now = self._target.clock()
        moments = [*self.uploads(), *self._thumbs(), *self.invalidations()]
        return any(moment <= now for moment in moments)

    def uploads(self) -> list[float]:
        """When the uploads that were put off can be done."""
        if not self._files:
            return []
        return put_off.due(self._target, self._mirror, self.settled())

    def invalidations(self) -> list[float]:
        """When CloudFront is to be asked; never where there is none."""
        if not self._target.edge.has_copies:
            return []
        return list(invalidations_in(self._mirror.later).values())

    def settled(self) -> float:
        """From when on no request goes by the data before the published."""
        return self._target.writer.published.moved + SETTLE_SECONDS

    def has_invalidation_soon(self) -> bool:
        """Whether an invalidation is due that a single round waits for."""
        soon = self._target.clock() + LONGEST_REQUEST_SECONDS
        return any(moment <= soon for moment in self.invalidations())

    def wait_for_uploads(self) -> None:
        """Wait until all uploads that were put off can be done."""
        self._wait_until(max(self.uploads()))

    def wait_for_invalidation(self) -> None:
        """Wait until the first invalidation is due."""
        self._wait_until(min(self.invalidations()))

    def look_for_new(self) -> None:
        """Add the invalidations that commands beside this sync have left, once in a while."""
        if not self._target.edge.has_copies:
            return
        now = self._target.clock()
        if now - self._read_at < PENDING_SECONDS:
            return
        self._read_at = now
        left = left_in(self._target.writer.table)
        self._mirror.later.update({**left, **self._mirror.later})

    def _thumbs(self) -> list[float]:
        later = self._mirror.later
        return [moment for sort_key, moment in later.items() if sort_key.startswith(THUMBS)]

    def _wait_until(self, moment: float) -> None:
        while self._target.clock() < moment:
            remaining = moment - self._target.clock()
            self._sleep(min(RENEW_SECONDS, remaining))
            self._target.writer.keep_alive()
