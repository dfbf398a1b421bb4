"""Whose token a request carries. The token route reads ``Authorization`` and the file route reads
``?token=``; neither reads the other's (pocketbase.md §2.1, §3.3)."""

from pocketfiles import tokens
from pocketfiles.addresses import superuser_may_come_from
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.errors import Forbidden
from pocketfiles.http.messages import Request

_BEARER = "bearer "


def authenticated(request: Request, snapshot: Snapshot, now: float) -> tokens.Identity | None:
    """The owner of the auth token in ``Authorization``; ``None`` if there is no valid token.

    Raises ``Forbidden`` for a superuser whose address is not listed.
    """
    token = _bearer_token(request.headers.get("authorization", ""))
    if not token:
        return None
    try:
        identity = tokens.verify(token, "auth", snapshot.owner, now)
    except tokens.BadToken:
        return None
    if identity.is_superuser and not _superuser_may_come(request, snapshot):
        raise Forbidden("a superuser from an address that is not listed")
    return identity


def token_owner(
    request: Request, snapshot: Snapshot, now: float
) -> tuple[tokens.Identity | None, str]:
    """The owner of the file token in the query; ``None`` for a guest (pocketbase.md §3.3). And why
    a given token is not valid, without any part of it.

    An invalid token counts as a guest's, and so does a superuser's from an address that is not
    listed.
    """
    token = request.query.get("token", "")
    try:
        identity = tokens.verify(token, "file", snapshot.owner, now)
    except tokens.BadToken as error:
        return None, error.reason if token else ""
    if identity.is_superuser and not _superuser_may_come(request, snapshot):
        return None, "a superuser's, from an address that is not listed"
    return identity, ""


def token_has_expired(request: Request, snapshot: Snapshot, now: float) -> bool:
    """Whether the file token in the query was valid until it expired."""
    return tokens.has_expired(request.query.get("token", ""), "file", snapshot.owner, now)


def refuse_foreign_superuser(request: Request, snapshot: Snapshot, now: float) -> None:
    """Raise ``Forbidden`` where ``authenticated`` does. Free while no address is listed."""
    if snapshot.settings.superuser_ips:
        authenticated(request, snapshot, now)


def _superuser_may_come(request: Request, snapshot: Snapshot) -> bool:
    """Whether a superuser may act from the address of this request."""
    return superuser_may_come_from(request.address, snapshot.settings.superuser_ips)


def _bearer_token(authorization: str) -> str:
    """The token in the header: after ``Bearer `` in any case, or the whole value
    (pocketbase.md §2.1)."""
    value = authorization.strip()
    if value.lower().startswith(_BEARER):
        return value[len(_BEARER) :]
    return value
