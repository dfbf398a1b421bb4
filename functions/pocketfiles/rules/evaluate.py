"""View rules as the rest of the project calls them (pocketbase.md §3.3, §7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pocketfiles.catalogue.model import Collection, Collections, Record
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import Database, opened, require
from pocketfiles.rules.like import pattern
from pocketfiles.rules.loader import Loader, Reader
from pocketfiles.rules.macros import MACROS, stamp
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plans import PLANS
from pocketfiles.rules.request import Bound, RequestValue, RuleRequest, request_values
from pocketfiles.rules.translate import translate
from pocketfiles.rules.tree import Outcome, verdict

__all__ = ["Evaluation", "Explanation", "RuleRequest", "Step", "check"]


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of a rule: its text, and the best any joined row made of it (true before false before
    NULL). ``evaluated`` is false when the decision fell without looking at it."""

    text: str
    outcome: Outcome
    evaluated: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule decides, and why."""

    allowed: bool
    steps: tuple[Step, ...]


def check(rule: str, collection: Collection, collections: Collections) -> None:
    """Raise ``RuleError`` where PocketBase would refuse to save the rule: no rule at all, or a field,
    collection, function or modifier that means nothing. What ``@request`` will hold is not known then."""
    translate(parse(rule), collection, collections, None, {})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One rule, asked about one record of ``collection`` by one request at the moment ``now``.

    The empty rule is the caller's to know. ``reader`` is asked for no more than the rule touches, and only
    when the record, the request and the token's owner do not decide already.
    """

    rule: str
    collection: Collection
    record: Record
    request: RuleRequest
    collections: Collections
    reader: Reader
    now: datetime
    max_rows: int = 1000

    def allows(self) -> bool:
        """Whether the record is seen. Raises ``RuleError`` when the rule cannot be evaluated within its
        bounds; the caller denies then."""
        return _Run(self).allows()

    def explain(self) -> Explanation:
        """The same decision, with the outcome of each comparison in the order written."""
        return _Run(self).explain()


class _Run:
    """An evaluation with its plan and its bound values."""

    def __init__(self, asked: Evaluation) -> None:
        rule = parse(asked.rule)
        values = request_values(rule.requests, asked.request, asked.collection)
        self.asked = asked
        self.plan = PLANS.plan(
            rule,
            asked.collection,
            asked.collections,
            asked.request.auth_collection,
            {name: value.sql_shape for name, value in values.items()},
        )
        require(self.plan.sqlite)
        self.parameters = self._bound(values, asked.now.astimezone(UTC))

    def _bound(self, values: Mapping[str, RequestValue], now: datetime) -> dict[str, Bound]:
        bound: dict[str, Bound] = {"record": self.asked.record.id, "now": stamp(now)}
        auth = self.asked.request.auth
        bound["auth"] = auth.id if auth else None
        for name, origin in self.plan.parameters.items():
            value: Bound
            if origin.kind == "request":
                value = values[str(origin.value)].value
            elif origin.kind == "macro":
                value = MACROS[str(origin.value)](now)
            else:
                value = origin.value
            bound[name] = pattern(value) if name in self.plan.patterns else value
        return bound

    def allows(self) -> bool:
        """The decision, at the price of as few lookups as can be."""
        with opened(self.parameters) as database:
            loader = self._loader(database)
            decided = self._decided(self._first(database))
            if decided is None:
                loader.load()
                decided = any(map(self._holds, self._rows(database)))
            return decided

    def explain(self) -> Explanation:
        """The decision, after a look at every comparison that can be looked at."""
        with opened(self.parameters) as database:
            loader = self._loader(database)
            first = self._first(database)
            decided = self._decided(first)
            try:
                loader.load()
                rows = list(self._rows(database))
            except RuleError:
                if decided is None:
                    raise
                return Explanation(decided, self._steps([first]))
            return Explanation(any(map(self._holds, rows)), self._steps(rows))

    def _loader(self, database: Database) -> Loader:
        loader = Loader(self.plan, database, self.asked.reader, self.asked.max_rows)
        loader.add(self.asked.collection, self.asked.record)
        request = self.asked.request
        if request.auth is not None and request.auth_collection is not None:
            loader.add(request.auth_collection, request.auth)
        return loader

    def _first(self, database: Database) -> "_Outcomes":
        """The outcomes of the comparisons that need no lookup, by number."""
        if not self.plan.first:
            return {}
        row = next(database.rows(self.plan.first_query))
        return dict(zip(self.plan.first, map(_outcome, row), strict=True))

    def _rows(self, database: Database) -> "Iterator[_Outcomes]":
        """The outcomes of all comparisons, for every joined row."""
        for row in database.rows(self.plan.query):
            yield dict(enumerate(map(_outcome, row)))

    def _decided(self, first: "_Outcomes") -> Outcome:
        """What the first comparisons decide whatever the others say; ``None`` when that depends.

        Rules know no negation: one that is not true with all others true never is, and one that is true with
        all others false always is.
        """
        if not self._holds(first, others=True):
            return False
        return True if self._holds(first, others=False) else None

    def _holds(self, outcomes: "_Outcomes", *, others: Outcome = None) -> bool:
        rule = self.plan.rule
        known = [outcomes.get(comparison.number, others) for comparison in rule.comparisons]
        return verdict(rule.root, known) is True

    def _steps(self, rows: "Sequence[_Outcomes]") -> tuple[Step, ...]:
        steps = []
        for comparison in self.plan.rule.comparisons:
            seen = [row[comparison.number] for row in rows if comparison.number in row]
            best = max(seen, key=_RANK.index, default=None)
            text = self.plan.rule.text[comparison.start : comparison.end]
            steps.append(Step(text, best, evaluated=bool(seen)))
        return tuple(steps)


_Outcomes: TypeAlias = Mapping[int, Outcome]
_RANK: tuple[Outcome, ...] = (None, False, True)


def _outcome(value: int | None) -> Outcome:
    return None if value is None else bool(value)
