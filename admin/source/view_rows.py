"""The rows of views, evaluated by the SQLite that PocketBase has.

Python's own SQLite may be older, and format a time or a number otherwise. So the tables that a view
names are copied, within the snapshot, to a temporary database of the newer one.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

import apsw

from pocketfiles.catalogue.model import Collection
from pocketfiles.rules.joins import quoted

from .sqlite import text
from .views import tables_named

_SCHEMA = "SELECT lower(name), name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"


class ViewRows:
    """Evaluates the views of one snapshot; each table is copied once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._source = connection
        self._copy = apsw.Connection("")  # a temporary file, which SQLite removes
        self._copied: set[str] = set()
        self._schema: dict[str, tuple[str, str, str]] = {}
        for row in connection.execute(_SCHEMA):
            key, name, kind, sql = map(text, row)
            self._schema[key] = (name, kind, sql)

    def select(self, view: Collection) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The columns of a view, and its rows in order of id as text. Raises ``apsw.Error``."""
        self._provide(view.name)
        query = f'SELECT * FROM {quoted(view.name)} ORDER BY CAST("id" AS TEXT)'  # noqa: S608
        columns = self._copy.execute(f"PRAGMA table_info({quoted(view.name)})")
        names = [str(name) for _, name, *_ in columns]
        return names, self._copy.execute(query)

    def _provide(self, name: str) -> None:
        """A table with its rows, or a view with all it is made of."""
        key = name.lower()
        if key in self._copied or key not in self._schema:
            return
        self._copied.add(key)
        own_name, kind, sql = self._schema[key]
        if kind == "table":
            self._copy_table(own_name)
            return
        for named in tables_named(sql) or self._schema:
            self._provide(named)
        self._copy.execute(sql)

    def _copy_table(self, name: str) -> None:
        """A table with its columns' types and indexes but without constraints, which PocketBase's
        own tables break."""
        table = quoted(name)
        names = ["rowid"]
        definitions = []
        for _, column, kind, *_ in self._source.execute(f"PRAGMA table_info({table})"):
            column_name = quoted(text(column))
            names.append(column_name)
            definitions.append(f"{column_name} {text(kind)}")
        selected = ", ".join(names)
        places = ", ".join("?" * len(names))
        rows = self._source.execute(f"SELECT {selected} FROM {table}")  # noqa: S608
        decoded = (tuple(map(text, row)) for row in rows)
        insert = f"INSERT INTO {table} ({selected}) VALUES ({places})"  # noqa: S608
        with self._copy:
            self._copy.execute(f"CREATE TABLE {table} ({', '.join(definitions)})")
            self._copy.executemany(insert, decoded)
        for column in self._indexed(name):
            index = quoted(f"{name} {column}")
            self._copy.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({quoted(column)})")

    def _indexed(self, name: str) -> list[str]:
        """The first column of each index of a table."""
        query = (
            "SELECT i.name FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i"
            " WHERE i.seqno = 0 AND i.name IS NOT NULL"
        )
        return [text(column) for (column,) in self._source.execute(query, (name,))]
