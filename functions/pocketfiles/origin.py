"""Is the request come through the CDN? The CDN adds a secret header; without it the API would be a way around
the CDN's cache, its firewall and its limits.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace

from pocketfiles.errors import Forbidden
from pocketfiles.gateway import Request

HEADER = "x-origin-secret"
REFRESH_SECONDS = 300


class Origin:
    """Admits requests that carry a current secret, or, without an ``arn``, all.

    ``secrets`` fetches the values of that secret: the newest, and, while a rotation is under way, the one
    before. They are kept ``REFRESH_SECONDS`` of ``clock``.
    """

    def __init__(
        self, arn: str, secrets: Callable[[str], tuple[str, ...]], clock: Callable[[], float]
    ) -> None:
        self._arn = arn
        self._secrets = secrets
        self._clock = clock
        self._kept: tuple[float, tuple[str, ...]] | None = None

    def admit(self, request: Request) -> Request:
        """The request without the secret, so that no rule can read it. Raises ``Forbidden``."""
        if not self._arn:
            return request
        shown = request.headers.get(HEADER, "").encode()
        # All are compared, so that the time tells nothing of which one differed.
        matches = [hmac.compare_digest(shown, secret.encode()) for secret in self._current() if secret]
        if not any(matches):
            raise Forbidden("not through the CDN")
        return replace(request, headers={k: v for k, v in request.headers.items() if k != HEADER})

    def _current(self) -> tuple[str, ...]:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= REFRESH_SECONDS:
            self._kept = (now, self._secrets(self._arn))
        return self._kept[1]
