"""Which records a goal needs: those that relations name, those of ``@collection`` that matter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.rules.goals import Goal, conditions_of, differs_only, looked_up
from pocketfiles.rules.joins import INNER, Join
from pocketfiles.rules.plan import Equality, Plan
from pocketfiles.rules.query import closure

_BY_ID = frozenset({"single", "linked", "sent"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """Records of ``collection``: those whose ids ``sql`` gives as texts, or those whose ``field``
    has one of the values; without ``sql``, one record more than those that are known. The record
    itself is hop 0. ``may_be_empty`` tells that an empty value finds nothing."""

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
        found = list(self._related(self._reads, hops, self._plan.base.name))
        for way in self._plan.ways:
            found += self._related(way, {}, INNER + self._plan.base.name)
        return found

    def _related(
        self, joins: Sequence[Join], hops: Mapping[str, int], own: str
    ) -> Iterator[Lookup]:
        for join in joins:
            if join.collection is None or join.kind not in {*_BY_ID, "back"}:
                continue
            path = closure(joins, [join.name])
            hop = sum(hops.get(step.name, step.kind not in {"item", "all"}) for step in path)
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
        inner = chain.from_iterable(condition.inner for condition in self.conditions)
        names |= {join.name.removeprefix(INNER) for join in inner}
        joins = (join for join in self._plan.joins if join.name in names)
        for join in chain(joins, chain.from_iterable(self._plan.ways)):
            if join.kind == "all" and join.collection is not None:
                yield join, join.collection

    def selected(self, join: Join, collection: Collection) -> list[Lookup] | None:
        """Lookups for the records of ``@collection`` that matter; ``None`` when all of them do."""
        equalities: list[Equality] = []
        probing = False
        for condition in self.conditions:
            if any(inner.name == INNER + join.name for inner in condition.inner):
                if condition.equality is None or condition.equality.key.row != join.name:
                    return None
                equalities.append(condition.equality)
                probing = probing or not condition.equality.negated
        different = differs_only(self._goal, join.name, self._plan)
        if different is not None:
            equalities.append(different)
            probing = True
        else:
            covering = looked_up(self._goal, join.name, self._plan)
            if covering is None:
                return None
            equalities += covering
        lookups = [self._lookup(each) for each in dict.fromkeys(equalities)]
        if probing:
            hop = max((lookup.hop for lookup in lookups), default=0) + 1
            lookups.append(Lookup(collection, None, hop, ""))
        return lookups

    def _lookup(self, equality: Equality) -> Lookup:
        key = equality.key
        path = closure(self._plan.joins, equality.rows)
        hop = 1 + sum(step.kind != "item" for step in path)
        sql = self._plan.select([f"DISTINCT {equality.value}"], path)
        field = None if key.is_id else key.field
        return Lookup(key.collection, field, hop, sql, may_be_empty=False)
