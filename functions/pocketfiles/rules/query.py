"""What one rule's query is made of: operands, bound values, joined rows, touched columns."""

from dataclasses import dataclass
from typing import Literal

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules.joins import Join, Kind

MAX_TABLES = 64
"""SQLite joins no more in one query."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound value: its placeholder without the colon, and whether it is the empty text."""

    name: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison in SQL.

    A ``strict`` value is never taken for '' when it is NULL; a ``nullable`` one may be NULL whatever is bound
    in it (pocketbase.md §7.9). ``joins`` are the joined rows it reads; ``many``, when it has several values,
    is a subquery of all of them in one column ``value`` (§7.8).
    """

    sql: str
    parameters: tuple[Parameter, ...] = ()
    strict: bool = False
    nullable: bool = False
    joins: tuple[Join, ...] = ()
    many: str = ""


NULL = Operand("NULL")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a bound value comes from: the rule itself, an ``@request`` operand or a macro, by its name."""

    kind: Literal["value", "request", "macro"]
    value: str | float


class Query:
    """Collects, while a rule is translated, what its query needs.

    ``tables`` has, by collection id, the table's name, the collection, and the fields whose columns are read.
    """

    def __init__(self, collection: Collection) -> None:
        self.tables: dict[str, tuple[str, Collection, dict[str, Field]]] = {}
        self.joins: dict[tuple[object, ...], Join] = {}
        self.parameters: dict[str, Origin] = {}
        self.collection = collection
        self.base = self.join("base", None, collection)

    def bind(self, origin: Origin, *, empty: bool = False) -> Operand:
        """A bound value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = origin
        return Operand(f":{name}", (Parameter(name, empty),))

    def field(self, join: Join, name: str) -> Field | None:
        """The field of a joined row's collection, noted as one whose column is read."""
        if join.collection is None:
            return None
        field = join.collection.field(name)
        if field is not None:
            self.tables[join.collection.id][2][name] = field
        return field

    def join(
        self,
        kind: Kind,
        parent: Join | None,
        collection: Collection | None = None,
        field: Field | None = None,
        **more: str,
    ) -> Join:
        """The join, shared by all operands that go the same way (§7.8); ``more``: ``alias``, ``bound``."""
        joined = Join(
            number=len(self.joins),
            kind=kind,
            parent=parent,
            collection=collection,
            table=self._table(collection) if collection else "",
            field=field,
            **more,
        )
        known = self.joins.setdefault(joined.key, joined)
        if len(self.joins) > MAX_TABLES:
            raise RuleError(f"more than {MAX_TABLES} tables joined")
        if known.collection is not collection:
            raise RuleError(f"the alias {joined.alias} stands for two collections")
        return known

    def _table(self, collection: Collection) -> str:
        return self.tables.setdefault(collection.id, (f"t{len(self.tables)}", collection, {}))[0]
