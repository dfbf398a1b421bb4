"""PocketBase's JSON web tokens: verifying and issuing (pocketbase.md §2.2, §2.3).

A token is signed with HS256 by its owner's token key followed by its collection's secret for that kind of
token, so whoever owns it must be looked up before the signature can be checked. PocketBase checks the time
first, on the unverified claims, then the signature; a token without ``exp`` never ends.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pocketfiles.catalogue.model import Collection, Record, TokenOptions
from pocketfiles.errors import PocketFilesError, TokenNotIssued

Kind: TypeAlias = Literal["auth", "file"]

# RFC 7515 §2: unpadded. PyJWT would add padding and skip foreign characters.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

# What PyJWT would check differently from PocketBase is checked here instead.
_SIGNATURE_ONLY: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class BadToken(PocketFilesError):
    """Not a token that opens anything now; ``reason`` says why, without a part of the token."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a valid token belongs to; ``expires`` in seconds since the epoch, ``None`` for never."""

    collection: Collection
    record: Record
    expires: float | None = None

    @property
    def is_superuser(self) -> bool:
        """Whether every rule is open to this owner."""
        return self.collection.is_superusers


Owner: TypeAlias = Callable[[str, str], tuple[Collection, Record] | None]
"""Looks up a token's owner by collection name or id and record id."""


def verify(token: str, kind: Kind, owner: Owner, now: float) -> Identity:
    """Whose token this is. ``now`` in seconds since the epoch. Raises ``BadToken``."""
    claims = _claims(token)
    _check_time(claims, now)
    collection_id, record_id, actual = (
        _text(claims, name) for name in ("collectionId", "id", "type")
    )
    if actual != kind:
        raise BadToken(f"a token of another type than {kind}")
    found = owner(collection_id, record_id)
    if found is None:
        raise BadToken("the token's owner is unknown")
    collection, record = found
    if collection.type != "auth":
        raise BadToken("the token's owner is no auth record")
    _check_signature(token, _key(collection, record, kind))
    expires = claims.get("exp")
    return Identity(collection, record, float(int(expires)) if expires else None)


def issue(collection: Collection, record: Record, kind: Kind, now: float) -> str:
    """A new token for the record, valid for the collection's duration. Raises ``TokenNotIssued``."""
    import jwt  # noqa: PLC0415 - 50 ms that only requests with tokens should pay

    key = _key(collection, record, kind)
    if not key:
        raise TokenNotIssued("neither a token key nor a secret")
    claims: dict[str, Any] = {
        "collectionId": collection.id,
        "exp": int(now) + _options(collection, kind).duration,
        "id": record.id,
        "type": kind,
    }
    if kind == "auth":
        claims["refreshable"] = True
    return jwt.encode(dict(sorted(claims.items())), key, algorithm="HS256")


def _options(collection: Collection, kind: Kind) -> TokenOptions:
    return collection.auth_token if kind == "auth" else collection.file_token


def _key(collection: Collection, record: Record, kind: Kind) -> str:
    return record.token_key + _options(collection, kind).secret


def _claims(token: str) -> Mapping[str, Any]:
    if not _SHAPE.fullmatch(token):
        raise BadToken("not three parts of unpadded base64url")
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError) as error:
        raise BadToken("unreadable claims") from error
    if not isinstance(claims, dict):
        raise BadToken("claims are no object")
    return claims


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    """Zero leeway; a claim that is there must be a number, and zero counts as absent (pocketbase.md §2.2)."""
    times = {name: _seconds(claims, name) for name in ("exp", "nbf", "iat") if name in claims}
    if times.get("exp") and int(times["exp"]) <= now:
        raise BadToken("expired")
    if times.get("nbf") and int(times["nbf"]) > now:
        raise BadToken("not valid yet")
    if times.get("iat") and int(times["iat"]) > now:
        raise BadToken("issued in the future")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15
    ):  # NaN fails too
        raise BadToken(f"{name} is no time")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken(f"no {name}")
    return value


def _check_signature(token: str, key: str) -> None:
    import jwt  # noqa: PLC0415 - as in issue()

    if not key:
        raise BadToken("the token's owner has no key")
    try:
        jwt.decode(token, key, algorithms=["HS256"], options=_SIGNATURE_ONLY)
    except jwt.PyJWTError as error:
        raise BadToken(f"signature: {type(error).__name__}") from error
