"""Whether a goal holds, asked of SQLite in as small queries as can be."""

from collections.abc import Iterable, Sequence

from pocketfiles.rules.database import Database
from pocketfiles.rules.goals import (
    All,
    Goal,
    Some,
    alternatives,
    apart,
    conditions_of,
    reduced,
    several,
    where,
)
from pocketfiles.rules.plan import Condition, Plan
from pocketfiles.rules.tree import Outcome

MAX_QUERIES = 256
"""After so many, what is left of a goal is one query."""


class Decider:
    """Decides goals of one plan over the records that are loaded."""

    def __init__(self, plan: Plan, database: Database) -> None:
        self._plan = plan
        self._database = database
        self._queries = 0

    def without_known(self, goal: Goal) -> Goal:
        """The goal without the conditions that depend on the record, the token's owner and the
        request alone, and have one outcome."""
        known = (each for each in conditions_of(goal) if self._plan.is_known(each))
        return self._without(goal, known)

    def without_single(self, goal: Goal) -> Goal:
        """The goal without the conditions that look at no more than one combination of rows."""
        return self._without(goal, conditions_of(goal))

    def _without(self, goal: Goal, conditions: Iterable[Condition]) -> Goal:
        single = [each for each in conditions if not several(each.rows, self._plan)]
        if not single:
            return goal
        columns = [each.sql for each in single]
        query = self._plan.select(columns, self._plan.joined(single))
        values = next(self._database.rows(query))
        outcomes: dict[int, bool] = {}
        for condition, value in zip(single, values, strict=True):
            outcomes[id(condition)] = bool(value)  # NULL does not hold either

        def outcome(condition: Condition) -> bool | None:
            return outcomes.get(id(condition))

        return reduced(goal, outcome)

    def holds_anyhow(self, goal: Goal) -> bool:
        """Whether a goal holds even if no record that must be looked up fits."""

        def at_worst(condition: Condition) -> bool | None:
            return None if self._plan.is_known(condition) else False

        return self.holds(reduced(goal, at_worst))

    def holds(self, goal: Goal) -> bool:
        """Whether some combination of joined rows makes the goal true."""
        if isinstance(goal, bool):
            return goal
        if isinstance(goal, Some):
            return any(map(self.holds, goal.parts))
        if isinstance(goal, All) and self._queries < MAX_QUERIES:
            parts = apart(goal, self._plan)
            if len(parts) > 1:
                return all(map(self.holds, parts))
            if found := alternatives(goal):
                return any(map(self.holds, found))
        self._queries += 1
        joins = self._plan.joined(conditions_of(goal))
        query = self._plan.select(["1"], joins, f"{where(goal)} LIMIT 1")
        return self._database.has_row(query)

    def outcome(self, conditions: Sequence[Condition]) -> Outcome:
        """The best outcome of a comparison for any combination of joined rows."""
        joins = self._plan.joined(conditions)
        terms = [f"({each.sql})" for each in conditions]
        best = f"max({' AND '.join(terms)})"
        rows = self._database.rows(self._plan.select([best], joins))
        value = next(rows)[0]
        return None if value is None else bool(value)
