"""The CloudFront distribution in front of a deployment, if there is one."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import TargetError
from .cloudfront import Distribution
from .key_value_store import KeyValueStore

CLOSE_SECONDS = 20.0
"""How long a round tries to take a collection out of the store before it goes on without."""


@dataclass(frozen=True)
class Edge:
    """What of CloudFront a writer keeps in step. ``store`` says which collections are open."""

    distribution: Distribution | None = None
    store: KeyValueStore | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def has_copies(self) -> bool:
        """Whether copies lie at a distribution."""
        return self.distribution is not None

    def closing(self, desired: Mapping[str, str]) -> dict[str, str]:
        """The ids of collections that are open and must not stay so, by their keys in the store."""
        if self.store is None:
            return {}
        still_open = {key for key, value in desired.items() if json.loads(value)["open"]}
        actual = {key: json.loads(value) for key, value in self.store.read().items()}
        return {
            key: str(value["id"])
            for key, value in actual.items()
            if value["open"] and key not in still_open
        }

    def close(self, keys: set[str]) -> None:
        """Take keys out of the store, or give up after ``CLOSE_SECONDS``: nothing else may wait for
        CloudFront, and copies are invalidated in any case."""
        if self.store is None or not keys:
            return None
        deadline = self.clock() + CLOSE_SECONDS
        while True:
            try:
                return self.store.remove(keys)
            except (TargetError, ClientError, BotoCoreError):
                if self.clock() > deadline:
                    return None
            self.sleep(1.0)

    def open(self, desired: Mapping[str, str]) -> None:
        """Make the store say what the published data says. Raises what AWS raises."""
        if self.store is not None:
            self.store.write(desired)

    def invalidate(self, paths: Sequence[str]) -> None:
        """Ask the distribution to forget. Raises ``TargetError`` or what AWS raises."""
        if self.distribution is not None:
            self.distribution.invalidate(paths)


NO_EDGE = Edge()
"""For a deployment without CloudFront."""
