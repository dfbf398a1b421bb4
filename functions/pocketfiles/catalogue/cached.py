"""The catalogue as the use cases see it: collections and settings from memory, records fresh."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pocketfiles.catalogue.model import Collection, Collections, Field, Record, Settings
from pocketfiles.errors import RuleError


class Reader(Protocol):
    """What of the table is used here; ``catalogue.table.Table`` is one."""

    def catalogue(self) -> tuple[Collections, Settings]:
        """All collections and the settings."""

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record."""

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> dict[str, Record]:
        """Those of the records that exist."""

    def referring(
        self, collection_id: str, field_id: str, target_ids: Sequence[str], limit: int
    ) -> list[str]:
        """Ids of the records that refer to the targets."""

    def all(self, collection_id: str, limit: int) -> list[Record]:
        """The collection's records."""


class Catalogue:
    """Collections and settings live ``ttl`` seconds of ``clock``; every record is read when asked for."""

    def __init__(self, reader: Reader, ttl: float, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._ttl = ttl
        self._clock = clock
        self._kept: tuple[float, Collections, Settings] | None = None

    @property
    def collections(self) -> Collections:
        """All collections."""
        return self._fresh()[1]

    @property
    def settings(self) -> Settings:
        """PocketBase's settings."""
        return self._fresh()[2]

    def record(self, collection: Collection, record_id: str) -> Record | None:
        """One record of a collection; a name no id can have costs no read."""
        if not record_id or len(record_id.encode(errors="replace")) > MAX_ID_BYTES:
            return None
        return self._reader.get(collection.id, record_id)

    def owner(self, collection_name_or_id: str, record_id: str) -> tuple[Collection, Record] | None:
        """A token's owner."""
        collection = self.collections.find(collection_name_or_id)
        record = self.record(collection, record_id) if collection else None
        return (collection, record) if collection and record else None

    def facts(self, *known: Record, max_rows: int) -> "Facts":
        """What a rule may look up during one request; ``known`` records cost nothing more."""
        return Facts(self._reader, self.collections, known, max_rows)

    def _fresh(self) -> tuple[float, Collections, Settings]:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= self._ttl:
            self._kept = (now, *self._reader.catalogue())
        return self._kept


MAX_ID_BYTES = 1024
"""DynamoDB's limit for a sort key."""


class Facts:
    """Records for one evaluation of a rule, each read at most once."""

    def __init__(
        self, reader: Reader, collections: Collections, known: Sequence[Record], max_rows: int
    ) -> None:
        self.collections = collections
        self._reader = reader
        self._max_rows = max_rows
        self._seen: dict[tuple[str, str], Record | None] = {
            (r.collection_id, r.id): r for r in known
        }

    def records(self, collection: Collection, ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of these ids that exist; the unknown ones come in one batch."""
        unseen = [
            i
            for i in ids
            if (collection.id, i) not in self._seen and 0 < len(i.encode()) <= MAX_ID_BYTES
        ]
        if len(unseen) > self._max_rows:
            raise RuleError(f"more than {self._max_rows} records of {collection.name}")
        if unseen:
            read = self._reader.batch(collection.id, unseen)
            self._seen.update({(collection.id, i): read.get(i) for i in unseen})
        found = {i: self._seen.get((collection.id, i)) for i in ids}
        return {i: record for i, record in found.items() if record is not None}

    def referring(
        self, collection: Collection, field: Field, ids: Sequence[str]
    ) -> Sequence[Record]:
        """The records whose relation ``field`` holds one of the ids, in order of id."""
        found = self._reader.referring(collection.id, field.id, ids, self._max_rows)
        if len(found) > self._max_rows:
            raise RuleError(f"more than {self._max_rows} records of {collection.name} refer back")
        return list(self.records(collection, sorted(found)).values())

    def rows(self, collection: Collection, limit: int) -> Sequence[Record]:
        """The whole collection, ``limit`` + 1 records at the most."""
        read = self._reader.all(collection.id, limit)
        self._seen.update({(collection.id, record.id): record for record in read})
        return read
