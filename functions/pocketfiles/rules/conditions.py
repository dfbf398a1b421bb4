"""Comparisons as conditions in SQL (pocketbase.md §7.8 to §7.11)."""

from dataclasses import replace

from pocketfiles.rules.compare import compare, every, is_empty
from pocketfiles.rules.joins import Join
from pocketfiles.rules.like import MAX_PATTERN
from pocketfiles.rules.lookups import indexable
from pocketfiles.rules.operands import Operands
from pocketfiles.rules.plan import Condition, Equality
from pocketfiles.rules.query import Key, Operand, Query
from pocketfiles.rules.tree import Comparison, Number, Text

_TRUTHS = frozenset({"TRUE", "FALSE"})
"""``IS NOT`` one of these asks whether a value is true or false, as every number is, not whether it
equals 1 or 0."""


class Conditions:
    """Turns the comparisons of one rule into conditions.

    ``read_patterns``: conditions that ask whether a pattern that is read from records is too long.
    """

    def __init__(self, query: Query, operands: Operands) -> None:
        self.read_patterns: list[Condition] = []
        self._query = query
        self._operands = operands

    def of(self, comparison: Comparison) -> tuple[Condition, ...]:
        """One comparison, with the all-match rule where a side has several values (§7.8)."""
        left = self._operands.operand(comparison.left)
        right = self._operands.operand(comparison.right)
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
        negated = sign == "!="
        pairs = ((left, right, comparison.right), (right, left, comparison.left))
        for side, other, node in pairs:
            key = side.key
            if key is None or not self._tells_by_index(key, other, negated=negated):
                continue
            literal = isinstance(node, Text | Number)
            return Equality(key, other.sql, other.rows, literal, negated)
        return None

    def _tells_by_index(self, key: Key, other: Operand, *, negated: bool) -> bool:
        """Whether an index of the key tells which records equal the other side."""
        if is_empty(other):
            return False
        if negated and other.sql in _TRUTHS:
            return False
        if not key.is_id and not indexable(key.field):
            return False
        joins = self._query.closure(other.rows)
        return all(join.kind != "all" for join in joins)

    def _bind_pattern(self, right: Operand, *, asks_all: bool) -> None:
        """Bind what is on the right of ``~`` as patterns, every value by itself.

        The subquery of all values sets its own values back, so that there they are no patterns.
        """
        restored = right.many.parameters if right.many and asks_all else ()
        for parameter in right.parameters:
            if parameter not in restored:
                self._query.patterns.add(parameter.name)
        if not right.parameters and not right.placeholder:
            too_long = f"octet_length({right.sql}) > {MAX_PATTERN - len('%%')}"
            self.read_patterns.append(Condition(too_long, right.rows, right.rows))


def _complete(part: Condition, sides: tuple[Operand, Operand]) -> Condition:
    """The condition with each placeholder's meaning in its place."""
    sql = part.sql
    for side in sides:
        if side.placeholder:
            sql = sql.replace(side.placeholder, side.meaning)
    return replace(part, sql=sql)
