"""Which record a file seen through a view belongs to (pocketbase.md §3.5).

A view's column is traced to the collection it is selected from. The first record of that collection
whose field holds the name owns the file. For a column that cannot be traced (an expression, a
subquery), every collection that the query names is searched.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pocketfiles.catalogue.model import Collection, Collections, Field, Source, Value, listed
from pocketfiles.rules.joins import quoted

from .sqlite import text

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_DEPTH = 5

_CLOCK = re.compile(
    r"""['"]now['"]|\bcurrent_(?:date|time|timestamp)\b|\brandom\s*\("""
    r"""|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\bstrftime\s*\([^,()]*\)""",
    re.IGNORECASE,
)
"""What makes a query give other rows of the same data."""


class Column(NamedTuple):
    """A column of a collection or, before it is resolved, of a table named in a query."""

    collection: str
    field: str


class FileOwners:
    """Finds the record that owns a file, by the file's name.

    Each column that a view shows is indexed once, in a temporary table.
    """

    def __init__(self, connection: sqlite3.Connection, collections: Iterable[Collection]) -> None:
        self._connection = connection
        self._collections = Collections(collections)
        self._columns: dict[tuple[str, str], list[Column]] = {}
        """The columns that may hold the files of a view's field, by the view's id and the field."""
        self._indexed: set[Column] = set()

    def find(self, view: Collection, field: str, name: str) -> Source | None:
        """Find the record whose file this view shows in this field."""
        for column in self._origin(view, field):
            self._index(column)
            row = self._connection.execute(
                "SELECT record FROM temp.owners WHERE collection = ? AND field = ? AND name = ?",
                (*column, name),
            ).fetchone()
            if row:
                return Source(column.collection, text(row[0]))
        return None

    def _origin(self, view: Collection, field: str) -> list[Column]:
        """The columns that may hold the files of a view's field."""
        key = (view.id, field)
        if key not in self._columns:
            traced = self._trace(view, field, _DEPTH)
            candidates = [traced] if traced else self._named(view, _DEPTH)
            self._columns[key] = list(dict.fromkeys(candidates))
        return self._columns[key]

    def _trace(self, view: Collection, field: str, depth: int) -> Column | None:
        found = column_origin(view.view_query, field)
        collection = self._collections.find(found.collection) if found else None
        if found is None or collection is None:
            return None
        if collection.type == "view":
            return self._trace(collection, found.field, depth - 1) if depth else None
        traced = collection.field(found.field)
        if traced is None or traced.type != "file":
            return None
        return Column(collection.id, traced.name)

    def _named(self, view: Collection, depth: int) -> Iterator[Column]:
        for table in tables_named(view.view_query):
            collection = self._collections.find(table)
            if collection is None:
                continue
            if collection.type != "view":
                for file_field in collection.file_fields:
                    yield Column(collection.id, file_field.name)
            elif depth:
                yield from self._named(collection, depth - 1)

    def _index(self, column: Column) -> None:
        if column in self._indexed:
            return
        self._indexed.add(column)
        collection = self._collections.find(column.collection)
        file_field = collection.field(column.field) if collection else None
        if collection is None or file_field is None:
            return
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS owners "
            "(collection, field, name, record, PRIMARY KEY (collection, field, name)) WITHOUT ROWID"
        )
        value_column = quoted(file_field.name)
        query = f'SELECT "id", {value_column} FROM {quoted(collection.name)} ORDER BY rowid'  # noqa: S608
        for record_id, value in self._connection.execute(query):
            for name in _compared(text(value), file_field):
                self._connection.execute(
                    "INSERT OR IGNORE INTO temp.owners VALUES (?, ?, ?, ?)",
                    (*column, name, text(record_id)),
                )


def _compared(value: Value, file_field: Field) -> tuple[str, ...]:
    """The names that PocketBase compares a view's with: of a field of one file the column as it is,
    even if it holds a list."""
    if file_field.multiple:
        return listed(value, multiple=True)
    return (str(value),) if value else ()


def follows_clock(query: str) -> bool:
    """Whether the rows of a view change without any change of the database."""
    return _CLOCK.search(query) is not None


def column_origin(query: str, column: str) -> Column | None:
    """Find the table and column that a result column is selected from.

    Returns ``None`` for a computed column.
    """
    from sqlglot import exp  # noqa: PLC0415 - 0.1 s that only views with files should cost

    select = _parsed(query)
    if not isinstance(select, exp.Select):
        return None
    tables = {
        table.alias_or_name: table.name
        for table in select.find_all(exp.Table)
        if table.parent_select is select
    }
    first_table = next(iter(tables), "")
    for shown in select.expressions:
        plain = shown.this if isinstance(shown, exp.Alias) else shown
        if isinstance(plain, exp.Column) and shown.alias_or_name == column:
            table = tables.get(plain.table or first_table)
            return None if table is None else Column(table, plain.name)
    return None


def tables_named(query: str) -> list[str]:
    """List every table that a query mentions, at any depth, in order."""
    from sqlglot import exp  # noqa: PLC0415

    parsed = _parsed(query)
    return [table.name for table in parsed.find_all(exp.Table)] if parsed else []


def _parsed(query: str) -> "Expr | None":
    import sqlglot  # noqa: PLC0415

    try:
        return sqlglot.parse_one(query, read="sqlite")
    except sqlglot.errors.SqlglotError:
        return None
