"""Which records a rule needs beyond its own, hop by hop, in as few calls as its shape allows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import Database
from pocketfiles.rules.translate import Lookup, Plan

MAX_ID_BYTES = 1024
"""Bytes of a record id; DynamoDB's limit for a sort key."""


class Reader(Protocol):
    """The stored records, as far as rules read them."""

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record, or ``None``."""

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> Mapping[str, Record]:
        """Those of the records that exist, by id."""

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> Sequence[str]:
        """Ids of the records whose field holds one of the values; ``limit`` + 1 at the most."""

    def all(self, collection_id: str, limit: int) -> Sequence[Record]:
        """The records of a collection; ``limit`` + 1 at the most, so that too many can be told."""


class Loader:
    """Puts into a plan's tables what its joins lead to; each record is read at most once."""

    def __init__(self, plan: Plan, database: Database, reader: Reader, max_rows: int) -> None:
        self._plan = plan
        self._database = database
        self._reader = reader
        self._max_rows = max_rows
        self._created: set[str] = set()
        self._asked: dict[str, set[str]] = defaultdict(set)
        self._referred: dict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, collection: Collection, record: Record) -> None:
        """A record that is known already."""
        if collection.id in self._plan.tables:
            self._insert(collection, [record])

    def load(self) -> None:
        """All other records: whole collections first, then one hop along the relations after the other."""
        for collection_id in self._plan.tables:
            self._create(collection_id)
        for collection in self._plan.wholes.values():
            self._insert(collection, self._reader.all(collection.id, self._max_rows))
        open_ended = (
            lookup for lookup in self._plan.lookups if lookup.collection.id not in self._plan.wholes
        )
        for _, hop in groupby(open_ended, key=lambda lookup: lookup.hop):
            self._load_hop(list(hop))

    def _load_hop(self, hop: Sequence[Lookup]) -> None:
        """One call for each collection that relations name, and one for each relation that refers back."""
        wanted: dict[tuple[str, str], tuple[Lookup, dict[str, None]]] = {}
        for lookup in hop:
            key = (lookup.collection.id, lookup.back.name if lookup.back else "")
            ids = wanted.setdefault(key, (lookup, {}))[1]
            ids.update(dict.fromkeys(row[0] for row in self._database.rows(lookup.sql)))
        for lookup, ids in wanted.values():
            if lookup.back:
                self._load_referring(lookup.collection, lookup.back, ids)
            else:
                self._load_named(lookup.collection, ids)

    def _load_named(self, collection: Collection, ids: Iterable[str]) -> None:
        asked = self._asked[collection.id]
        missing = [
            record_id
            for record_id in ids
            if record_id not in asked and 0 < len(record_id.encode()) <= MAX_ID_BYTES
        ]
        if missing:
            self._note(collection, missing)
            self._insert(collection, self._reader.batch(collection.id, missing).values())

    def _load_referring(self, collection: Collection, field: Field, ids: Iterable[str]) -> None:
        referred = self._referred[collection.id, field.name]
        missing = [record_id for record_id in ids if record_id not in referred]
        referred.update(missing)
        if missing:
            found = self._reader.referring(collection.id, field.id, missing, self._max_rows)
            self._load_named(collection, sorted(found))

    def _create(self, collection_id: str) -> None:
        if collection_id not in self._created:
            self._created.add(collection_id)
            self._database.create(self._plan.tables[collection_id])

    def _insert(self, collection: Collection, records: Iterable[Record]) -> None:
        found = list(records)
        self._note(collection, [record.id for record in found])
        self._create(collection.id)
        self._database.insert(self._plan.tables[collection.id], found)

    def _note(self, collection: Collection, ids: Iterable[str]) -> None:
        """No more than so many records of one collection."""
        self._asked[collection.id].update(ids)
        if len(self._asked[collection.id]) > self._max_rows:
            raise RuleError(f"more than {self._max_rows} records of {collection.name} to look at")
