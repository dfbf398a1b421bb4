"""Whether the view rule shows a record: the one place where a protected file is opened
(pocketbase.md §3.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.errors import Denied, RuleError
from pocketfiles.http.messages import Request
from pocketfiles.tokens import Identity

if TYPE_CHECKING:
    from pocketfiles.rules.evaluate import Evaluation, Explanation


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who asks to see which record of a snapshot, by which request; ``identity`` is ``None`` for a
    guest.

    ``now`` in seconds since the epoch.
    """

    snapshot: Snapshot
    collection: Collection
    record: Record
    identity: Identity | None
    request: Request
    now: float


@dataclass(frozen=True)
class Access:
    """Decides by the view rule. ``max_rows`` limits the records that one rule may read."""

    max_rows: int

    def check(self, asked: AccessRequest) -> None:
        """Raise ``Denied`` unless a superuser asks, the rule is empty, or the rule is true."""
        if asked.identity is not None and asked.identity.is_superuser:
            return
        rule = asked.collection.view_rule
        if rule is None:
            raise Denied("the view rule is locked")
        if rule and not self._allows(rule, asked):
            raise Denied("the view rule says no")

    def explain(self, asked: AccessRequest) -> "Explanation":
        """The outcome of the view rule, with the outcome of each comparison.

        Raises ``RuleError``, or ``Denied`` for a request with an unreadable body.
        """
        return self._evaluation(asked.collection.view_rule or "", asked).explain()

    def _allows(self, rule: str, asked: AccessRequest) -> bool:
        evaluation = self._evaluation(rule, asked)
        try:
            return evaluation.allows()
        except RuleError as error:
            name = asked.collection.name
            reason = f"the view rule of {name} cannot be evaluated: {error.reason}"
            raise Denied(reason) from error

    def _evaluation(self, rule: str, asked: AccessRequest) -> "Evaluation":
        # Loads SQLite and the rule engine, which only requests with such a rule need.
        from pocketfiles.rules.evaluate import Evaluation, RuleRequest  # noqa: PLC0415

        identity = asked.identity
        rule_request = RuleRequest(
            method=asked.request.method,
            query=asked.request.query,
            headers=asked.request.headers,
            body=_body(asked.request),
            auth=identity.record if identity else None,
            auth_collection=identity.collection if identity else None,
        )
        return Evaluation(
            rule=rule,
            collection=asked.collection,
            record=asked.record,
            request=rule_request,
            collections=asked.snapshot.collections,
            reader=asked.snapshot.reader,
            now=datetime.fromtimestamp(asked.now, UTC),
            max_rows=self.max_rows,
        )


def _body(request: Request) -> Mapping[str, Any]:
    """The request's body as a rule sees it (pocketbase.md §3.4).

    Raises ``Denied`` for a body that cannot be parsed.
    """
    if not request.body:
        return {}
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == "application/json":
            parsed = json.loads(request.body)
            if isinstance(parsed, dict):
                return parsed
        if content_type == "application/x-www-form-urlencoded":
            text = request.body.decode()
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
            return dict(reversed(pairs))  # the first value of each name wins
    except (ValueError, RecursionError):
        pass
    raise Denied("the request has a body that cannot be read")
