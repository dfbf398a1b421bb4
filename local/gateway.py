"""API Gateway's HTTP API, payload format 2.0: HTTP messages, and requests to events.

Pure functions, as strict as AWS: what passes here passes there. A request's headers are limited to
10,240 bytes and its body to 10 MB. Not emulated: authorizers, throttling, CORS configuration,
access logs.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from local.intrinsics import ACCOUNT
from local.routing import Match, Target

HEADER_LIMIT = 10_240
"""Bytes of a request line and all header values together."""

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a request body."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in the order sent. Values are decoded as Latin-1: one character a byte."""

JSON_TYPE = ("Content-Type", "application/json")

_MESSAGES = {
    400: "Bad Request",
    404: "Not Found",
    411: "Length Required",
    413: "Request Entity Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_TEXT = re.compile(r"text/|application/(json|javascript|xml)\b|[^;]*\+(json|xml)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """An HTTP request as received. ``target`` is the request line's second word."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, complete except for ``Date`` and ``Connection``."""

    status: int
    headers: Headers
    body: bytes


def refusal(status: int, message: str | None = None) -> Answer:
    """The gateway's own answer, ``{"message": …}``. A function has no part in it."""
    content = {"message": message or _MESSAGES[status]}
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, (JSON_TYPE, length_of(body)), body)


def length_of(body: bytes) -> tuple[str, str]:
    """The header ``Content-Length`` of a body."""
    return "Content-Length", str(len(body))


def without_body(answer: Answer) -> Answer:
    """The answer as sent to a HEAD request."""
    return replace(answer, body=b"")


def exceeded(request: Request) -> int | None:
    """Return the status for a request above a limit, or ``None``."""
    request_line = len(request.method) + len(request.target) + len("  HTTP/1.1")
    header_values = sum(len(value) for _, value in request.headers)
    if request_line + header_values > HEADER_LIMIT:
        return 431
    if len(request.body) > BODY_LIMIT:
        return 413
    return None


def event_of(
    request: Request, target: Target, match: Match, request_id: str, now: float
) -> dict[str, Any]:
    """Return a request's event in payload format 2.0. ``now`` in seconds since the epoch."""
    headers = _event_headers(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": target.path,
        "rawQueryString": target.query,
        "headers": headers,
        "requestContext": _context(request, target, match, request_id, now),
        "isBase64Encoded": False,
    }
    cookies = list(_cookies(request))
    if cookies:
        event["cookies"] = cookies
    if target.query:
        event["queryStringParameters"] = _query(target.query)
    if match.parameters:
        event["pathParameters"] = dict(match.parameters)
    if request.body:
        content_type = headers.get("content-type", "")
        body, is_base64 = _body(request.body, content_type)
        event["body"] = body
        event["isBase64Encoded"] = is_base64
    return event


def _cookies(request: Request) -> Iterator[str]:
    """Each cookie of all cookie headers."""
    for name, text in request.headers:
        if name.lower() != "cookie":
            continue
        for part in text.split(";"):
            cookie = part.strip()
            if cookie:
                yield cookie


def _event_headers(request: Request) -> dict[str, str]:
    """Lower-case the names, join repeated headers with commas, add the forwarding headers.

    Values are UTF-8 where they can be, as the event is JSON. Cookies are left out: an event has a
    list of its own for them.
    """
    headers: dict[str, str] = {}
    for name, latin_1 in request.headers:
        key = name.lower()
        value = _utf_8(latin_1)
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    headers.pop("cookie", None)
    headers["content-length"] = str(len(request.body))
    forwarded = headers.get("x-forwarded-for")
    addresses = [forwarded, request.source_ip] if forwarded else [request.source_ip]
    headers["x-forwarded-for"] = ", ".join(addresses)
    headers["x-forwarded-proto"] = "http"
    return headers


def _utf_8(latin_1: str) -> str:
    try:
        return latin_1.encode("latin-1").decode()
    except UnicodeError:
        return latin_1


def _query(query: str) -> dict[str, str]:
    """Decode the parameters and join repeated ones with commas.

    A comma in a value cannot be told from a join, so the functions read ``rawQueryString`` instead.
    """
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(
    request: Request, target: Target, match: Match, request_id: str, now: float
) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in request.headers}
    domain = headers.get("host", "localhost")
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": target.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": match.route.key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    """Return the event's body and whether it is Base64; text stays as it is."""
    if not content_type or _TEXT.match(content_type):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
