"""Reads the settings, collections and records of a PocketBase data directory, all of one moment.

    with pocketbase.opened(directory) as snapshot:
        for collection in snapshot.collections:
            for row in snapshot.rows(collection):
                print(row.record())

PocketBase 0.23 and later (pocketbase.md §8.2).
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from pocketfiles.catalogue.model import Collection, Field, Record, Source, Value
from pocketfiles.keys import may_be_record_id
from pocketfiles.rules.joins import quoted
from pocketfiles.rules.schema import column_type

from ..errors import SourceError
from . import settings, sqlite
from .columns import column_types
from .copies import remove_leftovers
from .sqlite import text
from .view_rows import ViewRows
from .views import FileOwners

_UNREADABLE = "(unreadable)"
"""The id of what stands for the rows of a view that cannot be read."""

_COMMON = (
    "id",
    "system",
    "type",
    "name",
    "fields",
    "indexes",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
)


@dataclass(frozen=True)
class SourceCollection:
    """A collection in two forms: ``raw`` is PocketBase's JSON with all secrets, ``collection`` the
    model.
    """

    raw: dict[str, Any] = field(repr=False)
    collection: Collection

    @property
    def id(self) -> str:
        """The collection's id."""
        return self.collection.id


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a collection.

    Most rows did not change since the last round, so none becomes a record unasked.
    """

    id: str
    content: object
    """A value whose ``repr`` changes whenever the row or the owners of its files change."""
    record: Callable[[], Record]

    @classmethod
    def of(cls, record: Record, content: object) -> "Row":
        """The row of a record that is made already."""
        return cls(record.id, content, lambda: record)


class Snapshot:
    """The database in one read transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        settings: dict[str, Any],
        collections: list[SourceCollection],
    ) -> None:
        self._connection = connection
        self._views = ViewRows(connection)
        self._owners = FileOwners(connection, [found.collection for found in collections])
        self.settings = settings
        self.collections = collections
        self.incomplete: set[str] = set()
        """Ids of the collections whose rows could not all be read, or have no id of their own.
        Complete once all rows were read."""
        self.warnings: list[str] = []
        """One line for each thing that could not be read or resolved.

        Complete once all rows were read.
        """

    @property
    def identity(self) -> str:
        """What tells this PocketBase from any other: when it was set up, to the microsecond. Copies
        and backups of its directory have the same."""
        try:
            row = self._connection.execute("SELECT min(applied) FROM _migrations").fetchone()
        except sqlite3.OperationalError:
            return ""
        return "" if row[0] is None else str(text(row[0]))

    def rows(self, found: SourceCollection) -> Iterator[Row]:
        """Yield the collection's records in order of id.

        A record without a usable id is left out with a warning, and so is any further row of a view
        with the same id; unless it is the same row once more, the collection is incomplete. A view
        that cannot be read has one record, which is unreadable.
        """
        collection = found.collection
        try:
            columns, rows = self._select(collection)
        except (sqlite3.OperationalError, apsw.Error) as error:
            self._unreadable(collection, error)
            self.incomplete.add(collection.id)
            record = Record(collection.id, _UNREADABLE, {}, is_unreadable=True)
            yield Row.of(record, _UNREADABLE)
            return
        if "id" not in columns:
            self.warnings.append(f"{collection.name}: no column id, its records are left out")
            self.incomplete.add(collection.id)
            return
        id_column = columns.index("id")
        shows_files = bool(collection.type == "view" and collection.file_fields)
        last = ""
        content = ""
        for raw in rows:
            value = raw[id_column]
            record_id = "" if value is None else str(text(value))
            if record_id <= last or not may_be_record_id(record_id):
                self._leave_out(collection, record_id, is_repeated=repr(raw) == content)
                continue
            last = record_id
            content = repr(raw)
            make = partial(_record, collection, record_id, columns, raw)
            if shows_files:
                record = self._with_sources(collection, make())
                yield Row.of(record, (raw, record.sources))
            else:
                yield Row(record_id, raw, make)

    def _select(self, collection: Collection) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        if collection.type == "view":
            return self._views.select(collection)
        query = f'SELECT * FROM {quoted(collection.name)} ORDER BY "id"'  # noqa: S608
        cursor = self._connection.execute(query)
        names = [name for name, *_ in cursor.description]
        return names, cursor

    def _unreadable(self, collection: Collection, error: Exception) -> None:
        if collection.type != "view":
            raise SourceError(f"the table of collection {collection.name} cannot be read: {error}")
        # A view is a query that a change of another collection can break, in PocketBase too.
        self.warnings.append(f"view {collection.name} cannot be read and is left empty: {error}")

    def _leave_out(self, collection: Collection, record_id: str, *, is_repeated: bool) -> None:
        warning = f"{collection.name}: a row with the id {record_id!r} is left out"
        if not is_repeated:
            self.incomplete.add(collection.id)
            warning = f"{warning}, and view rules that look at it deny"
        self.warnings.append(warning)

    def _with_sources(self, collection: Collection, row: Record) -> Record:
        sources: dict[str, Source] = {}
        for file_field in collection.file_fields:
            for name in row.names(file_field):
                owner = self._owners.find(collection, file_field.name, name)
                if owner:
                    sources.setdefault(name, owner)
                else:
                    self.warnings.append(f"{collection.name}/{row.id}: {name} belongs to no record")
        return replace(row, sources=sources)


