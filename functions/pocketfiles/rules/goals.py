"""What is left to decide of a rule, and which joined rows belong together (pocketbase.md §7.8).

A rule holds when some combination of joined rows makes it true. Two facts keep the combinations
few: of alternatives it is enough that one holds, and parts that share no joined row can be decided
one by one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

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
    return every_of(parts) if isinstance(node, And) else one_of(parts)


def every_of(parts: Iterable[Goal]) -> Goal:
    """All of the parts, flat; false as soon as one is."""
    flat: list[Goal] = []
    for part in parts:
        if part is False:
            return False
        if part is not True:
            flat.extend(part.parts if isinstance(part, All) else [part])
    return flat[0] if len(flat) == 1 else All(tuple(flat)) if flat else True


def one_of(parts: Iterable[Goal]) -> Goal:
    """One of the parts, flat; true as soon as one is."""
    flat: list[Goal] = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            flat.extend(part.parts if isinstance(part, Some) else [part])
    return flat[0] if len(flat) == 1 else Some(tuple(flat)) if flat else False


def reduced(goal: Goal, known: Known) -> Goal:
    """The goal without what is known."""
    if isinstance(goal, bool):
        return goal
    if isinstance(goal, Condition):
        outcome = known(goal)
        return goal if outcome is None else outcome
    parts = (reduced(part, known) for part in goal.parts)
    return every_of(parts) if isinstance(goal, All) else one_of(parts)


def conditions_of(goal: Goal) -> Iterator[Condition]:
    """The conditions of a goal."""
    if isinstance(goal, Condition):
        yield goal
    elif not isinstance(goal, bool):
        yield from chain.from_iterable(map(conditions_of, goal.parts))


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
    """A goal whose parts share rows, with an alternative among them outermost; none where there are
    too many or no alternative is in it."""
    inside = next((part for part in goal.parts if isinstance(part, Some)), None)
    if inside is None or len(inside.parts) > MAX_ALTERNATIVES:
        return []
    others = [part for part in goal.parts if part is not inside]
    return [every_of([part, *others]) for part in inside.parts]


def _sharing(parts: Sequence[Goal], plan: Plan) -> list[list[Goal]]:
    """The parts in groups that share no joined row. A row that is the only one joins nothing."""
    groups: list[tuple[set[str], list[Goal]]] = []
    for part in parts:
        rows = {row for condition in conditions_of(part) for row in several(condition.rows, plan)}
        members: list[Goal] = [part]
        apart = []
        for others, group in groups:
            if rows.isdisjoint(others):
                apart.append((others, group))
            else:
                rows |= others
                members = group + members
        groups = [*apart, (rows, members)]
    return [members for _, members in groups]


def several(rows: Iterable[str], plan: Plan) -> set[str]:
    """Those of the rows, and of the rows they hang on, of which a record can have more than one."""
    many: set[str] = set()
    joins = closure(plan.joins, rows)
    for join in joins:
        if join.kind not in {"auth", "single"} or join.parent in many:
            many.add(join.name)
    return many


def looked_up(goal: Goal, row: str, plan: Plan) -> tuple[Equality, ...] | None:
    """Equalities of a row of ``@collection`` of which one must hold; all other records of it are
    without effect. ``None`` when every record counts."""
    touching = [each for each in conditions_of(goal) if row in _names(each, plan)]
    if not touching or isinstance(goal, bool):
        return ()
    if isinstance(goal, Condition):
        fits = _compares(goal, row)
        return (fits,) if fits and not fits.negated else None
    found = [looked_up(part, row, plan) for part in goal.parts]
    if isinstance(goal, Some):
        complete = [each for each in found if each is not None]
        return tuple(chain.from_iterable(complete)) if len(complete) == len(found) else None
    covering = [each for each in found if each]
    return min(covering, key=_cost) if covering else None


def differs_only(goal: Goal, row: str, plan: Plan) -> Equality | None:
    """The one comparison of a row of ``@collection``, if it asks for a different record."""
    touching = [each for each in conditions_of(goal) if row in _names(each, plan)]
    found = _compares(touching[0], row) if len(touching) == 1 else None
    return found if found and found.negated else None


def _names(condition: Condition, plan: Plan) -> set[str]:
    return {join.name for join in closure(plan.joins, condition.rows)}


def _compares(condition: Condition, row: str) -> Equality | None:
    equality = condition.equality
    return equality if equality and not condition.is_every and equality.key.row == row else None


def _cost(equalities: tuple[Equality, ...]) -> tuple[int, int]:
    """What the rule itself names fits more records than what a request or a record does."""
    return sum(equality.literal for equality in equalities), len(equalities)
