"""Translated rules, kept for as long as the collections they were translated for."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import opened
from pocketfiles.rules.plan import Plan
from pocketfiles.rules.translate import translate
from pocketfiles.rules.tree import Rule

MAX_PLANS = 256
"""Plans kept for one state of the collections; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a rule was translated to, and the collections as they were then."""

    outcome: Plan | RuleError
    collection: Collection
    auth_collection: Collection | None

    def is_of(self, collection: Collection, auth_collection: Collection | None) -> bool:
        """Whether neither collection has changed since."""
        return (self.collection, self.auth_collection) == (collection, auth_collection)


class Plans:
    """Plans by rule, collection, the token owner's collection, and what is known of the request."""

    def __init__(self) -> None:
        self._plans: WeakKeyDictionary[Collections, dict[tuple[object, ...], _Kept]]
        self._plans = WeakKeyDictionary()
        self._lock = Lock()

    def count(self, collections: Collections) -> int:
        """How many plans are kept for these collections."""
        return len(self._plans.get(collections, ()))

    def plan(
        self,
        rule: Rule,
        collection: Collection,
        collections: Collections,
        auth_collection: Collection | None,
        sql_shapes: Mapping[str, str],
    ) -> Plan:
        """The rule's plan; raises ``RuleError`` where ``translate`` does or SQLite refuses the
        query."""
        auth_id = auth_collection.id if auth_collection else None
        key = (rule.text, collection.id, auth_id, *sql_shapes.values())
        with self._lock:
            plans = self._plans.setdefault(collections, {})
            kept = plans.get(key)
        if kept is None or not kept.is_of(collection, auth_collection):
            outcome = _outcome(rule, collection, collections, auth_collection, sql_shapes)
            kept = _Kept(outcome, collection, auth_collection)
            with self._lock:
                if len(plans) >= MAX_PLANS:
                    oldest = next(iter(plans))
                    del plans[oldest]
                plans[key] = kept
        if isinstance(kept.outcome, RuleError):
            raise RuleError(kept.outcome.reason)
        return kept.outcome


def _outcome(
    rule: Rule,
    collection: Collection,
    collections: Collections,
    auth_collection: Collection | None,
    sql_shapes: Mapping[str, str],
) -> Plan | RuleError:
    try:
        plan = translate(rule, collection, collections, auth_collection, sql_shapes)
        prepare(plan)
    except RuleError as error:
        return error
    return plan


def prepare(plan: Plan) -> None:
    """Let SQLite compile a plan's query, over tables without rows; ``RuleError`` when it refuses:
    then PocketBase's own query fails."""
    parameters = dict.fromkeys(("record", "auth", "now", *plan.parameters))
    with opened(parameters, RuleLimits()) as database:
        for table in plan.tables.values():
            database.create(table)
        database.prepare(plan.query)


PLANS = Plans()
"""The process's plans."""