@contextmanager
def opened(
    directory: Path, encryption_key: str | None = None, *, check: bool = True
) -> Iterator[Snapshot]:
    """Open a data directory for reading. ``check`` searches the whole database for damage first,
    and removes what killed processes left of theirs.

    Raises ``SourceError`` if this is no PocketBase 0.23 or later, if the database is locked or
    damaged, or if its settings cannot be decrypted.
    """
    path = database_of(directory)
    if check:
        remove_leftovers()
    with sqlite.snapshot(path) as connection:
        _require_current(connection, path)
        if check:
            _require_sound(connection, path)
        values = settings.read(_settings_value(connection), encryption_key)
        yield Snapshot(connection, values, list(_collections(connection, _types(connection))))


def database_of(directory: Path) -> Path:
    """Return the path of the directory's ``data.db``. Raises ``SourceError``."""
    if not directory.is_dir():
        raise SourceError(f"{directory} is not a directory")
    path = directory / "data.db"
    if not path.is_file():
        raise SourceError(f"{directory} is not a PocketBase data directory: it has no data.db")
    return path


def _require_current(connection: sqlite3.Connection, path: Path) -> None:
    columns = {text(row[1]) for row in connection.execute("PRAGMA table_info(_collections)")}
    if "schema" in columns:
        raise SourceError(
            f"{path} is of a PocketBase older than 0.23: start it once with a current PocketBase, "
            "which migrates it, then run this again"
        )
    if not {*_COMMON, "options"} <= columns:
        raise SourceError(f"{path} is not a PocketBase database: it has no collections")


def _require_sound(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    problem = text(verdict)
    # PocketBase's tables break NOT NULL and CHECK on purpose now and then; only torn pages matter
    # here.
    breaks_constraint = "NULL value in" in problem or "CHECK constraint" in problem
    if problem != "ok" and not breaks_constraint:
        last_line = problem.splitlines()[-1]
        raise SourceError(f"{path} is damaged or was copied while it was written: {last_line}")


def _settings_value(connection: sqlite3.Connection) -> str | bytes | None:
    row = connection.execute("SELECT value FROM _params WHERE id = 'settings'").fetchone()
    return row[0] if row else None


def _types(connection: sqlite3.Connection) -> Mapping[str, Mapping[str, str]]:
    """The declared types of all columns, by collection and field."""
    schema = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
    )
    names = connection.execute("SELECT name FROM _collections")
    return column_types(
        schema=(text(sql) for (sql,) in schema),
        names=(text(name) for (name,) in names),
    )


def _with_types(raw: dict[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """The collection with the type of each column that is not the usual one of its field."""
    usual = Collection.from_json(raw)
    fields = []
    for each in raw["fields"]:
        declared = types.get(each["name"])
        usual_type = column_type(usual, Field.from_json(each))
        is_usual = declared is None or declared == usual_type
        fields.append(each if is_usual else {**each, "column": declared})
    return {**raw, "fields": fields}


def _collections(
    connection: sqlite3.Connection, types: Mapping[str, Mapping[str, str]]
) -> Iterator[SourceCollection]:
    columns = ", ".join(map(quoted, _COMMON))
    rows = connection.execute(f"SELECT rowid, options, {columns} FROM _collections ORDER BY rowid")  # noqa: S608
    for position, options, *common in rows:
        raw: dict[str, Any] = dict(zip(_COMMON, map(text, common), strict=True))
        try:
            for key in ("fields", "indexes"):
                raw[key] = json.loads(raw[key] or "[]")
            raw = {**json.loads(options or "{}"), **raw, "system": bool(raw["system"])}
            raw = _with_types(raw, types.get(raw["name"], {}))
            if raw["type"] == "view" and raw["name"] not in types:
                raw["broken"] = True
            yield SourceCollection(raw, Collection.from_json(raw, position))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise SourceError(f"collection {raw['name']} cannot be read ({reason})") from error


def _record(
    collection: Collection, record_id: str, columns: list[str], raw: tuple[Any, ...]
) -> Record:
    values: dict[str, Value] = {}
    for column, value in zip(columns, raw, strict=True):
        values[column] = text(value)
    return Record(collection.id, record_id, values)
