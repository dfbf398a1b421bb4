"""Which records a rule needs beyond its own, hop by hop, in as few calls as its shape allows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from pocketfiles.catalogue.model import Collection, Collections, Field, Record
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import Database
from pocketfiles.rules.translate import Lookup, Plan


class Facts(Protocol):
    """What a rule may look up."""

    @property
    def collections(self) -> Collections:
        """All collections."""

    def records(self, collection: Collection, ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of these ids that exist, by id."""

    def referring(
        self, collection: Collection, field: Field, ids: Sequence[str]
    ) -> Sequence[Record]:
        """The records of ``collection`` whose relation ``field`` holds one of the ids."""

    def rows(self, collection: Collection, limit: int) -> Sequence[Record]:
        """The records of a collection, ``limit`` + 1 at the most: then there are too many."""


class Loader:
    """Puts into a plan's tables what its joins lead to; each record is asked for at most once."""

    def __init__(self, plan: Plan, database: Database, facts: Facts, max_rows: int) -> None:
        self._plan = plan
        self._database = database
        self._facts = facts
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
            self._insert(collection, self._facts.rows(collection, self._max_rows))
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
        missing = [i for i in ids if i not in self._asked[collection.id]]
        if missing:
            self._note(collection, missing)
            self._insert(collection, self._facts.records(collection, missing).values())

    def _load_referring(self, collection: Collection, field: Field, ids: Iterable[str]) -> None:
        asked = self._referred[collection.id, field.name]
        missing = [i for i in ids if i not in asked]
        asked.update(missing)
        if missing:
            self._insert(collection, self._facts.referring(collection, field, missing))

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
