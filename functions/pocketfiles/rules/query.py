"""What one rule's query is made of: operands, bound values, joined rows, touched columns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.rules.joins import Join

Fallback: TypeAlias = Literal["auto", "never", "always"]

RECORD = ":record"
"""The bound id of the record."""

AUTH = ":auth"
"""The bound id of the token's owner."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound value: its placeholder without the colon, and whether it is the empty text."""

    name: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a bound value comes from: the rule itself, an ``@request`` operand or a macro, by its
    name.

    ``clock`` is a text that stands for the moment of the request.
    """

    kind: Literal["value", "request", "macro", "clock"]
    value: str | float


@dataclass(frozen=True, slots=True)
class Many:
    """All values of an operand that has several (pocketbase.md §7.8): the SQL of one value, the
    joined rows of the subquery, and the bound values that it sets back to what they were."""

    sql: str
    joins: tuple[Join, ...]
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A column of ``@collection`` that an operand is read from, by which its records can be looked
    up."""

    row: str
    collection: Collection
    field: Field

    @property
    def is_id(self) -> bool:
        """Whether the records can be read by the value itself."""
        return self.field.name == "id"


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison in SQL.

    ``fallback`` tells whether NULL is taken for '' (pocketbase.md §7.9): ``auto`` by what is
    compared, ``never`` for JSON, ``always`` for what may be NULL whatever is bound in it. ``rows``
    are the names of the joined rows it reads. ``placeholder``, where it is not empty, stands in
    ``sql`` for ``meaning`` until the comparison is complete.
    """

    sql: str
    parameters: tuple[Parameter, ...] = ()
    fallback: Fallback = "auto"
    rows: tuple[str, ...] = ()
    many: Many | None = None
    key: Key | None = None
    placeholder: str = ""
    meaning: str = ""

    def lowered(self) -> "Operand":
        """The operand's texts in lower case. No index finds them."""
        many = self.many
        if many is not None:
            many = replace(many, sql=f"LOWER({many.sql})")
        return replace(self, sql=f"LOWER({self.sql})", many=many)


NULL = Operand("NULL")


class Query:
    """Collects, while a rule is translated, what its query needs.

    ``columns`` has, by collection id, the fields whose columns are read. ``patterns`` are the
    parameters that are bound as patterns of ``~``. ``may_fail`` tells that SQLite may fail on what
    a record holds.
    """

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.collections: dict[str, Collection] = {collection.id: collection}
        self.columns: dict[str, dict[str, Field]] = {collection.id: {}}
        self.joins: dict[str, Join] = {}
        self.replaced = False
        self.parameters: dict[str, Origin] = {}
        self.patterns: set[str] = set()
        self.may_fail = False

    def bind(self, origin: Origin, *, empty: bool = False) -> Operand:
        """A bound value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = origin
        return Operand(f":{name}", (Parameter(name, empty),))

    def field(self, collection: Collection, name: str) -> Field | None:
        """The field of a collection, noted as one whose column is read."""
        field = collection.field(name)
        if field is not None:
            self.note(collection)[field.name] = field
        return field

    def note(self, collection: Collection) -> dict[str, Field]:
        """The fields of a collection whose columns are read."""
        self.collections[collection.id] = collection
        return self.columns.setdefault(collection.id, {})

    @property
    def has_names_alike(self) -> bool:
        """Whether joins have names that differ in letter case alone, which to SQLite are one."""
        names = {name.lower() for name in self.joins}
        return len(names) < len(self.joins)

    def note_everything(self) -> None:
        """Every field of the collections: a row may be read that was meant to be another's."""
        for collection in self.collections.values():
            noted = self.note(collection)
            for field in collection.fields:
                noted[field.name] = field

    def join(self, join: Join) -> None:
        """The join, shared by all operands that go the same way; a later one of its name replaces
        it."""
        known = self.joins.get(join.name)
        if known is not None and known != join:
            self.replaced = True
        self.joins[join.name] = join
        if join.collection is not None:
            self.note(join.collection)

    def closure(self, rows: Iterable[str]) -> tuple[Join, ...]:
        """The joins that make these rows and all rows that they depend on, in the query's order."""
        return closure(self.joins.values(), rows)


def closure(joins: Iterable[Join], rows: Iterable[str]) -> tuple[Join, ...]:
    """The joins that make these rows and all that they depend on, in the order of ``joins``."""
    by_name = {join.name: join for join in joins}
    needed: set[str] = set()
    waiting = list(rows)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            waiting.append(by_name[name].parent)
    return tuple(join for name, join in by_name.items() if name in needed)
