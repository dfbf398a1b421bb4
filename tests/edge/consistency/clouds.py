"""S3 and CloudFront in memory, in virtual time.

CloudFront has three caches. Each learns of a change of the key value store after a delay of its own
and misses keys that exist now and then; invalidations reach each cache late, and what an origin
sends is kept only when its answer has ended.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local.cdn.bucket import MIN_SEGMENTS, REFUSED
from local.cdn.cache import Cache, Key
from local.gateway import Answer

STORE_SECONDS = 60.0
"""The longest that a change of the key value store takes to reach a cache."""

INVALIDATION_SECONDS = 60.0
"""The longest that an invalidation takes to reach a cache."""

ANSWER_SECONDS = 30.0
"""The longest that an origin's answer takes."""

MISSED = 0.05
"""How likely a cache does not find a key that exists."""


class MemoryS3:
    """The calls of a low-level S3 client that a sync makes. ``objects`` has bodies and types."""

    def __init__(self, before_write: Callable[[str], None]) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self._before_write = before_write

    def get_paginator(self, operation: str) -> "MemoryS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Prefix: str = "", **_: Any) -> Iterator[dict[str, Any]]:
        found = [
            {
                "Key": key,
                "Size": len(body),
                "ETag": f'"{etag(body)}"',
                "LastModified": datetime.fromtimestamp(0, UTC),
            }
            for key, (body, _) in sorted(self.objects.items())
            if key.startswith(Prefix)
        ]
        yield {"Contents": found}

    def put_object(self, *, Key: str, Body: Any, ContentType: str, **_: Any) -> None:
        self._before_write(f"put {Key}")
        self.objects[Key] = (Body.read(), ContentType)

    def delete_object(self, *, Key: str, **_: Any) -> None:
        self._before_write(f"delete {Key}")
        self.objects.pop(Key, None)


def etag(body: bytes) -> str:
    """The MD5 of an object's bytes."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class BucketOrigin:
    """The bucket as an origin; it refuses what is not in a record's folder."""

    def __init__(self, s3: MemoryS3) -> None:
        self._s3 = s3

    def get(self, uri: str) -> Answer:
        """A whole object."""
        key = uri.removeprefix("/")
        found = self._s3.objects.get(key)
        if found is None or len(key.split("/")) < MIN_SEGMENTS:
            return REFUSED
        body, content_type = found
        headers = (("Content-Type", content_type), ("ETag", f'"{etag(body)}"'))
        return Answer(200, headers, body)


class LateCache(Cache):
    """A cache that keeps an answer when it has ended, and invalidates when it hears of it."""

    def __init__(
        self, clock: Callable[[], float], default_ttl: float, chance: random.Random
    ) -> None:
        super().__init__(clock, default_ttl)
        self._chance = chance
        self._events: list[tuple[float, int, Callable[[], object]]] = []

    def get(self, key: Key) -> Any:
        self._catch_up()
        return super().get(key)

    def put(self, key: Key, uri: str, answer: Answer) -> None:
        keep = super().put
        self._later(ANSWER_SECONDS, lambda: keep(key, uri, answer))

    def hears(self, pattern: str) -> None:
        """An invalidation is on its way."""
        self._later(INVALIDATION_SECONDS, lambda: self.invalidate(pattern))

    def _later(self, longest: float, act: Callable[[], object]) -> None:
        due = self.clock() + self._chance.random() * longest
        self._events.append((due, len(self._events), act))

    def _catch_up(self) -> None:
        now = self.clock()
        due = sorted(event for event in self._events if event[0] <= now)
        self._events = [event for event in self._events if event[0] > now]
        for _, _, act in due:
            act()


@dataclass
class CloudFront:
    """The clients of a distribution and of a key value store. ``fails`` says whether the next call
    is refused."""

    clock: Callable[[], float]
    chance: random.Random
    before_write: Callable[[str], None]
    caches: list[LateCache] = field(default_factory=list)
    versions: list[tuple[float, dict[str, str]]] = field(default_factory=lambda: [(0.0, {})])
    fails: Callable[[], bool] = lambda: False
    on_invalidation: Callable[[str], None] = lambda _: None
    _last_wildcard: float = 0.0

    def __post_init__(self) -> None:
        self.delays = [self.chance.random() * STORE_SECONDS for _ in range(3)]

    def seen_by(self, number: int) -> dict[str, str]:
        """The store as a cache sees it at this moment."""
        horizon = self.clock() - self.delays[number]
        known = [values for written, values in self.versions if written <= horizon]
        values = known[-1] if known else {}
        return {key: value for key, value in values.items() if self.chance.random() >= MISSED}

    # The store's client.

    def describe_key_value_store(self, **_: Any) -> dict[str, str]:
        return {"ETag": str(len(self.versions))}

    def get_paginator(self, operation: str) -> "CloudFront":
        assert operation == "list_keys"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        self._may_fail("ListKeys")
        values = self.versions[-1][1]
        return [{"Items": [{"Key": key, "Value": value} for key, value in values.items()]}]

    def update_keys(self, *, IfMatch: str, **changes: Any) -> None:
        self.before_write("store")
        self._may_fail("UpdateKeys")
        if IfMatch != str(len(self.versions)):
            raise ClientError({"Error": {"Code": "ConflictException"}}, "UpdateKeys")
        values = dict(self.versions[-1][1])
        for entry in changes.get("Deletes", []):
            del values[entry["Key"]]
        values |= {entry["Key"]: entry["Value"] for entry in changes.get("Puts", [])}
        self.versions.append((self.clock(), values))

    # The distribution's client.

    def create_invalidation(self, *, InvalidationBatch: Any, **_: Any) -> None:
        self.before_write("invalidation")
        self._may_fail("CreateInvalidation")
        for path in InvalidationBatch["Paths"]["Items"]:
            now = self.clock()
            assert now - self._last_wildcard >= 0.99, "CloudFront takes one wildcard a second"
            self._last_wildcard = now
            self.on_invalidation(path)
            for cache in self.caches:
                cache.hears(path)

    def _may_fail(self, operation: str) -> None:
        if self.fails():
            answer: Any = {"Error": {"Code": "Throttling"}, "ResponseMetadata": {}}
            raise ClientError(answer, operation)
