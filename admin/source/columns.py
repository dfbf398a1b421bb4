"""The declared types of columns, as PocketBase's SQLite sees them.

A view's columns have types, too, of which an older SQLite knows fewer. So the schema is built again
without rows, in the SQLite that the functions have.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing

import apsw

from pocketfiles.rules.joins import quoted


def column_types(schema: Iterable[str], names: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """The types of the columns of each table and view, by its name.

    ``schema`` are the ``CREATE`` statements of all tables and views. What SQLite cannot build or
    read, such as a view of a table that is gone, has no entry.
    """
    found: dict[str, Mapping[str, str]] = {}
    with closing(apsw.Connection(":memory:")) as connection:
        for statement in schema:
            try:
                connection.execute(statement)
            except apsw.Error:
                continue
        for name in names:
            try:
                columns = list(connection.execute(f"PRAGMA table_xinfo({quoted(name)})"))
            except apsw.Error:
                continue
            if columns:
                found[name] = {column: kind for _, column, kind, *_ in columns}
    return found
