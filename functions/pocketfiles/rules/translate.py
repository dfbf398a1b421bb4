"""A rule to a plan that SQLite can run (pocketbase.md §7)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules.compare import compare, equal, every, is_empty
from pocketfiles.rules.functions import check_call, geo_distance, strftime
from pocketfiles.rules.joins import Join, column, source
from pocketfiles.rules.like import MAX_PATTERN
from pocketfiles.rules.lookups import indexable
from pocketfiles.rules.macros import MACROS
from pocketfiles.rules.plan import Condition, Equality, Plan
from pocketfiles.rules.query import NULL, RECORD, Operand, Origin, Query
from pocketfiles.rules.request import BODY
from pocketfiles.rules.resolve import Resolver
from pocketfiles.rules.scanner import failure
from pocketfiles.rules.schema import table
from pocketfiles.rules.tree import And, Call, Comparison, Expression, Number, Rule, Text
from pocketfiles.rules.tree import Operand as Node

FIRST_ROW = " LIMIT 1"
"""How PocketBase's query ends: it stops at the first row that fits."""

_TRUE = Operand("1")
_LITERALS = {"null": NULL, "true": _TRUE, "false": Operand("0")}
_TRUTHS = frozenset({"TRUE", "FALSE"})
"""``IS NOT`` one of these asks whether a value is true or false, as every number is, not whether it
equals 1 or 0."""

_PARAMETER = re.compile(r":(p[0-9]++)")


def translate(
    rule: Rule,
    collection: Collection,
    collections: Collections,
    auth_collection: Collection | None,
    sql_shapes: Mapping[str, str],
) -> Plan:
    """The plan of a rule; raises ``RuleError`` that names the place where an identifier means
    nothing."""
    query = Query(collection)
    resolver = Resolver(query, collections, auth_collection, sql_shapes)
    translator = _Translator(rule, query, resolver, sql_shapes)
    conditions = tuple(
        tuple(_by_what_is_indexed(part, collections) for part in translator.conditions(comparison))
        for comparison in rule.comparisons
    )
    if query.replaced:
        conditions = tuple(tuple(map(_without_index, parts)) for parts in conditions)
    if query.replaced or query.has_names_alike:
        query.note_everything()
    joins = tuple(query.joins.values())
    tables = {}
    for collection_id, fields in query.columns.items():
        tables[collection_id] = table(query.collections[collection_id], fields.values())
    mixes_names_up = query.replaced and query.has_names_alike
    binds_pattern_as_list = not _bound_lists(joins).isdisjoint(query.patterns)
    return Plan(
        rule=rule,
        base=collection,
        joins=joins,
        tables=tables,
        parameters=query.parameters,
        patterns=frozenset(query.patterns),
        conditions=conditions,
        may_fail=query.may_fail or mixes_names_up or binds_pattern_as_list,
        read_patterns=tuple(translator.read_patterns),
        query=_query(rule, collection, joins, conditions),
        ways=_ways(conditions) if query.replaced else (),
    )


def _bound_lists(joins: Iterable[Join]) -> set[str]:
    """The parameters whose items are joined."""
    found: set[str] = set()
    for join in joins:
        if join.kind == "item":
            found.update(_PARAMETER.findall(join.table))
    return found


def _query(
    rule: Rule,
    base: Collection,
    joins: tuple[Join, ...],
    conditions: tuple[tuple[Condition, ...], ...],
) -> str:
    """The query that PocketBase would run."""
    distinct = "DISTINCT " if joins else ""
    own = f"{column(base.name, 'id')} = {RECORD}"
    where = _where(rule.root, conditions)
    return f"SELECT {distinct}(1) {source(base, joins)} WHERE ({own}) AND ({where}){FIRST_ROW}"


def _where(node: Expression, conditions: tuple[tuple[Condition, ...], ...]) -> str:
    if isinstance(node, Comparison):
        some, *every_value = conditions[node.number]
        if not every_value:
            return some.sql
        return f"(({some.sql}) AND ({every_value[0].sql}))"
    join = " AND " if isinstance(node, And) else " OR "
    parts = (_where(part, conditions) for part in node.parts)
    return f"({join.join(parts)})"


def _ways(conditions: tuple[tuple[Condition, ...], ...]) -> tuple[tuple[Join, ...], ...]:
    """The joined rows of every subquery."""
    every_part = (condition for parts in conditions for condition in parts if condition.inner)
    return tuple(condition.inner for condition in every_part)


