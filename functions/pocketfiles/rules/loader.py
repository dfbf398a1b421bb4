"""Which records a rule needs beyond its own, hop by hop, in as few calls as its shape allows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from pocketfiles import keys
from pocketfiles.catalogue.model import Collection, Field, Reader, Record
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import Database
from pocketfiles.rules.goals import Goal
from pocketfiles.rules.lookups import index_key
from pocketfiles.rules.needs import Lookup, Needs
from pocketfiles.rules.plan import Condition, Plan
from pocketfiles.rules.query import closure

FIRST_BATCH = 25
"""Records read at once before their size is known."""

BATCH = 100
"""Records read at once after that."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Records of a collection to read together: those whose ids, or whose field's index keys, are
    among ``keys``, each once and in order."""

    collection: Collection
    field: Field | None
    keys: dict[str, None]

    def add(self, values: Iterable[Any]) -> None:
        """Add ids, or values of the field."""
        for value in values:
            key = str(value) if self.field is None else index_key(self.field, value)
            self.keys[key] = None


class Loader:
    """Reads the records that a plan's joins lead to into its tables, each at most once.

    ``incomplete``: ids of the collections of which more records fit than may be read. ``bytes``:
    size of all that was read.
    """

    def __init__(self, plan: Plan, database: Database, reader: Reader, limits: RuleLimits) -> None:
        self.incomplete: set[str] = set()
        self.bytes = 0
        self._plan = plan
        self._database = database
        self._reader = reader
        self._limits = limits
        self._read: dict[str, set[str]] = defaultdict(set)
        self._known: dict[str, int] = defaultdict(int)
        self._asked: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._whole: set[str] = set()
        for table in plan.tables.values():
            database.create(table)

    @property
    def rows(self) -> int:
        """How many records were read of the collection of which most were."""
        return max(map(self._count, self._read), default=0)

    def add(self, collection: Collection, record: Record) -> None:
        """Add a record that is known already. It does not count as read."""
        if collection.id in self._plan.tables:
            self._insert(collection, [record])
            self._known[collection.id] = len(self._read[collection.id])

    def load(self, goal: Goal, *, whole: bool) -> None:
        """Read all records that the goal depends on. ``whole``: read the collections of
        ``@collection`` without an index, as where joins replaced others of their name.

        Raises ``RuleError`` for more bytes than the limits allow.
        """
        needs = Needs(self._plan, goal)
        whole = whole or bool(self._plan.ways)
        lookups: list[Lookup] = []
        hops: dict[str, int] = {}
        for join, collection in needs.collections():
            selected = None if whole else needs.selected(join, collection)
            if selected is None:
                self._load_all(collection)
                continue
            lookups += selected
            hops[join.name] = max((lookup.hop for lookup in selected), default=0)
        lookups += needs.related(hops)
        lookups.sort(key=_hop_of)
        for _, hop in groupby(lookups, key=_hop_of):
            self._load_hop(hop)
        if not whole and any(map(self._is_uncertain, needs.conditions)):
            self.load(goal, whole=True)

    def _load_hop(self, hop: Iterable[Lookup]) -> None:
        """One call for each collection that relations name, and one for each field that is looked
        up."""
        wanted: dict[tuple[str, str], _Wanted] = {}
        for lookup in hop:
            collection = lookup.collection
            if collection.id in self._whole:
                continue
            if not lookup.sql:
                self._load_probe(collection)
                continue
            values = [row[0] for row in self._database.rows(lookup.sql)]
            has_empty = any(value in {None, ""} for value in values)
            if has_empty and not lookup.may_be_empty:
                self._load_all(collection)
                continue
            field_name = lookup.field.name if lookup.field else ""
            alone = _Wanted(collection, lookup.field, {})
            together = wanted.setdefault((collection.id, field_name), alone)
            together.add(values)
        for each in wanted.values():
            if each.field is None:
                self._load_named(each.collection, each.keys)
            else:
                self._load_referring(each.collection, each.field, each.keys)

    def _load_all(self, collection: Collection) -> None:
        if collection.id in self._whole:
            return
        self._whole.add(collection.id)
        records = self._reader.all(collection.id, self._limit(collection.id))
        self._take(collection, records)

    def _load_probe(self, collection: Collection) -> None:
        """Load one record more than those read already: a different one, if there is any."""
        known = len(self._read[collection.id])
        limit = min(known, self._limit(collection.id))
        found = list(self._reader.all(collection.id, limit))
        if len(found) <= limit:
            self._whole.add(collection.id)
        self._take(collection, found)

    def _load_named(self, collection: Collection, ids: Iterable[str]) -> None:
        read = self._read[collection.id]
        unread = [record_id for record_id in ids if record_id not in read]
        missing = [record_id for record_id in unread if keys.may_be_record_id(record_id)]
        room = self._room(collection.id)
        if len(missing) > room:
            self.incomplete.add(collection.id)
            del missing[room:]
        size = FIRST_BATCH
        while missing:
            batch = missing[:size]
            del missing[:size]
            found = self._reader.batch(collection.id, batch)
            self._insert(collection, found.values())
            read.update(batch)
            size = BATCH

    def _load_referring(self, collection: Collection, field: Field, names: Iterable[str]) -> None:
        """Load the records whose field has one of the values with these index keys."""
        asked = self._asked[collection.id, field.name]
        missing = [name for name in names if name not in asked]
        if not missing:
            return
        asked.update(missing)
        limit = self._limit(collection.id)
        found = self._reader.referring(collection.id, field.id, missing, limit)
        self._load_named(collection, sorted(found))

    def _take(self, collection: Collection, records: Iterable[Record]) -> None:
        """Read on until there are too many; few at once, since their size is not known."""
        read = self._read[collection.id]
        unread = (record for record in records if record.id not in read)
        room = self._room(collection.id)
        while room:
            batch = list(islice(unread, min(FIRST_BATCH, room)))
            if not batch:
                return
            self._insert(collection, batch)
            room -= len(batch)
        if next(unread, None) is not None:
            self.incomplete.add(collection.id)

    def _room(self, collection_id: str) -> int:
        """How many more records of a collection may be read."""
        return max(self._limits.max_rows - self._count(collection_id), 0)

    def _limit(self, collection_id: str) -> int:
        """How many records of a collection may be known in all."""
        return self._limits.max_rows + self._known[collection_id]

    def _count(self, collection_id: str) -> int:
        """How many records of a collection were read."""
        return len(self._read[collection_id]) - self._known[collection_id]

    def _insert(self, collection: Collection, records: Iterable[Record]) -> None:
        found = list(records)
        unreadable = next((record.id for record in found if record.is_unreadable), None)
        if unreadable is not None:
            raise RuleError(f"the values of {collection.name}/{unreadable} are not in the table")
        self._read[collection.id].update(record.id for record in found)
        self.bytes += sum(_size(record) for record in found)
        if self.bytes > self._limits.max_bytes:
            raise RuleError(f"more than {self._limits.max_bytes} bytes of records to look at")
        table = self._plan.tables[collection.id]
        self._database.insert(table, found)

    def _is_uncertain(self, condition: Condition) -> bool:
        """Whether a condition that asks for all values holds so far, and a record that was not
        read could still make it false."""
        equality = condition.equality
        if not condition.is_every or equality is None or equality.negated:
            return False
        if equality.key.collection.id in self._whole:
            return False
        reads = closure(self._plan.joins, condition.rows)
        return self._database.has_row(self._plan.select(["1"], reads, condition.sql))


def _hop_of(lookup: Lookup) -> int:
    return lookup.hop


def _size(record: Record) -> int:
    """Characters of a record's texts, which are most of its size."""
    texts = (value for value in record.values.values() if isinstance(value, str))
    return sum(len(text) for text in texts)
