"""Answers the functions' reads from a PocketBase data directory instead of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pocketfiles.catalogue.generations import UNVERSIONED, Pointer
from pocketfiles.catalogue.model import Collections, Record, Settings
from pocketfiles.rules.lookups import index_values

from .pocketbase import Row, Snapshot


class Directory:
    """A ``catalogue.cached.Generations`` of a snapshot.

    A collection is read whole when first asked for.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found = {found.id: found for found in snapshot.collections}
        self._rows: dict[str, Mapping[str, Row]] = {}

    @property
    def name(self) -> str:
        """A directory is no table, and has no name."""
        return ""

    def pointer(self) -> Pointer:
        """A directory has no generations."""
        return UNVERSIONED

    def catalogue(self, _pointer: Pointer) -> tuple[Collections, Settings, frozenset[str]]:
        """All collections and the settings; none is held. Views are read, to know which are
        incomplete."""
        collections = []
        for found in self._found.values():
            collection = found.collection
            if collection.type == "view":
                self._read(found.id)
            is_incomplete = found.id in self._snapshot.incomplete
            collections.append(replace(collection, is_incomplete=is_incomplete))
        settings = Settings.from_json(self._snapshot.settings)
        return Collections(collections), settings, frozenset()

    def at(
        self, _pointer: Pointer, _collections: Collections, *, with_held: bool = True
    ) -> "Directory":
        """The records of the snapshot itself."""
        return self

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record, or ``None``."""
        return self.batch(collection_id, [record_id]).get(record_id)

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> dict[str, Record]:
        """Those of the records that exist, by id."""
        rows = self._read(collection_id)
        found = {}
        for record_id in record_ids:
            row = rows.get(record_id)
            if row is not None:
                found[record_id] = row.record()
        return found

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        """Ids of the records whose field holds one of the values; at most ``limit`` + 1."""
        wanted = set(values)
        found: list[str] = []
        for field in self._found[collection_id].collection.fields:
            if field.id != field_id:
                continue
            for record_id, row in self._read(collection_id).items():
                value = row.record().values.get(field.name)
                if not wanted.isdisjoint(index_values(field, value)):
                    found.append(record_id)
                if len(found) > limit:
                    return found
        return found

    def all(self, collection_id: str, limit: int) -> list[Record]:
        """The collection's records in order of id; at most ``limit`` + 1."""
        rows = self._read(collection_id).values()
        return [row.record() for row in islice(rows, limit + 1)]

    def _read(self, collection_id: str) -> Mapping[str, Row]:
        if collection_id not in self._rows:
            rows = self._snapshot.rows(self._found[collection_id])
            self._rows[collection_id] = {row.id: row for row in rows}
        return self._rows[collection_id]
