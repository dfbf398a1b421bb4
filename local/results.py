"""API Gateway's HTTP API, payload format 2.0: function results to HTTP answers.

Pure functions, as strict as AWS: a result may have 6,291,556 bytes of JSON, and one that is not
valid becomes a 500.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.gateway import JSON_TYPE, Answer, Headers, length_of

PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100
"""Bytes of JSON that a function may receive or return."""

MIN_STATUS = 200
MAX_STATUS = 599

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2

# Dropped from a function's result: they belong to the connection or are computed here.
_GATEWAY_HEADERS = {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_BODILESS = {204, 304}
"""Statuses whose answers have no body and no length (RFC 9110 §8.6)."""


class BadResult(ValueError):
    """A function's result is not a valid answer. The client gets a 500."""


def answer_of(result: Any, *, head: bool) -> Answer:
    """Return the answer for a function's result. Raises ``BadResult``.

    ``Content-Length`` is computed from the body. A HEAD answer keeps the length that the function
    set: that is how it announces a size without a body. AWS does not promise to pass it on (it may
    send 0), so no client may depend on it. With neither, a HEAD answer has no ``Content-Length``.
    """
    payload = _marshalled(result)
    if not isinstance(result, Mapping) or "statusCode" not in result:
        # Payload 2.0: a result without a status code is the JSON body of a 200.
        body = result.encode() if isinstance(result, str) else payload
        return _sized(200, (JSON_TYPE,), body, "", head=head)
    status = _status(result["statusCode"])
    length = ""
    kept: list[tuple[str, str]] = []
    for name, value in _headers(result):
        if name.lower() == "content-length":
            length += value
        elif name.lower() not in _GATEWAY_HEADERS:
            kept.append((name, value))
    body = b"" if status in _BODILESS else _content(result)
    has_type = any(name.lower() == "content-type" for name, _ in kept)
    if body and not has_type:
        kept.append(JSON_TYPE)
    return _sized(status, tuple(kept), body, length, head=head)


def _sized(status: int, headers: Headers, body: bytes, length: str, *, head: bool) -> Answer:
    """The answer with its ``Content-Length``, if it has one."""
    if status in _BODILESS:
        return Answer(status, headers, b"")
    if not head:
        return Answer(status, (*headers, length_of(body)), body)
    if length:
        return Answer(status, (*headers, ("Content-Length", length)), b"")
    if body:
        return Answer(status, (*headers, length_of(body)), b"")
    return Answer(status, headers, b"")


def _marshalled(result: Any) -> bytes:
    """The result as Lambda's runtime serializes it."""
    try:
        payload = json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise BadResult(f"not JSON: {error}") from error
    if len(payload) > PAYLOAD_LIMIT:
        raise BadResult(f"{len(payload)} bytes of JSON exceed {PAYLOAD_LIMIT}")
    return payload


def _status(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not MIN_STATUS <= value <= MAX_STATUS:
        raise BadResult(f"not a status code: {value!r}")
    return int(value)


def _headers(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    headers = result.get("headers") or {}
    cookies = result.get("cookies") or []
    if not isinstance(headers, Mapping) or not isinstance(cookies, list):
        raise BadResult("headers is not an object or cookies is not a list")
    set_cookies = [("Set-Cookie", cookie) for cookie in cookies]
    for name, value in [*headers.items(), *set_cookies]:
        if not isinstance(value, str | int | float):
            raise BadResult(f"the header {name} is neither text nor number")
        text = str(value)
        breaks_line = any(character in text for character in "\r\n\0")
        if breaks_line or not _TOKEN.fullmatch(name):
            raise BadResult(f"the header {name!r} cannot be sent")
        yield name, text.encode().decode("latin-1")


def _content(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    encoded = result.get("isBase64Encoded", False)
    if not isinstance(body, str | None) or not isinstance(encoded, bool):
        raise BadResult("body is not text or isBase64Encoded is not a boolean")
    if not encoded:
        return (body or "").encode()
    try:
        return base64.b64decode(body or "", validate=True)
    except binascii.Error as error:
        raise BadResult(f"not Base64: {error}") from error
