"""Random states of a PocketBase, as a source to sync, and what each shows to everybody: the oracle.

The oracle reads plain dictionaries; it shares no code with the edge, the functions or the sync.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from admin.source.pocketbase import Row, SourceCollection
from pocketfiles.catalogue.model import Collection, Record, Source

FIELDS = ("file", "extra")
NAMES = ("alpha", "beta", "gamma", "delta", "omega")
IDS = ("id_one", "Id_Two", "beta")
"""The last is a name that another collection may have."""

MANY = 60
SIZE = "9x9"


@dataclass(frozen=True)
class Table:
    """One collection: records by id, each with a file name or nothing in each field."""

    id: str
    name: str
    protected: frozenset[str] = frozenset()
    records: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""
    """For a view, the id of the collection whose records it shows."""


@dataclass(frozen=True)
class State:
    """All collections, in order of creation, and the version of each file's bytes."""

    tables: tuple[Table, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)
    made: int = 0
    """How many files and records were ever made; the next gets a name of its own."""

    # The source, as ``gather.Snapshot`` has it.

    identity = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    incomplete: frozenset[str] = frozenset()

    @property
    def collections(self) -> list[SourceCollection]:
        found = []
        for position, table in enumerate(self.tables):
            fields = [
                {
                    "id": f"{name}_of_{table.id}",
                    "name": name,
                    "type": "file",
                    "maxSelect": 1,
                    "thumbs": [SIZE],
                    "protected": name in table.protected,
                }
                for name in FIELDS
            ]
            raw = {
                "id": table.id,
                "name": table.name,
                "type": "view" if table.source else "base",
                "viewRule": None,
                "fields": [{"id": "id", "name": "id", "type": "text"}, *fields],
            }
            found.append(SourceCollection(raw, Collection.from_json(raw, position)))
        return found

    def rows(self, found: SourceCollection) -> Iterator[Row]:
        table = next(each for each in self.tables if each.id == found.id)
        for record_id, values in sorted(self.rows_of(table).items()):
            content = {"id": record_id, **values}
            sources = {}
            if table.source:
                sources = {
                    values[name]: Source(table.source, record_id) for name in FIELDS if values[name]
                }
            record = Record(found.id, record_id, content, sources)
            yield Row(record_id, content, lambda record=record: record)  # type: ignore[misc]

    def rows_of(self, table: Table) -> Mapping[str, Mapping[str, str]]:
        """A collection's records; a view has those of its source."""
        if not table.source:
            return table.records
        return next((each.records for each in self.tables if each.id == table.source), {})

    def files(self) -> dict[str, bytes]:
        """Every file that should be stored, by key."""
        return {
            key: self.content(key)
            for table in self.tables
            if not table.source
            for record_id, values in table.records.items()
            for name in values.values()
            if name
            for key in (f"{table.id}/{record_id}/{name}",)
        }

    def content(self, key: str) -> bytes:
        """The bytes of a file."""
        return f"{key} {self.versions.get(key, 0)}".encode()

    # The oracle.

    def named(self, segment: str) -> str | None:
        """The id of the collection that the first segment of a path names."""
        for table in self.tables:
            if table.id == segment or table.name.lower() == segment.lower():
                return table.id
        return None

    def shown(self, collection_id: str | None, record_id: str, file: str) -> bytes | None:
        """What everybody gets of a collection; ``None`` for a 404."""
        table = next((each for each in self.tables if each.id == collection_id), None)
        if table is None:
            return None
        values = self.rows_of(table).get(record_id, {})
        of = next((name for name in FIELDS if values.get(name) == file), None)
        if of is None or of in table.protected:
            return None
        return self.content(f"{table.source or table.id}/{record_id}/{file}")

    def held(self, collection_id: str | None, record_id: str, file: str) -> bytes | None:
        """What a collection holds, protected or not."""
        key = f"{collection_id}/{record_id}/{file}"
        return self.content(key) if key in self.files() else None

    def is_open(self, collection_id: str | None) -> bool:
        """Whether all files of the collection are for everybody."""
        return any(
            table.id == collection_id and not table.protected and not table.source
            for table in self.tables
        )


Change = Callable[[State, random.Random], State]


