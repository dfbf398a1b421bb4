"""May this identity see this record? The one place where a protected file is opened (pocketbase.md §3.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.errors import Denied, RuleError
from pocketfiles.http.messages import Request
from pocketfiles.tokens import Identity

if TYPE_CHECKING:
    from pocketfiles.rules.evaluate import Evaluation, Explanation


@dataclass(frozen=True)
class Access:
    """Decides by the view rule; ``max_rows`` bounds what one rule may read."""

    catalogue: Catalogue
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
        rule = collection.view_rule or ""
        return self._evaluation(rule, collection, record, identity, request, now).explain()

    def _allows(
        self,
        rule: str,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> bool:
        evaluation = self._evaluation(rule, collection, record, identity, request, now)
        try:
            return evaluation.allows()
        except RuleError as error:
            raise Denied(
                f"the view rule of {collection.name} cannot be evaluated: {error.reason}"
            ) from error

    def _evaluation(
        self,
        rule: str,
        collection: Collection,
        record: Record,
        identity: Identity | None,
        request: Request,
        now: float,
    ) -> "Evaluation":
        from pocketfiles.rules.evaluate import (  # noqa: PLC0415 - SQLite and the engine, for such rules alone
            Evaluation,
            RuleRequest,
        )

        asked = RuleRequest(
            method=request.method,
            query=request.query,
            headers=request.headers,
            body=_body(request),
            auth=identity.record if identity else None,
            auth_collection=identity.collection if identity else None,
        )
        return Evaluation(
            rule=rule,
            collection=collection,
            record=record,
            request=asked,
            collections=self.catalogue.collections,
            reader=self.catalogue.reader,
            now=datetime.fromtimestamp(now, UTC),
            max_rows=self.max_rows,
        )


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
