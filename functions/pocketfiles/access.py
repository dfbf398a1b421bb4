"""Whether the view rule shows a record: the one place where a protected file is opened
(pocketbase.md §3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.config import RuleLimits
from pocketfiles.errors import DecisionFailed, Denied, PocketFilesError, RuleError
from pocketfiles.http.messages import Request
from pocketfiles.identity import token_has_expired
from pocketfiles.tokens import Identity

if TYPE_CHECKING:
    from pocketfiles.rules.evaluate import Evaluation, Explanation


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who asks to see which record of a snapshot, by which request; ``identity`` is ``None`` for a
    guest.

    ``now`` in seconds since the epoch. ``bad_token``: why the request's token is not valid.
    """

    snapshot: Snapshot
    collection: Collection
    record: Record
    identity: Identity | None
    request: Request
    now: float
    bad_token: str = ""


@dataclass(frozen=True)
class Access:
    """Decides by the view rule, within the limits of one rule."""

    limits: RuleLimits

    def check(self, asked: AccessRequest) -> None:
        """Raise ``Denied`` unless a superuser asks, the rule is empty, or the rule is true.

        A request with an unreadable body is denied in any case, as PocketBase refuses it.
        """
        body = _body(asked.request)
        if asked.identity is not None and asked.identity.is_superuser:
            return
        rule = asked.collection.view_rule
        if rule is None:
            raise Denied(_reason(asked, "the view rule is locked"))
        if rule and not self._allows(rule, asked, body):
            raise Denied(_reason(asked, "the view rule says no"))

    def explain(self, asked: AccessRequest) -> "Explanation":
        """The outcome of the view rule, with the outcome of each comparison.

        Raises ``RuleError``, or ``Denied`` for a request with an unreadable body.
        """
        rule = asked.collection.view_rule or ""
        return self._evaluation(rule, asked, _body(asked.request)).explain()

    def _allows(self, rule: str, asked: AccessRequest, body: Mapping[str, Any]) -> bool:
        try:
            return self._evaluation(rule, asked, body).allows()
        except RuleError as error:
            name = asked.collection.name
            reason = f"the view rule of {name} cannot be evaluated: {error.reason}"
            raise Denied(reason) from error
        except PocketFilesError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise DecisionFailed(f"the rule engine failed with {kind}") from error

    def _evaluation(self, rule: str, asked: AccessRequest, body: Mapping[str, Any]) -> "Evaluation":
        # Loads SQLite and the rule engine, which only requests with such a rule need.
        from pocketfiles.rules.evaluate import Evaluation, RuleRequest  # noqa: PLC0415

        identity = asked.identity
        rule_request = RuleRequest(
            method=asked.request.method,
            query=asked.request.query,
            headers=asked.request.headers,
            body=body,
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
            limits=self.limits,
        )


def _reason(asked: AccessRequest, reason: str) -> str:
    """Why a guest is denied: a token that is not valid makes its owner a guest."""
    if not asked.bad_token:
        return reason
    if token_has_expired(asked.request, asked.snapshot, asked.now):
        return "the token expired"
    return f"the token is not valid: {asked.bad_token}"


def _body(request: Request) -> Mapping[str, Any]:
    """The request's body as a rule sees it (pocketbase.md §3.4).

    Raises ``Denied`` for a body that cannot be parsed.
    """
    if not request.body:
        return {}
    from pocketfiles.rules.body import parse_body  # noqa: PLC0415 - hardly any GET has a body

    content_type = request.headers.get("content-type", "")
    try:
        return parse_body(request.body, content_type, request.raw_query)
    except RuleError as error:
        raise Denied(error.reason) from error
