"""A rule to a plan that SQLite can run (pocketbase.md §7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pocketfiles.catalogue.model import Collection, Collections, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules.compare import compare, equal, no_violation
from pocketfiles.rules.functions import (
    NEW_STRFTIME,
    check_call,
    geo_distance,
    is_now,
    reads_like_new_sqlite,
    strftime,
)
from pocketfiles.rules.joins import LOOKED_UP, Join, source
from pocketfiles.rules.macros import MACROS
from pocketfiles.rules.query import NULL, Operand, Origin, Query
from pocketfiles.rules.request import BODY
from pocketfiles.rules.resolve import Resolver
from pocketfiles.rules.scanner import failure
from pocketfiles.rules.schema import Table, table
from pocketfiles.rules.tree import Call, Comparison, Number, Rule, Text
from pocketfiles.rules.tree import Operand as Node

_TRUE = Operand("1")
_LITERALS = {"null": NULL, "true": _TRUE, "false": Operand("0")}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison in SQL, and the joined rows it looks at."""

    sql: str
    joins: tuple[Join, ...]

    @property
    def needs_lookup(self) -> bool:
        """Whether it looks beyond the record and the token's owner."""
        return any(join.kind not in ("base", "auth") for join in self.joins)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a join leads to: the records of ``collection`` whose ids ``sql`` gives as texts, or those whose
    field ``back`` refers to these ids. The outset is hop 1."""

    collection: Collection
    back: Field | None
    hop: int
    sql: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule in SQL, for every request of the same sql_shapes.

    ``query`` gives the outcomes of all comparisons, a row for every row that the joins make of the record;
    ``first_query`` those of the comparisons numbered in ``first``, which need no lookup. ``wholes`` are the
    collections read as a whole, by id; ``lookups`` come in the order of their hops.
    """

    rule: Rule
    joins: tuple[Join, ...]
    tables: Mapping[str, Table]
    parameters: Mapping[str, Origin]
    patterns: frozenset[str]
    """The parameters that are the right side of ``~`` or ``!~``."""
    sqlite: tuple[int, ...]
    """The oldest SQLite that reads the rule's ``strftime`` as PocketBase's does."""
    first: tuple[int, ...]
    first_query: str
    query: str
    wholes: Mapping[str, Collection]
    lookups: tuple[Lookup, ...]


def translate(
    rule: Rule,
    collection: Collection,
    collections: Collections,
    auth_collection: Collection | None,
    sql_shapes: Mapping[str, str],
) -> Plan:
    """The plan of a rule; raises ``RuleError`` that names the place where an identifier means nothing."""
    query = Query(collection)
    resolver = Resolver(query, collections, auth_collection, sql_shapes)
    translator = _Translator(rule, query, resolver, sql_shapes)
    conditions = [translator.condition(comparison) for comparison in rule.comparisons]
    joins = tuple(query.joins.values())
    first = [number for number, condition in enumerate(conditions) if not condition.needs_lookup]
    return Plan(
        rule=rule,
        joins=joins,
        tables={
            i: table(name, of, fields.values()) for i, (name, of, fields) in query.tables.items()
        },
        parameters=query.parameters,
        patterns=frozenset(translator.patterns),
        sqlite=translator.sqlite,
        first=tuple(first),
        first_query=_query(joins, [conditions[number] for number in first]),
        query=_query(joins, conditions),
        wholes={
            join.collection.id: join.collection
            for join in joins
            if join.kind == "all" and join.collection
        },
        lookups=tuple(sorted(_lookups(joins), key=lambda lookup: lookup.hop)),
    )


def _query(joins: tuple[Join, ...], conditions: list[Condition]) -> str:
    needed = {join.number for condition in conditions for join in condition.joins}
    used = (join for join in joins if join.number in needed)
    return f"SELECT DISTINCT {', '.join(condition.sql for condition in conditions)} {source(joins[0], used)}"


def _lookups(joins: tuple[Join, ...]) -> Iterator[Lookup]:
    for join in joins:
        if join.kind in LOOKED_UP and join.collection:
            back = join.field if join.kind == "back" else None
            yield Lookup(join.collection, back, join.hops, _targets(joins[0], join))


def _targets(base: Join, join: Join) -> str:
    if join.parent is None:
        return f"SELECT value FROM json_each({join.bound})"
    target = join.target()
    return f"SELECT DISTINCT CAST({target} AS TEXT) {source(base, join.parent.path())} AND {target} <> ''"


class _Translator:
    def __init__(
        self, rule: Rule, query: Query, resolver: Resolver, sql_shapes: Mapping[str, str]
    ) -> None:
        self.rule = rule
        self.query = query
        self.resolver = resolver
        self.sql_shapes = sql_shapes
        self.patterns: set[str] = set()
        self.sqlite: tuple[int, ...] = ()

    # Operands

    def operand(self, node: Node) -> Operand:
        """The SQL of one side; an error says where in the rule it is."""
        if isinstance(node, Text | Number):
            return self.query.bind(Origin("value", node.value), empty=node.value == "")
        if isinstance(node, Call):
            return self.call(node)
        try:
            return self.identifier(node.name)
        except RuleError as error:
            raise failure(error.reason, self.rule.text, node.start) from None

    def identifier(self, name: str) -> Operand:
        """Macros, then fields; ``null``, ``true`` and ``false`` only where no field has the name (§7.1)."""
        if name in MACROS:
            return self.query.bind(Origin("macro", name))
        literal = _LITERALS.get(name.lower())
        if literal is not None and self.query.collection.field(name) is None:
            return literal
        if self.sql_shapes.get(name) == "changed":
            return self.changed(name.removesuffix(":changed"))
        return self.resolver.resolve(name)

    def changed(self, name: str) -> Operand:
        """``@request.body.FIELD:changed``: the key was sent and differs from the stored value (§7.2)."""
        sent = equal(self.resolver.resolve(name + ":isset"), _TRUE)
        stored = self.resolver.resolve(name.removeprefix(BODY))
        differs = equal(self.resolver.resolve(name), stored, negated=True)
        return Operand(f"({sent} AND {differs})", strict=True, joins=stored.joins)

    def call(self, node: Call) -> Operand:
        """A function's value (§7.4)."""
        try:
            check_call(node)
        except RuleError as error:
            raise failure(error.reason, self.rule.text, node.start) from None
        operands = [self.operand(argument) for argument in node.arguments]
        if node.name == "geoDistance":
            return geo_distance(operands)
        if reads_like_new_sqlite(node):
            self.sqlite = NEW_STRFTIME
        return strftime(operands, at_now=is_now(node))

    # Comparisons

    def condition(self, comparison: Comparison) -> Condition:
        """One comparison, with the all-match rule where a side has several values (§7.8)."""
        left, right = self.operand(comparison.left), self.operand(comparison.right)
        sign = comparison.sign.removeprefix("?")
        if sign.endswith("~") and not (right.many and right.nullable):
            self.patterns.update(parameter.name for parameter in right.parameters)
        sql = compare(left, sign, right)
        if not comparison.any_match and (left.many or right.many):
            sql = f"({sql} AND {no_violation(left, sign, right)})"
        return Condition(sql, (*left.joins, *right.joins))
