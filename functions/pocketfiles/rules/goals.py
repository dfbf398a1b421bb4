"""What is left to decide of a rule, and which joined rows belong together (pocketbase.md §7.8).

A rule holds when some combination of joined rows makes it true. Two facts keep the combinations
few: of alternatives it is enough that one holds, and parts that share no joined row can be decided
one by one.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pocketfiles.rules.joins import column
from pocketfiles.rules.plan import Condition, Equality, Plan
from pocketfiles.rules.query import closure
from pocketfiles.rules.tree import And, Comparison, Expression

MAX_ALTERNATIVES = 64
"""An alternative within shared rows is spread into so many queries at the most."""


@dataclass(frozen=True, slots=True)
class All:
    """Parts that must all hold for the same joined rows."""

    parts: "tuple[Goal, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """Parts of which one must hold."""

    parts: "tuple[Goal, ...]"


Goal: TypeAlias = Condition | All | Some | bool
Known: TypeAlias = Callable[[Condition], bool | None]
"""Whether a condition holds, or ``None`` when that is not known yet."""


def goal_of(node: Expression, plan: Plan) -> Goal:
    """The whole rule as a goal."""
    if isinstance(node, Comparison):
        return every_of(plan.conditions[node.number])
    parts = [goal_of(part, plan) for part in node.parts]
    if isinstance(node, And):
        return every_of(parts)
    return one_of(parts)


def every_of(parts: Iterable[Goal]) -> Goal:
    """A goal that asks for all of the parts. False if one of them is false."""
    return _joined(parts, All, decides=False)


def one_of(parts: Iterable[Goal]) -> Goal:
    """A goal that asks for one of the parts. True if one of them is true."""
    return _joined(parts, Some, decides=True)


def _joined(parts: Iterable[Goal], kind: type[All] | type[Some], *, decides: bool) -> Goal:
    """A goal of the parts. One that ``decides`` stands for the whole, its opposite for nothing."""
    flat: list[Goal] = []
    for part in parts:
        if isinstance(part, bool):
            if part is decides:
                return decides
        elif isinstance(part, kind):
            flat.extend(part.parts)
        else:
            flat.append(part)
    if not flat:
        return not decides
    if len(flat) == 1:
        return flat[0]
    return kind(tuple(flat))


def reduced(goal: Goal, known: Known) -> Goal:
    """The goal without what is known."""
    if isinstance(goal, bool):
        return goal
    if isinstance(goal, Condition):
        outcome = known(goal)
        return goal if outcome is None else outcome
    parts = (reduced(part, known) for part in goal.parts)
    if isinstance(goal, All):
        return every_of(parts)
    return one_of(parts)


def of_read_records(goal: Goal, incomplete: Container[str], plan: Plan) -> Goal:
    """The goal, asked of records that were read alone. ``incomplete``: ids of the collections of
    which some were not; to SQLite, one of those is a missing record, whose values are NULL."""
    if isinstance(goal, bool):
        return goal
    if isinstance(goal, Condition):
        joins = closure(plan.joins, goal.rows)
        rows = [each.name for each in joins if each.collection and each.collection.id in incomplete]
        is_read = [f"{column(row, 'id')} IS NOT NULL" for row in rows]
        return replace(goal, sql=" AND ".join([f"({goal.sql})", *is_read]))
    parts = (of_read_records(part, incomplete, plan) for part in goal.parts)
    return every_of(parts) if isinstance(goal, All) else one_of(parts)


def conditions_of(goal: Goal) -> Iterator[Condition]:
    """The conditions of a goal."""
    if isinstance(goal, Condition):
        yield goal
    elif not isinstance(goal, bool):
        for part in goal.parts:
            yield from conditions_of(part)


def where(goal: Goal) -> str:
    """A goal as the condition of one query."""
    if isinstance(goal, bool):
        return "TRUE" if goal else "FALSE"
    if isinstance(goal, Condition):
        return f"({goal.sql})"
    join = " AND " if isinstance(goal, All) else " OR "
    return f"({join.join(map(where, goal.parts))})"


def apart(goal: All, plan: Plan) -> list[Goal]:
    """The parts of a goal that share no joined row and can be decided one by one."""
    return [every_of(group) for group in _sharing(goal.parts, plan)]


def alternatives(goal: All) -> list[Goal]:
    """The goals of which one must hold, spread out of the first alternative among the parts:
    ``a && (b || c)`` becomes ``a && b`` and ``a && c``.

    Empty where no part is an alternative, or where it has more than ``MAX_ALTERNATIVES``.
    """
    spread = next((part for part in goal.parts if isinstance(part, Some)), None)
    if spread is None or len(spread.parts) > MAX_ALTERNATIVES:
        return []
    others = [part for part in goal.parts if part is not spread]
    return [every_of([alternative, *others]) for alternative in spread.parts]


def _sharing(parts: Sequence[Goal], plan: Plan) -> list[list[Goal]]:
    """The parts in groups, so that parts of two groups share no joined row.

    A row of which a record has only one is not shared: it has no combinations.
    """
    groups: list[tuple[set[str], list[Goal]]] = []
    for part in parts:
        rows = set()
        for condition in conditions_of(part):
            rows |= several(condition.rows, plan)
        members: list[Goal] = [part]
        separate = []
        for group_rows, group in groups:
            if rows.isdisjoint(group_rows):
                separate.append((group_rows, group))
            else:
                rows |= group_rows
                members = group + members
        groups = [*separate, (rows, members)]
    return [members for _, members in groups]


def several(rows: Iterable[str], plan: Plan) -> set[str]:
    """The rows of which a record can have more than one, among these and those they depend on."""
    many: set[str] = set()
    joins = closure(plan.joins, rows)
    for join in joins:
        is_single = join.kind in {"auth", "single"}
        if not is_single or join.parent in many:
            many.add(join.name)
    return many


def looked_up(goal: Goal, row: str, plan: Plan) -> tuple[Equality, ...] | None:
    """Equalities of a row of ``@collection`` of which one must hold. Only the records that they
    name can make the goal true.

    Empty where the goal does not look at the row; ``None`` where every record counts.
    """
    if isinstance(goal, bool) or not _touching(goal, row, plan):
        return ()
    if isinstance(goal, Condition):
        equality = _equality_of(goal, row)
        if equality is None or equality.negated:
            return None
        return (equality,)
    found = [looked_up(part, row, plan) for part in goal.parts]
    if isinstance(goal, Some):
        return _together(found)
    narrowing = [equalities for equalities in found if equalities]
    return min(narrowing, key=_cost, default=None)


def _together(found: Iterable[tuple[Equality, ...] | None]) -> tuple[Equality, ...] | None:
    """The equalities of all alternatives; ``None`` where one of them needs every record."""
    together: list[Equality] = []
    for equalities in found:
        if equalities is None:
            return None
        together.extend(equalities)
    return tuple(together)


def differs_only(goal: Goal, row: str, plan: Plan) -> Equality | None:
    """The one comparison of a row of ``@collection``, if it asks for a different record."""
    touching = _touching(goal, row, plan)
    if len(touching) != 1:
        return None
    equality = _equality_of(touching[0], row)
    if equality is None or not equality.negated:
        return None
    return equality


def _touching(goal: Goal, row: str, plan: Plan) -> list[Condition]:
    """The conditions of a goal that look at a joined row, or at one that depends on it."""
    return [each for each in conditions_of(goal) if row in _names(each, plan)]


def _names(condition: Condition, plan: Plan) -> set[str]:
    return {join.name for join in closure(plan.joins, condition.rows)}


def _equality_of(condition: Condition, row: str) -> Equality | None:
    """The equality by which a condition compares a column of the row itself."""
    equality = condition.equality
    if equality is None or condition.is_every:
        return None
    if equality.key.row != row:
        return None
    return equality


def _cost(equalities: tuple[Equality, ...]) -> tuple[int, int]:
    """Orders ways to narrow a row. A value that the rule itself names usually fits more records
    than a value of the request or of a record."""
    literals = sum(equality.literal for equality in equalities)
    return literals, len(equalities)
