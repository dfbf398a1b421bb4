"""The CloudFront distribution in front of a deployment, if there is one."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import EdgeError
from .cloudfront import Distribution
from .edge_store import DEFAULT_FORMATS
from .key_value_store import KeyValueStore
from .probe import FOLDER, BucketProbe

T = TypeVar("T")

CLOSE_SECONDS = 20.0
"""How long a round tries to take a collection out of the store before it goes on without."""


@dataclass(frozen=True)
class Edge:
    """What of CloudFront a writer keeps in step. ``store`` says which collections are open."""

    distribution: Distribution | None = None
    store: KeyValueStore | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    probe: BucketProbe | None = None
    """Proves an existing bucket; ``None`` for the stack's own, whose policy is right."""
    formats: tuple[str, ...] = DEFAULT_FORMATS
    """What the functions offer thumbs in, by ``Accept``."""

    @property
    def has_copies(self) -> bool:
        """Whether copies lie at a distribution."""
        return self.distribution is not None

    @property
    def reads_bucket(self) -> bool:
        """Whether edges send files of open collections without asking the functions."""
        return self.has_copies and self.store is not None

    def to_close(self, desired: Mapping[str, str]) -> dict[str, str]:
        """What the store must lose before anything else changes: keys with the ids of collections
        that are open and must not stay so.

        Nothing if the store cannot be read for ``CLOSE_SECONDS``: no revocation waits for
        CloudFront.
        """
        if self.store is None:
            return {}
        actual = self._persist(self.store.read) or {}
        still_open = {(key, _open_id(value)) for key, value in desired.items()}
        found = {key: _open_id(value) for key, value in actual.items()}
        return {
            key: collection_id
            for key, collection_id in found.items()
            if collection_id not in {"", FOLDER} and (key, collection_id) not in still_open
        }

    def remove(self, keys: set[str]) -> None:
        """Take keys out of the store, or give up after ``CLOSE_SECONDS``: nothing else may wait for
        CloudFront, and copies are invalidated in any case."""
        store = self.store
        if store is not None and keys:
            self._persist(lambda: store.remove(keys))

    def publish(self, desired: Mapping[str, str]) -> None:
        """Make the store say what the published data says. Raises ``EdgeError``.

        As long as CloudFront does not read the bucket, no collection is open.
        """
        if self.store is None:
            return
        if self.probe is not None:
            desired = self.probe.published(self.store, desired)
        self.store.write(desired)

    def invalidate(self, paths: Sequence[str]) -> None:
        """Ask the distribution to invalidate its copies. Raises ``EdgeError``."""
        if self.distribution is not None:
            self.distribution.invalidate(paths)

    def _persist(self, work: Callable[[], T]) -> T | None:
        """The result of ``work``, or ``None`` if it fails for ``CLOSE_SECONDS`` or for good."""
        deadline = self.clock() + CLOSE_SECONDS
        while True:
            try:
                return work()
            except EdgeError as error:
                if not error.is_passing or self.clock() > deadline:
                    return None
            self.sleep(1.0)


def _open_id(value: str) -> str:
    """The id of the collection that an entry of the store opens; empty for one that is closed."""
    entry = json.loads(value)
    return str(entry["id"]) if entry["open"] else ""


NO_EDGE = Edge()
"""For a deployment without CloudFront."""
