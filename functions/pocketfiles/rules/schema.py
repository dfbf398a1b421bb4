"""Collections as tables (pocketbase.md §7.5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.rules.joins import quoted
from pocketfiles.rules.request import MULTI_TYPES


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one collection as a table: its ``id`` and the ``columns`` that a rule touches."""

    name: str
    collection: Collection
    columns: tuple[str, ...]
    create: str
    insert: str


def table(name: str, collection: Collection, fields: Iterable[Field]) -> Table:
    """The table ``name`` with the columns of ``fields``."""
    touched = [field for field in fields if field.name != "id"]
    definitions = [
        "id TEXT PRIMARY KEY",
        *(f"{quoted(f.name)} {column_type(collection, f)}" for f in touched),
    ]
    return Table(
        name=name,
        collection=collection,
        columns=tuple(field.name for field in touched),
        create=f"CREATE TABLE {name} ({', '.join(definitions)}) WITHOUT ROWID",
        insert=f"INSERT OR IGNORE INTO {name} VALUES ({', '.join('?' * len(definitions))})",
    )


def column_type(collection: Collection, field: Field) -> str:
    """The declared type, which gives a column its affinity; json columns have none, so that what they hold
    stays as it is."""
    if field.type in MULTI_TYPES and field.multiple:
        return "JSON"
    if field.type == "number":
        return "" if _aggregated(collection, field.name) else "NUMERIC"
    return {"bool": "BOOLEAN", "json": "", "geoPoint": "JSON"}.get(field.type, "TEXT")


def _aggregated(collection: Collection, name: str) -> bool:
    """Whether a view counts or sums the column: a number without affinity, unlike a table's."""
    pattern = (
        rf"\b(?:count|total)\s*\((?:[^()]|\([^()]*\))*\)\s*(?:as\s+)?[`\"'\[]?{re.escape(name)}\b"
    )
    return re.search(pattern, collection.view_query, re.IGNORECASE) is not None
