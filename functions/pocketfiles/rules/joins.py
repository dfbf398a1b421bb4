"""The rows a rule joins to its record, as SQL (pocketbase.md §7.5 to §7.8).

Every join has a number and two aliases: ``j3`` in the query itself, where joined rows are shared by the whole
rule, and ``m3`` in the subquery that asks whether *all* rows fit. Names of fields reach SQL only quoted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pocketfiles.catalogue.model import Collection, Field

Kind: TypeAlias = Literal["base", "auth", "all", "sent", "single", "item", "linked", "back"]

LOOKED_UP: tuple[Kind, ...] = ("single", "linked", "sent", "back")
"""Joins whose rows are asked for by id."""

_UNIQUE_INDEX = re.compile(
    r"\s*create\s+unique\s+index\s.*?\son\s+\S+?\s*\(\s*[`\"'\[]?(\w+)[`\"'\]]?"
    r"(?:\s+collate\s+\w+)?(?:\s+(?:asc|desc))?\s*\)",
    re.IGNORECASE | re.DOTALL,
)

OUTER, INNER = "j", "m"
RECORD, AUTH = ":record", ":auth"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def as_list(column: str) -> str:
    """A JSON array out of a column that holds one, or a list of the column's one value."""
    holds_list = f"iif(json_valid({column}), json_type({column}) = 'array', FALSE)"
    return f"CASE WHEN {holds_list} THEN {column} ELSE json_array({column}) END"


def length(column: str) -> str:
    """How many items a column holds; an empty one holds none (§7.5 ``:length``)."""
    items = (
        f"CASE WHEN {column} = '' OR {column} IS NULL THEN json_array() ELSE {as_list(column)} END"
    )
    return f"json_array_length({items})"


def extracted(column: str, path: str) -> str:
    """The value at a JSON path; a column that is no JSON counts as one JSON text (§7.5)."""
    return (
        f"CASE WHEN json_valid({column}) THEN json_extract({column}, '${path}')"
        f" ELSE json_extract(json_object('pb', {column}), '$.pb{path}') END"
    )


@dataclass(frozen=True, slots=True)
class Join:
    """One ``LEFT JOIN``; rows of ``collection`` (in ``table``) or, for ``item``, the items of a list.

    ========== ========================================================================
    ``base``   the record itself; no join
    ``auth``   the token's owner (§7.6)
    ``all``    a whole collection, ``@collection`` (§7.7)
    ``sent``   records whose ids the request's body holds; ``bound`` is their list
    ``item``   each value of a list: of the parent's ``field``, or of the bound list
    ``single`` the record a single relation names
    ``linked`` the record an ``item`` names
    ``back``   the records of ``collection`` whose ``field`` names the parent
    ========== ========================================================================
    """

    number: int
    kind: Kind
    parent: "Join | None" = None
    collection: Collection | None = None
    table: str = ""
    field: Field | None = None
    bound: str = ""
    alias: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What two joins have in common that are one; an alias stands for itself (§7.7)."""
        named = f":{self.alias}" if self.alias else self.collection and self.collection.id
        return (
            self.kind,
            self.parent and self.parent.number,
            named,
            self.field and self.field.name,
            bool(self.bound),
        )

    @property
    def unique(self) -> bool:
        """Whether no more than one record refers back: a single relation with a unique index of its own."""
        return (
            self.field is not None
            and self.collection is not None
            and not self.field.multiple
            and any(_indexes_alone(index, self.field.name) for index in self.collection.indexes)
        )

    def column(self, name: str, scope: str = OUTER) -> str:
        """A column of the joined row."""
        return f"{scope}{self.number}.{quoted(name)}"

    def path(self) -> "tuple[Join, ...]":
        """This join and those it hangs on, outermost first."""
        return (*self.parent.path(), self) if self.parent else (self,)

    def target(self, scope: str = OUTER) -> str:
        """The parent's column that tells which rows are joined; '' where nothing of a parent does."""
        if self.parent is None:
            return ""
        by_field = self.field.name if self.field else ""
        return self.parent.column({"linked": "value", "back": "id"}.get(self.kind, by_field), scope)

    @property
    def hops(self) -> int:
        """How many lookups lie between the outset and these rows."""
        return sum(join.kind != "item" for join in self.path())

    def sql(self, scope: str) -> str:
        """The ``LEFT JOIN`` clause."""
        if self.kind == "item":
            items = self.bound or as_list(self.target(scope))
            return f"LEFT JOIN json_each({items}) AS {scope}{self.number}"
        return f"LEFT JOIN {self.table} AS {scope}{self.number} ON {self._condition(scope)}"

    def _condition(self, scope: str) -> str:
        own = self.column("id", scope)
        if self.kind == "all":
            return "TRUE"
        if self.kind == "auth":
            return f"{own} = {AUTH}"
        if self.kind == "sent":
            return f"{own} IN (SELECT value FROM json_each({self.bound}))"
        if self.kind == "back" and self.field:
            holder = self.column(self.field.name, scope)
            if self.unique:
                return f"{holder} = {self.target(scope)}"
            return f"{self.target(scope)} IN (SELECT value FROM json_each({as_list(holder)}))"
        return f"{own} = {self.target(scope)}"


def _indexes_alone(index: str, name: str) -> bool:
    match = _UNIQUE_INDEX.match(index)
    return match is not None and match[1].casefold() == name.casefold()


def source(base: Join, joins: Iterable[Join], scope: str = OUTER) -> str:
    """The ``FROM`` and ``WHERE`` of a query over the record and its joins."""
    clauses = " ".join(join.sql(scope) for join in joins if join.kind != "base")
    own = f"{scope}{base.number}"
    return f"FROM {base.table} AS {own} {clauses} WHERE {own}.id = {RECORD}"
