"""Who a request comes from: by ``Authorization`` at the token route, by ``?token=`` at files, never mixed
(pocketbase.md §2.1, §3.3)."""

from typing import Protocol

from pocketfiles import tokens
from pocketfiles.addresses import client_address, superuser_may_come_from
from pocketfiles.catalogue.model import Collection, Record, Settings
from pocketfiles.errors import Forbidden
from pocketfiles.http.messages import Request


class Owners(Protocol):
    """What of the catalogue identities need."""

    @property
    def settings(self) -> Settings:
        """PocketBase's settings."""

    def owner(self, collection_name_or_id: str, record_id: str) -> tuple[Collection, Record] | None:
        """A token's owner."""


def authenticated(request: Request, owners: Owners, now: float) -> tokens.Identity | None:
    """Who ``Authorization`` names; a bad token is nobody.

    Raises ``Forbidden`` for a superuser from an address that is not listed.
    """
    token = _bare(request.headers.get("authorization", ""))
    if not token:
        return None
    try:
        identity = tokens.verify(token, "auth", owners.owner, now)
    except tokens.BadToken:
        return None
    if identity.is_superuser and not _may_come(request, owners):
        raise Forbidden("a superuser from an address that is not listed")
    return identity


def token_owner(request: Request, owners: Owners, now: float) -> tokens.Identity | None:
    """Who the query's file token names; a bad token, or a superuser's from elsewhere, is a guest's (§3.3)."""
    try:
        return verified_owner(request, owners, now)
    except tokens.BadToken:
        return None


def verified_owner(request: Request, owners: Owners, now: float) -> tokens.Identity:
    """Who the query's file token names. Raises ``BadToken`` for what ``token_owner`` takes for a guest's."""
    identity = tokens.verify(request.query.get("token", ""), "file", owners.owner, now)
    if identity.is_superuser and not _may_come(request, owners):
        raise tokens.BadToken("a superuser's, from an address that is not listed")
    return identity


def refuse_foreign_superuser(request: Request, owners: Owners, now: float) -> None:
    """Raise ``Forbidden`` where ``authenticated`` would; costs nothing while no address is listed."""
    if owners.settings.superuser_ips:
        authenticated(request, owners, now)


def _may_come(request: Request, owners: Owners) -> bool:
    """Whether a superuser may act from this request's address."""
    settings = owners.settings
    return superuser_may_come_from(
        client_address(request.headers, request.address, settings), settings
    )


def _bare(authorization: str) -> str:
    """The token in the header's value: behind ``Bearer `` in any letter case, or the value itself (§2.1)."""
    value = authorization.strip()
    return value[7:] if len(value) > 7 and value[:7].lower() == "bearer " else value