class _Translator:
    def __init__(
        self, rule: Rule, query: Query, resolver: Resolver, sql_shapes: Mapping[str, str]
    ) -> None:
        self.read_patterns: list[Condition] = []
        self._rule = rule
        self._query = query
        self._resolver = resolver
        self._sql_shapes = sql_shapes

    # Operands

    def _operand(self, node: Node) -> Operand:
        """The SQL of one side; an error says where in the rule it is."""
        if isinstance(node, Text | Number):
            return self._query.bind(Origin("value", node.value), empty=node.value == "")
        try:
            if isinstance(node, Call):
                check_call(node)
                return self._call(node)
            return self._identifier(node.name)
        except RuleError as error:
            if " at line " in error.reason:
                raise
            raise failure(error.reason, self._rule.text, node.start) from None

    def _identifier(self, name: str) -> Operand:
        """Macros, then fields; ``null``, ``true`` and ``false`` only where no field has the name
        (§7.1)."""
        if name in MACROS:
            return self._query.bind(Origin("macro", name))
        literal = _LITERALS.get(name.lower())
        if literal is not None and self._query.collection.field(name) is None:
            return literal
        if self._sql_shapes.get(name) == "changed":
            return self._changed(name.removesuffix(":changed"))
        return self._resolver.resolve(name)

    def _changed(self, name: str) -> Operand:
        """``@request.body.FIELD:changed``: the key was sent and differs from the stored value
        (§7.2).

        In a function the placeholder stays, and SQLite refuses the query as it refuses
        PocketBase's.
        """
        sent = equal(self._resolver.resolve(name + ":isset"), _TRUE)
        stored = self._resolver.resolve(name.removeprefix(BODY))
        differs = equal(self._resolver.resolve(name), stored, negated=True)
        placeholder = f"@changed@{name.removeprefix(BODY)}"
        meaning = f"({sent} AND {differs})"
        return Operand(placeholder, fallback="never", placeholder=placeholder, meaning=meaning)

    def _call(self, node: Call) -> Operand:
        """A function's value (§7.4)."""
        operands = [self._operand(argument) for argument in node.arguments]
        if node.name == "geoDistance":
            return geo_distance(operands)
        time = node.arguments[1] if len(node.arguments) > 1 else None
        if isinstance(time, Text) and time.value.lower() == "now":
            name = operands[1].parameters[0].name
            self._query.parameters[name] = Origin("clock", time.value)
        return strftime(operands)

    # Comparisons

    def conditions(self, comparison: Comparison) -> tuple[Condition, ...]:
        """One comparison, with the all-match rule where a side has several values (§7.8)."""
        left = self._operand(comparison.left)
        right = self._operand(comparison.right)
        sign = comparison.sign.removeprefix("?")
        asks_all = not comparison.any_match and bool(left.many or right.many)
        if sign.endswith("~"):
            self._bind_pattern(right, asks_all=asks_all)
        rows = (*left.rows, *right.rows)
        equality = self._equality(comparison, left, right)
        some = Condition(compare(left, sign, right), rows, rows, equality=equality)
        parts = [some]
        if asks_all:
            parts.append(self._every(comparison, left, right))
        return tuple(_complete(part, (left, right)) for part in parts)

    def _every(self, comparison: Comparison, left: Operand, right: Operand) -> Condition:
        rows: list[str] = []
        inner: list[Join] = []
        for side in (left, right):
            if side.many:
                inner.extend(side.many.joins)
            else:
                rows.extend(side.rows)
        return Condition(
            every(left, comparison.sign, right, self._query.collection),
            rows=tuple(rows),
            reads=(*left.rows, *right.rows),
            inner=tuple(inner),
            equality=self._equality(comparison, left, right),
        )

    def _equality(self, comparison: Comparison, left: Operand, right: Operand) -> Equality | None:
        """What an equality looks up in ``@collection``; ``None`` where no index can tell."""
        sign = comparison.sign.removeprefix("?")
        if sign not in {"=", "!="} or "never" in {left.fallback, right.fallback}:
            return None
        pairs = ((left, right, comparison.right), (right, left, comparison.left))
        for side, other, node in pairs:
            key = side.key
            if key is None or is_empty(other):
                continue
            if sign == "!=" and other.sql in _TRUTHS:
                continue
            has_index = key.is_id or indexable(key.field)
            other_joins = self._query.closure(other.rows)
            other_is_known = all(join.kind != "all" for join in other_joins)
            if has_index and other_is_known:
                literal = isinstance(node, Text | Number)
                return Equality(key, other.sql, other.rows, literal, negated=sign == "!=")
        return None

    def _bind_pattern(self, right: Operand, *, asks_all: bool) -> None:
        """Bind what is on the right of ``~`` as patterns, every value by itself.

        The subquery of all values sets its own values back, so that there they are no patterns.
        """
        restored = right.many.parameters if right.many and asks_all else ()
        self._query.patterns.update(
            parameter.name for parameter in right.parameters if parameter not in restored
        )
        if not right.parameters and not right.placeholder:
            too_long = f"octet_length({right.sql}) > {MAX_PATTERN - len('%%')}"
            self.read_patterns.append(Condition(too_long, right.rows, right.rows))


def _by_what_is_indexed(condition: Condition, collections: Collections) -> Condition:
    """The condition without its equality where the stored data has no index for it."""
    key = condition.equality.key if condition.equality else None
    if key is None or key.is_id or collections.has_index(key.collection.id, key.field):
        return condition
    return _without_index(condition)


def _without_index(condition: Condition) -> Condition:
    return replace(condition, equality=None)


def _complete(part: Condition, sides: tuple[Operand, Operand]) -> Condition:
    """The condition with each placeholder's meaning in its place."""
    sql = part.sql
    for side in sides:
        if side.placeholder:
            sql = sql.replace(side.placeholder, side.meaning)
    return replace(part, sql=sql)
