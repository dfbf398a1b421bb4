"""A shared cache that keeps answers as CloudFront does: by key, for as long as Cache-Control lets
it."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from local.gateway import Answer

Key: TypeAlias = tuple[str, ...]

_MAX_AGE = re.compile(r"(?:^|[\s,])(s-maxage|max-age)\s*=\s*\"?(\d+)")
_NEVER = re.compile(r"(?:^|[\s,])(no-store|no-cache|private)\b")
_KEPT_STATUS = {200, 301, 302}


@dataclass(frozen=True)
class Entry:
    """One kept answer; ``stored`` in seconds of the cache's clock."""

    answer: Answer
    stored: float
    ttl: float
    uri: str


@dataclass
class Cache:
    """Answers by key. ``clock`` gives seconds; ``default_ttl`` is for answers without
    Cache-Control."""

    clock: Callable[[], float]
    default_ttl: float
    _entries: dict[Key, Entry] = field(default_factory=dict)

    def get(self, key: Key) -> Entry | None:
        """The fresh answer under the key."""
        entry = self._entries.get(key)
        if entry is None or self.clock() - entry.stored >= entry.ttl:
            return None
        return entry

    def put(self, key: Key, uri: str, answer: Answer) -> None:
        """Keep an answer if it may be kept."""
        ttl = lifetime(answer, self.default_ttl)
        if ttl > 0:
            self._entries[key] = Entry(answer, self.clock(), ttl, uri)

    def invalidate(self, pattern: str) -> int:
        """Forget the URIs that match a path with ``*`` at its end; returns how many copies went."""
        gone = [
            key
            for key, entry in list(self._entries.items())  # other threads add to it meanwhile
            if fnmatch.fnmatchcase(entry.uri, pattern)
        ]
        for key in gone:
            self._entries.pop(key, None)
        return len(gone)

    def age(self, entry: Entry) -> int:
        """Whole seconds since the answer was stored."""
        return int(self.clock() - entry.stored)

    def __len__(self) -> int:
        return len(self._entries)


def lifetime(answer: Answer, default_ttl: float) -> float:
    """Seconds for which a shared cache may keep an answer (RFC 9111 §3, with MinTTL 0)."""
    if answer.status not in _KEPT_STATUS:
        return 0
    headers: Mapping[str, str] = {name.lower(): value for name, value in answer.headers}
    control = headers.get("cache-control")
    if control is None:
        return default_ttl
    if _NEVER.search(control):
        return 0
    ages = {name: int(seconds) for name, seconds in _MAX_AGE.findall(control)}
    return ages.get("s-maxage", ages.get("max-age", default_ttl))
