"""View rules as the rest of the project calls them (pocketbase.md §3.3, §7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pocketfiles.catalogue.model import Collection, Collections, Reader, Record
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import Database, opened
from pocketfiles.rules.decide import Decider
from pocketfiles.rules.goals import Goal, conditions_of, goal_of, of_read_records
from pocketfiles.rules.like import MAX_PATTERN, pattern
from pocketfiles.rules.loader import Loader
from pocketfiles.rules.macros import MACROS, stamp
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Condition
from pocketfiles.rules.plans import PLANS
from pocketfiles.rules.query import Origin
from pocketfiles.rules.request import RequestValue, RuleRequest, request_values
from pocketfiles.rules.translate import FIRST_ROW, translate
from pocketfiles.rules.tree import Outcome
from pocketfiles.rules.values import Bound

__all__ = ["Evaluation", "Explanation", "RuleRequest", "Step", "Work", "check", "whole_query"]


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of a rule: its text, and its best outcome for any joined row (true before
    false before NULL). ``evaluated`` is false where the decision was made without it."""

    text: str
    outcome: Outcome
    evaluated: bool = True


@dataclass(frozen=True, slots=True)
class Work:
    """What a decision cost, in the units of ``RuleLimits``."""

    rows: int
    bytes: int
    steps: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule decides, why, and at what cost."""

    allowed: bool
    steps: tuple[Step, ...]
    work: Work


def check(rule: str, collection: Collection, collections: Collections) -> None:
    """Raise ``RuleError`` where PocketBase would refuse to save the rule: no rule at all, or a
    field, collection, function or modifier that means nothing. The request is empty then."""
    parsed = parse(rule)
    empty_request = RuleRequest(method="", context="")
    values = request_values(parsed.requests, empty_request, collection)
    translate(parsed, collection, collections, None, _shapes(values))


def whole_query(asked: "Evaluation") -> tuple[str, Mapping[str, Bound]]:
    """PocketBase's own query for a decision, with its bound values. Raises ``RuleError``."""
    run = _Run(asked)
    return run.plan.query, run.parameters


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One rule, asked about one record of ``collection`` by one request at the moment ``now``.

    The empty rule is the caller's to know. ``reader`` is asked for no more than the rule touches,
    and only when the record, the request and the token's owner do not decide already.
    """

    rule: str
    collection: Collection
    record: Record
    request: RuleRequest
    collections: Collections
    reader: Reader
    now: datetime
    limits: RuleLimits

    def allows(self) -> bool:
        """Whether the record is seen. Raises ``RuleError`` when the rule cannot be evaluated within
        its limits; the caller denies then."""
        run = _Run(self)
        with opened(run.parameters, self.limits) as database:
            return run.allows(run.loader(database), database)

    def explain(self) -> Explanation:
        """The same decision, with the outcome of each comparison in the order written."""
        run = _Run(self)
        with opened(run.parameters, self.limits) as database:
            loader = run.loader(database)
            allowed = run.allows(loader, database)
            work = Work(loader.rows, loader.bytes, database.steps)
            steps = run.steps(loader, database)
        return Explanation(allowed, steps, work)


class _Run:
    """An evaluation with its plan and its bound values."""

    def __init__(self, asked: Evaluation) -> None:
        rule = parse(asked.rule)
        values = request_values(rule.requests, asked.request, asked.collection)
        self.asked = asked
        self.plan = PLANS.plan(
            rule=rule,
            collection=asked.collection,
            collections=asked.collections,
            auth_collection=asked.request.auth_collection,
            sql_shapes=_shapes(values),
        )
        self.parameters = self._bound(values)

    def loader(self, database: Database) -> Loader:
        """The tables with what is known already: the record and the token's owner."""
        asked = self.asked
        loader = Loader(self.plan, database, asked.reader, asked.limits)
        loader.add(asked.collection, asked.record)
        owner = asked.request.auth
        owners = asked.request.auth_collection
        if owner is not None and owners is not None:
            loader.add(owners, owner)
        return loader

    def allows(self, loader: Loader, database: Database) -> bool:
        """The decision, at the price of as few lookups as can be."""
        decider = Decider(self.plan, database)
        whole = goal_of(self.plan.rule.root, self.plan)
        known, others = self._read_patterns()
        if self._may_fail() or any(map(decider.holds, known)):
            return self._as_pocketbase(whole, loader, database)
        goal = decider.without_known(whole)
        if goal is False:
            return False
        if others:
            loader.load(whole, whole=True)
            if any(map(decider.holds, others)):
                return self._as_pocketbase(whole, loader, database)
        if goal is True or decider.holds_anyhow(goal):
            return True
        loader.load(goal, whole=False)
        asks_for_all = any(each.is_every for each in conditions_of(goal))
        if asks_for_all:  # a record that was not read could make it false
            self._refuse_incomplete(loader)
        certain = of_read_records(goal, loader.incomplete, self.plan)
        if decider.holds(decider.without_single(certain)):
            return True
        self._refuse_incomplete(loader)  # a record that was not read could make it true
        return False

    def steps(self, loader: Loader, database: Database) -> tuple[Step, ...]:
        """The outcome of each comparison; where more records than allowed would be needed, of those
        alone that need none."""
        decider = Decider(self.plan, database)
        try:
            loader.load(goal_of(self.plan.rule.root, self.plan), whole=True)
            self._refuse_incomplete(loader)
            loaded = True
        except RuleError:
            loaded = False
        return tuple(
            self._step(number, decider, loaded=loaded)
            for number in range(len(self.plan.conditions))
        )

    def _step(self, number: int, decider: Decider, *, loaded: bool) -> Step:
        rule = self.plan.rule
        comparison = rule.comparisons[number]
        text = rule.text[comparison.start : comparison.end]
        conditions = self.plan.conditions[number]
        can_be_evaluated = loaded or all(map(self.plan.is_known, conditions))
        if not can_be_evaluated:
            return Step(text, None, evaluated=False)
        try:
            outcome = decider.outcome(conditions)
        except RuleError:  # names that are mixed up mean something in the whole query alone
            return Step(text, None, evaluated=False)
        return Step(text, outcome)

    def _refuse_incomplete(self, loader: Loader) -> None:
        """Raise ``RuleError`` if not all records that fit were read."""
        for collection_id in loader.incomplete:
            name = self.plan.tables[collection_id].collection.name
            limit = self.asked.limits.max_rows
            raise RuleError(f"more than {limit} records of {name} to look at")

    def _as_pocketbase(self, whole: Goal, loader: Loader, database: Database) -> bool:
        """PocketBase's own query, run to its end: where SQLite fails on any row, the rule denies.

        PocketBase stops at the first row that fits, which may come before the one that fails. That
        depends on the order in which its rows were inserted, which nothing here knows.
        """
        loader.load(whole, whole=True)
        self._refuse_incomplete(loader)
        every_row = self.plan.query.removesuffix(FIRST_ROW)
        rows = list(database.rows(every_row))
        return bool(rows)

    def _may_fail(self) -> bool:
        """Whether SQLite may fail on what a record or the request holds."""
        if self.plan.may_fail:
            return True
        patterns = (str(self.parameters[name]) for name in self.plan.patterns)
        return any(len(pattern.encode()) > MAX_PATTERN for pattern in patterns)

    def _read_patterns(self) -> tuple[list[Condition], list[Condition]]:
        """The conditions that ask whether a pattern is too long: those that need no lookup, and the
        others."""
        known: list[Condition] = []
        others: list[Condition] = []
        for condition in self.plan.read_patterns:
            if self.plan.is_known(condition):
                known.append(condition)
            else:
                others.append(condition)
        return known, others

    def _bound(self, values: Mapping[str, RequestValue]) -> dict[str, Bound]:
        now = self.asked.now.astimezone(UTC)
        auth = self.asked.request.auth
        bound: dict[str, Bound] = {
            "record": self.asked.record.id,
            "auth": auth.id if auth else None,
            "now": stamp(now),
        }
        for name, origin in self.plan.parameters.items():
            is_pattern = name in self.plan.patterns
            value = _value(origin, values, now, is_pattern=is_pattern)
            bound[name] = pattern(value) if is_pattern else value
        return bound


def _value(
    origin: Origin, values: Mapping[str, RequestValue], now: datetime, *, is_pattern: bool
) -> Bound:
    if origin.kind == "request":
        return values[str(origin.value)].value
    if origin.kind == "macro":
        return MACROS[str(origin.value)](now)
    if origin.kind == "clock" and not is_pattern:
        return stamp(now)
    return origin.value


def _shapes(values: Mapping[str, RequestValue]) -> dict[str, str]:
    return {name: value.sql_shape for name, value in values.items()}
