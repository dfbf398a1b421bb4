"""AWS Signature Version 4 from the receiving side: was a request signed with these credentials?

Verifies the ``Authorization`` header and presigned URLs, as described in "Signature Version 4" of
the AWS IAM user guide. Chunk signatures of a streamed upload are not verified. Pure.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED = "UNSIGNED-PAYLOAD"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"

SCOPE_PARTS = 4
"""Parts of a scope: date, region, service, ``aws4_request``."""


@dataclass(frozen=True)
class Credentials:
    """An access key."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class SignedRequest:
    """What a signature covers. ``path`` and ``query`` as sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body_sha256: str
    """The SHA-256 of the body in hexadecimal digits, for a client that does not send it."""


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature."""

    access_key_id: str
    scope: str
    """``<date>/<region>/<service>/aws4_request``."""

    service: str
    time: str
    signed_headers: str
    """Lower-case names, separated by semicolons."""

    digest: str
    expires_seconds: int | None
    """The lifetime of a presigned URL; ``None`` for a signature in a header."""


def read_signature(request: SignedRequest) -> Signature | None:
    """Return the signature of a request, or ``None`` when it has none that can be read."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    try:
        if "X-Amz-Signature" in query:
            return _presigned(query)
        return _in_header(request.headers)
    except (KeyError, ValueError):
        return None


def is_valid(
    signature: Signature, request: SignedRequest, credentials: Credentials, now: datetime
) -> bool:
    """Whether ``credentials`` made this signature and it has not expired."""
    if signature.access_key_id != credentials.access_key_id or _is_expired(signature, now):
        return False
    text = "\n".join(
        [ALGORITHM, signature.time, signature.scope, _sha256(_canonical(request, signature))]
    )
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in signature.scope.split("/"):
        key = _hmac(key, part)
    return hmac.compare_digest(_hmac(key, text).hex(), signature.digest)


def _presigned(query: Mapping[str, str]) -> Signature:
    access_key_id, scope, service = _credential(query["X-Amz-Credential"])
    return Signature(
        access_key_id,
        scope,
        service,
        time=query["X-Amz-Date"],
        signed_headers=query["X-Amz-SignedHeaders"],
        digest=query["X-Amz-Signature"],
        expires_seconds=int(query["X-Amz-Expires"]),
    )


def _in_header(headers: Mapping[str, str]) -> Signature:
    algorithm, _, text = headers["authorization"].partition(" ")
    if algorithm != ALGORITHM:
        raise ValueError(algorithm)
    pairs = (part.strip().partition("=") for part in text.split(","))
    fields = {name: value for name, _, value in pairs}
    access_key_id, scope, service = _credential(fields["Credential"])
    return Signature(
        access_key_id,
        scope,
        service,
        time=headers["x-amz-date"],
        signed_headers=fields["SignedHeaders"],
        digest=fields["Signature"],
        expires_seconds=None,
    )


def _credential(text: str) -> tuple[str, str, str]:
    """The access key id, the scope, and the service in it."""
    access_key_id, _, scope = text.partition("/")
    parts = scope.split("/")
    if len(parts) != SCOPE_PARTS or parts[-1] != TERMINATOR:
        raise ValueError(text)
    _, _, service, _ = parts
    return access_key_id, scope, service


def _is_expired(signature: Signature, now: datetime) -> bool:
    if signature.expires_seconds is None:
        return False
    try:
        made = datetime.strptime(signature.time, TIME_FORMAT).replace(tzinfo=UTC)
        return now > made + timedelta(seconds=signature.expires_seconds)
    except (OverflowError, ValueError):
        return True


def _canonical(request: SignedRequest, signature: Signature) -> str:
    """The canonical request: each line in the one spelling that both sides compute."""
    parameters = [
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    ]
    names = signature.signed_headers.split(";")
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names]
    body = UNSIGNED if signature.expires_seconds is not None else request.body_sha256
    return "\n".join(
        [
            request.method,
            request.path,
            "&".join(sorted(parameters)),
            "".join(headers),
            signature.signed_headers,
            request.headers.get("x-amz-content-sha256", body),
        ]
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
