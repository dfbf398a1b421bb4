"""The rows a rule joins to its record, as SQL, named as PocketBase names them (pocketbase.md §7.5
to §7.8).

A name is the way to the row: ``documents_team_lead`` is the lead of the document's team. Two ways
can make one name, as ``team_lead`` and ``team.lead`` do; then the later join takes the place of the
earlier one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pocketfiles.catalogue.model import Collection, Field

Kind: TypeAlias = Literal["auth", "all", "sent", "single", "item", "linked", "back"]

INNER = "__mm_"
"""Begins the names of the rows in a subquery that asks whether all values fit."""

_NOT_IN_LABEL = re.compile(r"[^\w]+", re.ASCII)
_MAX_INDEX = 2**63 - 1
_QUOTES = "`\"'[] \t\r\n\v\f"


@dataclass(frozen=True, slots=True)
class Join:
    """One ``LEFT JOIN``: records of ``collection``, or the items of a list.

    ========== ========================================================================
    ``auth``   the token's owner (§7.6)
    ``all``    a whole collection, ``@collection`` (§7.7)
    ``sent``   records whose ids the request's body holds
    ``item``   each value of a list in a column or in the request's body
    ``single`` the record a single relation names
    ``linked`` the record an ``item`` names
    ``back``   the records of ``collection`` whose ``field`` names the parent
    ========== ========================================================================

    ``table`` and ``on`` are SQL. ``target`` is the SQL of the ids that tell which records are
    joined, and ``parent`` the name of the row it is read from.
    """

    name: str
    kind: Kind
    table: str
    on: str = ""
    parent: str = ""
    collection: Collection | None = None
    field: Field | None = None
    target: str = ""

    @property
    def sql(self) -> str:
        """The clause."""
        condition = f" ON {self.on}" if self.on else ""
        return f"LEFT JOIN {self.table} {quoted(self.name)}{condition}"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def column(row: str, name: str) -> str:
    """A column of a joined row."""
    return f"{quoted(row)}.{quoted(name)}"


def as_list(sql: str) -> str:
    """A JSON array out of a column that holds one, or a list of the column's one value."""
    return f"CASE WHEN {_holds_list(sql)} THEN {sql} ELSE json_array({sql}) END"


def length(sql: str) -> str:
    """How many items a column holds; an empty one holds none (§7.5 ``:length``)."""
    is_empty = f"{sql} = '' OR {sql} IS NULL"
    single = f"CASE WHEN {is_empty} THEN json_array() ELSE json_array({sql}) END"
    return f"json_array_length(CASE WHEN {_holds_list(sql)} THEN {sql} ELSE ({single}) END)"


def _holds_list(sql: str) -> str:
    return f"iif({_is_json(sql)}, json_type({sql}) = 'array', FALSE)"


def _is_json(sql: str) -> str:
    """Whether a column is JSON. All of it is read for each row, which counts as work."""
    return f"weighed(json_valid({sql}), octet_length({sql}))"


def extracted(sql: str, path: str) -> str:
    """The value at a JSON path; a column that is no JSON counts as one JSON text (§7.5)."""
    return (
        f"(CASE WHEN {_is_json(sql)} THEN json_extract({sql}, '${path}')"
        f" ELSE json_extract(json_object('pb', {sql}), '$.pb{path}') END)"
    )


def json_path(parts: list[str]) -> str:
    """``.a[0].b`` of ``a.0.b``. Characters that no label may hold are dropped."""
    path = ""
    for place, part in enumerate(parts):
        label = _NOT_IN_LABEL.sub("", part)
        if part.isdecimal() and int(part) <= _MAX_INDEX:
            path += f"[{label}]"
        else:
            path += f".{label}" if place else label
    return path if path.startswith("[") else f".{path}"


def on_id(row: str, condition: str) -> str:
    """The condition on the id of a joined row; empty for no condition."""
    if not condition:
        return ""
    return f"{column(row, 'id')} {condition}"


def items_of(row: str, field: Field, name: str) -> Join:
    """Each value of a list in a column."""
    items = as_list(column(row, field.name))
    return Join(name, "item", f"json_each({items})", parent=row)


def singly_related(row: str, field: Field, related: Collection, name: str) -> Join:
    """The record that a single relation names."""
    return _referred_to(name, "single", row, column(row, field.name), related)


def linked(item: str, related: Collection, name: str) -> Join:
    """The record that an item names."""
    return _referred_to(name, "linked", item, column(item, "value"), related)


def _referred_to(name: str, kind: Kind, row: str, target: str, related: Collection) -> Join:
    """The record whose id is the target, which is a column of the row."""
    return Join(
        name=name,
        kind=kind,
        table=quoted(related.name),
        on=f"{column(name, 'id')} = {target}",
        parent=row,
        collection=related,
        target=target,
    )


def back_related(row: str, collection: Collection, field: Field, name: str) -> Join:
    """The records whose ``field`` names the row."""
    row_id = column(row, "id")
    holder = column(name, field.name)
    on = f"{holder} = {row_id}"
    if field.multiple:
        items = quoted(f"__je_{name}")
        on = f"{row_id} IN (SELECT {items}.value FROM json_each({as_list(holder)}) {items})"
    return Join(
        name=name,
        kind="back",
        table=quoted(collection.name),
        on=on,
        parent=row,
        collection=collection,
        field=field,
        target=row_id,
    )


def is_unique(collection: Collection, field: Field) -> bool:
    """Whether no two records of a collection name the same one: a single relation with a unique
    index of its own."""
    if field.multiple:
        return False
    name = field.name.casefold()
    return any(_unique_column(index) == name for index in collection.indexes)


def _unique_column(index: str) -> str:
    """The one column of a unique index, lower-case; '' when it is not unique or has several."""
    head, _, rest = index.partition("(")
    words = head.casefold().split()
    if words[:3] != ["create", "unique", "index"] or "on" not in words:
        return ""
    columns, _, _ = rest.rpartition(")")
    words = columns.casefold().split()
    if words[-1:] in (["asc"], ["desc"]):
        del words[-1]
    if words[-2:-1] == ["collate"]:
        del words[-2:]
    return "" if "," in columns else " ".join(words).strip(_QUOTES)


def source(base: Collection, joins: Iterable[Join], own: str = "") -> str:
    """The ``FROM`` of a query over the record and its joins; ``own`` names the record's row."""
    name = f" {quoted(own)}" if own not in {"", base.name} else ""
    return " ".join([f"FROM {quoted(base.name)}{name}", *(join.sql for join in joins)])
