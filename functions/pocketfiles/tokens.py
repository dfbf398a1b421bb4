"""PocketBase's JSON web tokens, verified and signed (pocketbase.md §2.2, §2.3).

A token is signed with HS256. The key is its owner's token key followed by its collection's secret
for that type of token, so the owner must be looked up before the signature can be verified. Like
PocketBase, this checks the times first, on the unverified claims, and the signature last. A token
without ``exp`` never expires.
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

# Unpadded base64url (RFC 7515 §2). PyJWT would add padding and skip other characters.
_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

# PyJWT checks claims differently from PocketBase, so it verifies the signature only.
_SIGNATURE_ONLY: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


_LATEST_TIME = 1e15
"""Seconds since the epoch, 30 million years ahead. A larger number is not a time."""


class BadToken(PocketFilesError):
    """The token is not valid now. ``reason`` says why and contains no part of the token."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The owner of a valid token. ``expires`` in seconds since the epoch; ``None`` for never."""

    collection: Collection
    record: Record
    expires: float | None = None

    @property
    def is_superuser(self) -> bool:
        """Whether no rule applies to this owner."""
        return self.collection.is_superusers


Owner: TypeAlias = Callable[[str, str], tuple[Collection, Record] | None]
"""Looks up the owner of a token, by collection name or id and by record id."""


def verify(token: str, kind: Kind, owner: Owner, now: float) -> Identity:
    """The owner of a token. ``now`` in seconds since the epoch. Raises ``BadToken``."""
    claims = _claims(token)
    _check_time(claims, now)
    collection_id = _text(claims, "collectionId")
    record_id = _text(claims, "id")
    if _text(claims, "type") != kind:
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
    """A new token for the record, valid for the collection's duration.

    Raises ``TokenNotIssued``.
    """
    import jwt  # noqa: PLC0415 - takes 50 ms, which only requests with tokens should pay

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
    if not _THREE_PARTS.fullmatch(token):
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
    """Raise ``BadToken`` for a token that is not valid now, without any leeway.

    A claim must be a number if it is present, and 0 counts as absent (pocketbase.md §2.2).
    """
    times = {name: _seconds(claims, name) for name in ("exp", "nbf", "iat") if name in claims}
    if times.get("exp") and int(times["exp"]) <= now:
        raise BadToken("expired")
    if times.get("nbf") and int(times["nbf"]) > now:
        raise BadToken("not valid yet")
    if times.get("iat") and int(times["iat"]) > now:
        raise BadToken("issued in the future")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < _LATEST_TIME:  # false for NaN, too
        raise BadToken(f"{name} is no time")
    return float(value)


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
