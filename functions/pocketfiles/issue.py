"""The use case of the tokens function: an auth token in, a file token out (pocketbase.md §2.4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pocketfiles import tokens
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.errors import NotFound, StorageUnavailable, TokenNotIssued, Unauthenticated
from pocketfiles.http.caching import NO_STORE
from pocketfiles.http.fields import MalformedFields, picked
from pocketfiles.http.headers import FRAMES, SECURITY
from pocketfiles.http.messages import JSON, Reply, Request
from pocketfiles.identity import authenticated
from pocketfiles.log_fields import LogFields
from pocketfiles.tokens import Identity

PATH = "/api/files/token"


@dataclass(frozen=True)
class TokenService:
    """Issues file tokens to records of auth collections."""

    catalogue: Catalogue

    def issue(self, request: Request, now: float) -> Reply:
        """200 with a file token. ``now`` in seconds since the epoch.

        Raises ``Unauthenticated``, ``Forbidden`` or ``TokenNotIssued``.
        """
        if (request.method, request.path) != ("POST", PATH):
            raise NotFound("no such route")
        try:
            identity = self.catalogue.settled(lambda: self._identity(request, now))
        except StorageUnavailable as error:
            raise TokenNotIssued(error.reason, operator_must_act=True) from error
        if identity is None:
            raise Unauthenticated("no valid auth token")
        token = tokens.issue(identity.collection, identity.record, "file", now)
        headers = {**SECURITY, **FRAMES, "content-type": JSON, "cache-control": NO_STORE}
        log_fields = LogFields(token_issued=True)
        return Reply(200, headers, _body(token, request.query), log_fields=log_fields)

    def _identity(self, request: Request, now: float) -> Identity | None:
        """Who the request comes from, in the snapshot of this moment."""
        if not request.headers.get("authorization", "").strip():
            return None
        snapshot = self.catalogue.current()
        if not any(snapshot.collections):
            raise Unauthenticated("the table has no collections", operator_must_act=True)
        return authenticated(request, snapshot, now)


def _body(token: str, query: Mapping[str, str]) -> bytes:
    """The JSON body, reduced to what the parameter ``fields`` names (pocketbase.md §2.4).

    Empty where that is malformed, as in PocketBase.
    """
    try:
        kept = picked(query.get("fields", ""), "token", token)
    except MalformedFields:
        return b""
    body = {} if kept is None else {"token": kept}
    written = json.dumps(body, separators=(",", ":"))
    return f"{written}\n".encode()
