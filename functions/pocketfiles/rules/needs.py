"""Which records a goal needs: those that relations name, those of ``@collection`` that matter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.rules.goals import Goal, conditions_of, differs_only, looked_up
from pocketfiles.rules.joins import INNER, Join
from pocketfiles.rules.plan import Condition, Equality, Plan
from pocketfiles.rules.query import closure

_RELATED = frozenset({"single", "linked", "sent", "back"})
"""Joins whose records a relation leads to."""

_WITHOUT_HOP = frozenset({"item", "all"})
"""Joins whose rows need no hop: list items are in a record that is read already, and the records of
``@collection`` are read by lookups of their own."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Records of ``collection`` to read.

    ``sql`` gives their ids as texts or, with ``field``, the values of which that field has one.
    Without ``sql``, one record more than those that are known is read. ``hop``: how many lookups
    come before; the record itself is hop 0. ``may_be_empty``: an empty value finds no record;
    otherwise it needs all of them.
    """

    collection: Collection
    field: Field | None
    hop: int
    sql: str
    may_be_empty: bool = True


class Needs:
    """The lookups of one goal."""

    def __init__(self, plan: Plan, goal: Goal) -> None:
        self.conditions = list(conditions_of(goal))
        self._plan = plan
        self._goal = goal
        rows = (row for condition in self.conditions for row in condition.reads)
        self._reads = closure(plan.joins, rows)

    def related(self, hops: Mapping[str, int]) -> list[Lookup]:
        """What relations lead to, forwards and backwards. ``hops`` has those after which the rows
        of ``@collection`` are known."""
        own = self._plan.base.name
        found = list(self._related(self._reads, hops, own))
        for way in self._plan.ways:
            found += self._related(way, {}, INNER + own)
        return found

    def _related(
        self, joins: Sequence[Join], hops: Mapping[str, int], own: str
    ) -> Iterator[Lookup]:
        for join in joins:
            if join.collection is None or join.kind not in _RELATED:
                continue
            path = closure(joins, [join.name])
            hop = sum(_hops_of(step, hops) for step in path)
            field = join.field if join.kind == "back" else None
            sql = join.target
            if join.kind != "sent":
                value = f"DISTINCT CAST({join.target} AS TEXT)"
                before = closure(joins, [join.parent])
                sql = self._plan.select([value], before, f"{join.target} <> ''", own)
            yield Lookup(join.collection, field, hop, sql)

    def collections(self) -> Iterator[tuple[Join, Collection]]:
        """The joins of ``@collection``, by their names in the query itself."""
        names = {join.name for join in self._reads}
        for condition in self.conditions:
            names |= {join.name.removeprefix(INNER) for join in condition.inner}
        used = [join for join in self._plan.joins if join.name in names]
        for join in chain(used, *self._plan.ways):
            if join.kind == "all" and join.collection is not None:
                yield join, join.collection

    def selected(self, join: Join, collection: Collection) -> list[Lookup] | None:
        """Lookups for the records of ``@collection`` that matter; ``None`` when all of them do."""
        asked = self._asked_of_all(join)
        deciding = self._deciding(join)
        if asked is None or deciding is None:
            return None
        equalities = dict.fromkeys([*asked, *deciding])
        lookups = [self._lookup(each) for each in equalities]
        if self._needs_another_record(join, asked):
            last_hop = max((lookup.hop for lookup in lookups), default=0)
            lookups.append(Lookup(collection, None, last_hop + 1, ""))
        return lookups

    def _asked_of_all(self, join: Join) -> list[Equality] | None:
        """The equalities that all rows of the join must meet; ``None`` where something else is
        asked of all of them."""
        equalities: list[Equality] = []
        for condition in self.conditions:
            if not _asks_all_of(condition, join):
                continue
            equality = condition.equality
            if equality is None or equality.key.row != join.name:
                return None
            equalities.append(equality)
        return equalities

    def _deciding(self, join: Join) -> Sequence[Equality] | None:
        """The equalities that tell which records can make the goal true; ``None`` where every
        record can."""
        different = differs_only(self._goal, join.name, self._plan)
        if different is not None:
            return [different]
        return looked_up(self._goal, join.name, self._plan)

    def _needs_another_record(self, join: Join, asked: Sequence[Equality]) -> bool:
        """Whether one more record matters, whichever it is: it differs from those looked up."""
        if any(not equality.negated for equality in asked):
            return True
        return differs_only(self._goal, join.name, self._plan) is not None

    def _lookup(self, equality: Equality) -> Lookup:
        key = equality.key
        path = closure(self._plan.joins, equality.rows)
        hop = 1 + sum(step.kind != "item" for step in path)
        sql = self._plan.select([f"DISTINCT {equality.value}"], path)
        field = None if key.is_id else key.field
        return Lookup(key.collection, field, hop, sql, may_be_empty=False)


def _hops_of(step: Join, hops: Mapping[str, int]) -> int:
    """How many hops a join adds to those before it; ``hops`` has those that are known."""
    if step.name in hops:
        return hops[step.name]
    return 0 if step.kind in _WITHOUT_HOP else 1


def _asks_all_of(condition: Condition, join: Join) -> bool:
    """Whether the condition asks that all values of the rows of ``@collection`` fit."""
    return any(inner.name == INNER + join.name for inner in condition.inner)
