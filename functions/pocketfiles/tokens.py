"""PocketBase's JSON web tokens, verified and signed (pocketbase.md §2.2, §2.3).

A token is signed with HS256. The key is its owner's token key followed by its collection's secret
for that type of token, so the owner must be looked up before the signature can be verified. Like
PocketBase, this checks the times first, on the unverified claims, and the signature last. A token
without ``exp`` never expires.
"""

import base64
import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pocketfiles.catalogue.model import Collection, Record, TokenOptions
from pocketfiles.errors import PocketFilesError, TokenNotIssued

Kind: TypeAlias = Literal["auth", "file"]

_ALGORITHM = "HS256"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_LINE_BREAKS = str.maketrans("", "", "\r\n")

_LATEST_TIME = 2.0**63 - 62_135_596_800
"""Seconds since the epoch. A larger number is not a time to Go, which counts from the year 1 in 64
bits."""


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
    return Identity(collection, record, _seconds(claims, "exp"))


def has_expired(token: str, kind: Kind, owner: Owner, now: float) -> bool:
    """Whether a token is its owner's, and was valid until it expired. ``now`` as for ``verify``."""
    try:
        expires = _seconds(_claims(token), "exp")
        if expires is None or expires > now:
            return False
        verify(token, kind, owner, expires - 1)
    except BadToken:
        return False
    return True


def issue(collection: Collection, record: Record, kind: Kind, now: float) -> str:
    """A new token for the record, valid for the collection's duration.

    Raises ``TokenNotIssued``.
    """
    key = _key(collection, record, kind)
    if not key:
        raise TokenNotIssued("no key to sign with")
    claims: dict[str, Any] = {
        "collectionId": collection.id,
        "exp": int(now) + _options(collection, kind).duration,
        "id": record.id,
        "type": kind,
    }
    if kind == "auth":
        claims["refreshable"] = True
    header = {"alg": _ALGORITHM, "typ": "JWT"}
    signed = f"{_encoded(_json(header))}.{_encoded(_json(claims))}"
    signature = _signature(signed, key)
    return f"{signed}.{_encoded(signature)}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _encoded(content: bytes) -> str:
    """Unpadded base64url (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _signature(signed: str, key: str) -> bytes:
    """HMAC with SHA-256 (RFC 7518 §3.2)."""
    return hmac.digest(key.encode(), signed.encode(), hashlib.sha256)


def _options(collection: Collection, kind: Kind) -> TokenOptions:
    return collection.auth_token if kind == "auth" else collection.file_token


def _key(collection: Collection, record: Record, kind: Kind) -> str:
    """The key of a record's tokens; empty where no value of the record is known, since the
    collection's secret alone is nobody's key."""
    if record.is_unreadable:
        return ""
    return record.token_key + _options(collection, kind).secret


def _parts(token: str) -> tuple[str, str, str]:
    """The encoded header, claims and signature."""
    match token.split("."):
        case [header, claims, signature]:
            return header, claims, signature
    raise BadToken("not three parts")


def _claims(token: str) -> dict[str, Any]:
    """The claims of a token whose signature is not checked yet."""
    _, encoded, _ = _parts(token)
    return _object(encoded, "claims")


def _object(part: str, name: str) -> dict[str, Any]:
    """The JSON object that a part of the token encodes, parsed as strictly as Go parses it."""
    try:
        text = _decoded(part).decode(errors="replace")
        value = json.loads(
            text, parse_int=_number, parse_float=_number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise BadToken(f"unreadable {name}") from error
    if not isinstance(value, dict):
        raise BadToken(f"{name}: not an object")
    return value


def _decoded(part: str) -> bytes:
    """Unpadded base64url as Go decodes it: line breaks and the last character's unused bits do not
    count. Raises ``ValueError``."""
    bare = part.translate(_LINE_BREAKS)
    if not _BASE64URL.fullmatch(bare):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number out of range")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    """Raise ``BadToken`` for a token that is not valid now, without any leeway.

    A claim must be a number if it is present, and 0 counts as absent (pocketbase.md §2.2).
    """
    expires = _seconds(claims, "exp")
    not_before = _seconds(claims, "nbf")
    issued_at = _seconds(claims, "iat")
    if expires is not None and expires <= now:
        raise BadToken("expired")
    if not_before is not None and not_before > now:
        raise BadToken("not valid yet")
    if issued_at is not None and issued_at > now:
        raise BadToken("issued in the future")


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    """A time in whole seconds since the epoch; ``None`` for 0 and for a claim that is absent."""
    if name not in claims:
        return None
    value = claims[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < _LATEST_TIME:  # false for NaN, too
        raise BadToken(f"{name} is no time")
    return int(value) if value else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken(f"no {name}")
    return value


def _check_signature(token: str, key: str) -> None:
    """Raise ``BadToken`` unless the token is signed with ``key``. ``typ``, ``crit`` and all other
    header parameters but ``alg`` are ignored, as in PocketBase."""
    if not key:
        raise BadToken("the token's owner has no key")
    header, claims, signature = _parts(token)
    if _object(header, "header").get("alg") != _ALGORITHM:
        raise BadToken(f"signature: another algorithm than {_ALGORITHM}")
    try:
        shown = _decoded(signature)
    except ValueError as error:
        raise BadToken("signature: not base64url") from error
    if not hmac.compare_digest(shown, _signature(f"{header}.{claims}", key)):
        raise BadToken("signature: not by the owner's key")
