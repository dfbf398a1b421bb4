"""The use case of the token function: who are you → a file token (pocketbase.md §2.4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pocketfiles import tokens
from pocketfiles.errors import NotFound, StorageUnavailable, TokenNotIssued, Unauthenticated
from pocketfiles.http.headers import FRAMES, NO_STORE, SECURITY
from pocketfiles.http.messages import JSON, Reply, Request
from pocketfiles.identity import Owners, authenticated

PATH = "/api/files/token"


@dataclass(frozen=True)
class TokenService:
    """Issues file tokens to whoever proves to be a record of an auth collection."""

    owners: Owners

    def issue(self, request: Request, now: float) -> Reply:
        """200 with the token. Raises ``Unauthenticated``, ``Forbidden`` or ``TokenNotIssued``."""
        if (request.method, request.path) != ("POST", PATH):
            raise NotFound("no such route")
        try:
            identity = authenticated(request, self.owners, now)
        except StorageUnavailable as error:
            raise TokenNotIssued(error.reason) from error
        if identity is None:
            raise Unauthenticated("no valid auth token")
        token = tokens.issue(identity.collection, identity.record, "file", now)
        headers = {**SECURITY, **FRAMES, "content-type": JSON, "cache-control": NO_STORE}
        return Reply(200, headers, _body(token, request.query), facts={"outcome": "token issued"})


def _body(token: str, query: Mapping[str, str]) -> bytes:
    """The JSON answer, cut down to what ``fields`` names as everywhere in PocketBase (§2.4)."""
    wanted = {name.strip() for name in query.get("fields", "").split(",")} - {""}
    chosen = {"token": token} if not wanted or wanted & {"token", "*"} else {}
    return json.dumps(chosen, separators=(",", ":")).encode() + b"\n"
