"""Collections as tables (pocketbase.md §7.5)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.rules.joins import quoted
from pocketfiles.rules.request import MULTI_TYPES

_TYPES = {"bool": "BOOLEAN", "number": "NUMERIC", "json": "JSON", "geoPoint": "JSON"}
_VIEW_TYPES = {"json": ""}
_ROWS_OF = "__rows_of_"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one collection as a table: its ``id`` and the ``columns`` that a rule touches."""

    collection: Collection
    columns: tuple[str, ...]
    create: tuple[str, ...]
    insert: str


def table(collection: Collection, fields: Iterable[Field]) -> Table:
    """The table of a collection with the columns of ``fields``.

    What a view computes has no affinity at all, which no column of a table can be told to have;
    such a collection is a view here, too.
    """
    touched = [field for field in fields if field.name != "id"]
    types = {field.name: column_type(collection, field) for field in touched}
    computed = collection.type == "view" and "" in types.values()
    name = quoted(f"{_ROWS_OF}{collection.name}" if computed else collection.name)
    definitions = ["id TEXT PRIMARY KEY"]
    for column, declared in types.items():
        definitions.append(f"{quoted(column)} {declared}")
    create = [f"CREATE TABLE {name} ({', '.join(definitions)}) WITHOUT ROWID"]
    if computed:
        create.append(f"CREATE VIEW {quoted(collection.name)} AS {_select(name, types)}")
    placeholders = ", ".join("?" * len(definitions))
    return Table(
        collection=collection,
        columns=tuple(types),
        create=tuple(create),
        insert=f"INSERT OR IGNORE INTO {name} VALUES ({placeholders})",
    )


def _select(name: str, types: Mapping[str, str]) -> str:
    """The rows of a table; the plus sign takes the affinity of a column that has no type."""
    values = ["id"]
    for column, declared in types.items():
        quoted_column = quoted(column)
        values.append(quoted_column if declared else f"+{quoted_column} AS {quoted_column}")
    return f"SELECT {', '.join(values)} FROM {name}"


def column_type(collection: Collection, field: Field) -> str:
    """The declared type, which gives a column its affinity: the one in PocketBase's database where
    it is known, else the one PocketBase gives to new columns."""
    if field.column is not None:
        return field.column
    if field.type in MULTI_TYPES:
        return "JSON" if field.multiple else "TEXT"
    if collection.type == "view":
        if field.type == "number" and _is_aggregated(collection.view_query, field.name):
            return ""
        if field.type in _VIEW_TYPES:
            return _VIEW_TYPES[field.type]
    return _TYPES.get(field.type, "TEXT")


def _is_aggregated(view_query: str, name: str) -> bool:
    """Whether a view counts or sums a column: a number without affinity, unlike a table's."""
    pattern = rf"\b(?:count|total)\s*+\([^()]*+\)\s*+(?:as\s++)?[`\"'\[]?{re.escape(name)}\b"
    return re.search(pattern, view_query, re.IGNORECASE) is not None