def first(chance: random.Random) -> State:
    """A state with a few records in each collection, and a view."""
    state = State(
        (Table(IDS[0], "alpha"), Table(IDS[1], "gamma"), Table("id_view", "shown", source=IDS[0]))
    )
    for _ in range(6):
        state = add_record(state, chance)
    return state


def changed(state: State, chance: random.Random) -> State:
    """One to three changes later."""
    for _ in range(chance.randrange(1, 4)):
        state = chance.choice(CHANGES)(state, chance)
    return state


def add_record(state: State, chance: random.Random) -> State:
    table = _any(state, chance)
    number = state.made
    names = {name: f"{name}{number}.txt" if chance.random() < 0.8 else "" for name in FIELDS}
    records = {**table.records, f"r{number}": names}
    return _put(replace(state, made=number + 1), replace(table, records=records))


def add_many(state: State, chance: random.Random) -> State:
    table = _any(state, chance)
    number = state.made
    many = {f"m{number}x{each}": {"file": f"m{number}.txt", "extra": ""} for each in range(MANY)}
    return _put(replace(state, made=number + 1), replace(table, records={**table.records, **many}))


def remove_many(state: State, chance: random.Random) -> State:
    table = max(state.tables, key=lambda each: len(each.records))
    kept = {rid: values for rid, values in table.records.items() if not rid.startswith("m")}
    return _put(state, replace(table, records=kept))


def remove_record(state: State, chance: random.Random) -> State:
    table = _any(state, chance)
    records = dict(table.records)
    if records:
        del records[chance.choice(sorted(records))]
    return _put(state, replace(table, records=records))


def replace_file(state: State, chance: random.Random) -> State:
    table = _any(state, chance)
    if not table.records:
        return state
    record_id = chance.choice(sorted(table.records))
    name = chance.choice(FIELDS)
    new = f"{name}{state.made}.txt" if chance.random() < 0.5 else ""
    values = {**table.records[record_id], name: new}
    table = replace(table, records={**table.records, record_id: values})
    return _put(replace(state, made=state.made + 1), table)


def overwrite_file(state: State, chance: random.Random) -> State:
    keys = sorted(state.files())
    if not keys:
        return state
    key = chance.choice(keys)
    return replace(state, versions={**state.versions, key: state.versions.get(key, 0) + 1})


def protect(state: State, chance: random.Random) -> State:
    table = chance.choice(state.tables)
    return _put(state, replace(table, protected=table.protected ^ {chance.choice(FIELDS)}))


def rename(state: State, chance: random.Random) -> State:
    free = sorted(set(NAMES) - {table.name for table in state.tables})
    return _put(state, replace(_any(state, chance), name=chance.choice(free)))


def swap_names(state: State, chance: random.Random) -> State:
    one, other = chance.sample(state.tables, 2)
    state = _put(state, replace(one, name=other.name))
    return _put(state, replace(other, name=one.name))


def take_over_name(state: State, chance: random.Random) -> State:
    """A collection is protected and renamed, and another gets its name."""
    one, other = chance.sample(state.tables, 2)
    free = sorted(set(NAMES) - {table.name for table in state.tables})
    state = _put(state, replace(one, name=chance.choice(free), protected=frozenset(FIELDS)))
    return _put(state, replace(other, name=one.name))


def add_or_drop(state: State, _: random.Random) -> State:
    kept = tuple(table for table in state.tables if table.id != IDS[2])
    if len(kept) < len(state.tables):
        return replace(state, tables=kept)
    free = sorted(set(NAMES) - {table.name for table in state.tables})
    number = state.made
    records = {f"r{number}": {"file": f"file{number}.txt", "extra": ""}}
    table = Table(IDS[2], free[0], records=records)
    return replace(state, tables=(*state.tables, table), made=number + 1)


CHANGES: tuple[Change, ...] = (
    *(add_record, remove_record, replace_file, protect) * 3,
    *(overwrite_file, add_many, remove_many, rename, swap_names, take_over_name, add_or_drop),
)


def _any(state: State, chance: random.Random) -> Table:
    return chance.choice([table for table in state.tables if not table.source])


def _put(state: State, table: Table) -> State:
    tables = tuple(table if each.id == table.id else each for each in state.tables)
    return replace(state, tables=tables)
