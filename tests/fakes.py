"""Small stand-ins for the bucket, the table and the log that record their calls."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pocketfiles.catalogue.generations import Pointer
from pocketfiles.catalogue.model import Collection, Collections, Record, Settings
from pocketfiles.errors import Refusal
from pocketfiles.http.messages import Request
from pocketfiles.objects import Opened, SignedUrl, Stored

MODIFIED = datetime(2026, 11, 23, 17, 49, 22, 900_000, UTC)
MODIFIED_TEXT = "Mon, 23 Nov 2026 17:49:22 GMT"


def request(method: str = "GET", path: str = "/", query: str = "", **headers: str) -> Request:
    """A request; header names with ``_`` for ``-``, ``address`` and ``body`` by their own names."""
    from pocketfiles.http.query import parse_query  # noqa: PLC0415 - the fakes load nothing but values

    address = headers.pop("address", "192.0.2.7")
    body = headers.pop("body", "").encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, parse_query(query), named, address, body, query)


def etag_of(body: bytes) -> str:
    """S3's ETag of an object uploaded in one part."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@dataclass
class FakeBucket:
    """Objects by key. ``calls`` lists the calls, such as ``("fetch", key)``."""

    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    put_fails: Refusal | None = None
    vanishes: bool = False
    signed_seconds: int = 1_000_000

    def stored(self, key: str) -> Stored | None:
        """The object's attributes, without recording a call."""
        if key not in self.objects:
            return None
        body, content_type = self.objects[key]
        return Stored(key, len(body), etag_of(body), content_type, MODIFIED)

    def head(self, key: str) -> Stored | None:
        self.calls.append(("head", key))
        return self.stored(key)

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        self.calls.append(("fetch", key))
        stored = self.stored(key)
        if stored is None:
            return None
        return Opened(stored, self.objects[key][0] if wanted(stored) else None)

    def read(self, stored: Stored, first: int, last: int) -> bytes | None:
        self.calls.append(("read", stored.key, first, last))
        return None if self.vanishes else self.objects[stored.key][0][first : last + 1]

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        self.calls.append(("put", key))
        if self.put_fails:
            raise self.put_fails
        self.objects.setdefault(key, (body, content_type))
        return etag_of(body)

    def delete(self, key: str) -> None:
        self.calls.append(("delete", key))
        self.objects.pop(key, None)

    def presign(
        self, key: str, seconds: int, overrides: dict[str, str], *, cross_origin: bool
    ) -> SignedUrl:
        mark = "&x-cors=1" if cross_origin else ""
        self.calls.append(("presign", key, seconds, overrides))
        return SignedUrl(
            f"https://bucket.test/{key}?signed{mark}", min(seconds, self.signed_seconds)
        )


POINTER = Pointer(generation=1, catalogue=1, table="t")


@dataclass
class FakeTable:
    """Collections, settings and records. ``calls`` lists the reads."""

    collections: Iterable[Collection] = ()
    records: Iterable[Record] = ()
    settings: Settings = field(default_factory=Settings)
    current: Pointer = POINTER
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.current.table

    def pointer(self) -> Pointer:
        self.calls.append(("pointer",))
        return self.current

    def catalogue(self, pointer: Pointer) -> tuple[Collections, Settings, frozenset[str]]:
        self.calls.append(("catalogue",))
        return Collections(self.collections), self.settings, frozenset()

    def at(
        self, pointer: Pointer, collections: Collections, *, with_held: bool = True
    ) -> "FakeTable":
        return self

    def get(self, collection_id: str, record_id: str) -> Record | None:
        self.calls.append(("get", collection_id, record_id))
        return self._found(collection_id, [record_id]).get(record_id)

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> dict[str, Record]:
        self.calls.append(("batch", collection_id, *record_ids))
        return self._found(collection_id, record_ids)

    def referring(
        self, collection_id: str, field_id: str, target_ids: Sequence[str], limit: int
    ) -> list[str]:
        self.calls.append(("referring", collection_id, field_id, *target_ids))
        found = [
            r.id
            for r in self.records
            if r.collection_id == collection_id and _refers(r, target_ids)
        ]
        return found[: limit + 1]

    def all(self, collection_id: str, limit: int) -> list[Record]:
        self.calls.append(("all", collection_id))
        return [record for record in self.records if record.collection_id == collection_id][
            : limit + 1
        ]

    def _found(self, collection_id: str, ids: Sequence[str]) -> dict[str, Record]:
        return {r.id: r for r in self.records if r.collection_id == collection_id and r.id in ids}


def _refers(record: Record, target_ids: Sequence[str]) -> bool:
    return any(value in target_ids for value in record.values.values())


@dataclass
class FakeLog:
    """Records log lines."""

    lines: list[dict[str, object]] = field(default_factory=list)
    traces: list[object] = field(default_factory=list)

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        self.lines.append({"message": msg, **extra})

    def exception(self, msg: object, /) -> None:
        self.traces.append(msg)


def changed(record: Record, **values: Any) -> Record:
    """The record with other columns."""
    return replace(record, values={**record.values, **values})


def payload_event(**changes: Any) -> dict[str, Any]:
    """A payload-2.0 event as API Gateway sends it, with ``changes`` to its top-level keys."""
    return {
        "version": "2.0",
        "rawPath": "/api/files/c/r/a b.txt",
        "rawQueryString": "token=x.y.z&thumb=1x1",
        "headers": {"Host": "files.test", "x-other": "1,2"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.7"}},
        "isBase64Encoded": False,
        **changes,
    }
