"""May this identity see this record? The one place where a protected file is opened (pocketbase.md §3.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from pocketfiles.catalogue.cached import Facts
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.errors import Denied, RuleError
from pocketfiles.http.messages import Request
from pocketfiles.tokens import Identity

if TYPE_CHECKING:
    from pocketfiles.rules.evaluate import Explanation
    from pocketfiles.rules.request import RuleRequest


class FactsOf(Protocol):
    """What of the catalogue a rule needs."""

    def facts(self, *known: Record, max_rows: int) -> Facts:
        """What a rule may look up."""


@dataclass(frozen=True)
class Access:
    """Decides by the view rule; ``max_rows`` bounds what one rule may read."""

    catalogue: FactsOf
    max_rows: int

    def check(
        self,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> None:
        """Raise ``Denied`` unless a superuser, an empty rule or the rule itself shows the record."""
        rule = collection.view_rule
        if identity is not None and identity.is_superuser:
            return
        if rule is None:
            raise Denied("the view rule is locked")
        if rule and not self._allows(rule, collection, record, identity, request, now):
            raise Denied("the view rule says no")

    def explain(
        self,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> "Explanation":
        """What the view rule makes of the record, by each comparison.

        Raises ``RuleError``, or ``Denied`` when the request's body cannot be read.
        """
        from pocketfiles.rules import evaluate  # noqa: PLC0415 - as in _allows()

        question = self._question(collection, record, identity, request, now)
        return evaluate.explain(collection.view_rule or "", *question, max_rows=self.max_rows)

    def _allows(
        self,
        rule: str,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> bool:
        from pocketfiles.rules import evaluate  # noqa: PLC0415 - SQLite and the engine, for such rules alone

        question = self._question(collection, record, identity, request, now)
        try:
            return evaluate.allows(rule, *question, max_rows=self.max_rows)
        except RuleError as error:
            raise Denied(
                f"the view rule of {collection.name} cannot be evaluated: {error.reason}"
            ) from error

    def _question(
        self,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> "tuple[Collection, Record, RuleRequest, Facts, datetime]":
        """What a rule is asked about."""
        from pocketfiles.rules.request import RuleRequest  # noqa: PLC0415

        asked = RuleRequest(
            method=request.method,
            query=request.query,
            headers=request.headers,
            body=_body(request),
            auth=identity.record if identity else None,
            auth_collection=identity.collection if identity else None,
        )
        known = [record, identity.record] if identity else [record]
        facts = self.catalogue.facts(*known, max_rows=self.max_rows)
        return collection, record, asked, facts, datetime.fromtimestamp(now, UTC)


def _body(request: Request) -> Mapping[str, Any]:
    """The request's body as a rule sees it (§3.4); one that cannot be read refuses the file."""
    if not request.body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            found = json.loads(request.body)
            if isinstance(found, dict):
                return found
        if kind == "application/x-www-form-urlencoded":
            return dict(
                reversed(
                    parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
                )
            )
    except (ValueError, RecursionError):
        pass
    raise Denied("the request has a body that cannot be read")
