"""The catalogue as the use cases see it: collections and settings from memory, records fresh."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pocketfiles.catalogue.model import Collection, Collections, Record, Settings


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
        self.reader = reader
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
        return self.reader.get(collection.id, record_id)

    def owner(self, collection_name_or_id: str, record_id: str) -> tuple[Collection, Record] | None:
        """A token's owner."""
        collection = self.collections.find(collection_name_or_id)
        record = self.record(collection, record_id) if collection else None
        return (collection, record) if collection and record else None

    def _fresh(self) -> tuple[float, Collections, Settings]:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= self._ttl:
            collections, settings = self.reader.catalogue()
            if self._kept is not None and tuple(collections) == tuple(self._kept[1]):
                collections = self._kept[1]  # what is kept for these collections stays in use
            self._kept = (now, collections, settings)
        return self._kept


MAX_ID_BYTES = 1024
"""DynamoDB's limit for a sort key."""
