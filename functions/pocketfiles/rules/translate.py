"""A rule to a plan that SQLite can run (pocketbase.md §7)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules.conditions import Conditions
from pocketfiles.rules.joins import Join, column, source
from pocketfiles.rules.operands import Operands
from pocketfiles.rules.plan import Condition, Plan
from pocketfiles.rules.query import RECORD, Query
from pocketfiles.rules.resolve import Resolver
from pocketfiles.rules.schema import table
from pocketfiles.rules.tree import And, Comparison, Expression, Rule

FIRST_ROW = " LIMIT 1"
"""How PocketBase's query ends: it stops at the first row that fits."""

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
    translated = Conditions(query, Operands(rule.text, query, resolver, sql_shapes))
    parts = [translated.of(comparison) for comparison in rule.comparisons]
    if query.replaced:
        conditions = tuple(tuple(map(_without_index, each)) for each in parts)
    else:
        conditions = tuple(_by_what_is_indexed(each, collections) for each in parts)
    if query.replaced or query.has_names_alike:
        query.note_everything()
    for each in query.collections.values():
        if each.is_broken:
            raise RuleError(f"the view {each.name} cannot be read")
    joins = tuple(query.joins.values())
    _refuse_incomplete(collection, joins, conditions)
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
        read_patterns=tuple(translated.read_patterns),
        query=_query(rule, collection, joins, conditions),
        ways=_ways(conditions) if query.replaced else (),
    )


def _refuse_incomplete(
    base: Collection, joins: Iterable[Join], conditions: Iterable[tuple[Condition, ...]]
) -> None:
    """Raise ``RuleError`` for a rule that could be true only because rows are not in the table. Of
    the record's own collection, that is a rule that asks for all rows with its id."""
    looked_at = [join.collection for join in joins if join.collection is not None]
    if any(condition.is_every for parts in conditions for condition in parts):
        looked_at.append(base)
    for each in looked_at:
        if each.is_incomplete:
            raise RuleError(f"rows of {each.name} are not in the table")


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
    found = []
    for parts in conditions:
        for condition in parts:
            if condition.inner:
                found.append(condition.inner)
    return tuple(found)


def _by_what_is_indexed(
    parts: Iterable[Condition], collections: Collections
) -> tuple[Condition, ...]:
    """The conditions without the equalities for which the stored data has no index."""
    found = []
    for condition in parts:
        key = condition.equality.key if condition.equality else None
        has_index = key is None or key.is_id or collections.has_index(key.collection.id, key.field)
        found.append(condition if has_index else _without_index(condition))
    return tuple(found)


def _without_index(condition: Condition) -> Condition:
    return replace(condition, equality=None)
