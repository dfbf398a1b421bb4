"""API Gateway's HTTP API with payload format 2.0: requests to events, a function's results to answers.

Pure, and as strict as AWS: what passes here passes there. The request's headers are limited to 10,240
bytes, its body to 10 MB, a function's result to 6,291,556 bytes of JSON; whatever is no result at all is
a 500. Not emulated: authorizers, throttling, CORS configuration, access logs.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from local.intrinsics import ACCOUNT
from local.routing import Match, Target

HEADER_LIMIT = 10_240  # request line and header values
BODY_LIMIT = 10 * 1024 * 1024
PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100  # of JSON, into a function and out of it

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in wire order; values hold one character a byte."""

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
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_GATEWAYS_OWN = {  # a function does not decide these: they belong to the connection or are computed here
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


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came over the wire; ``target`` is the second word of its first line."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, complete but for ``Date`` and ``Connection``."""

    status: int
    headers: Headers
    body: bytes


class BadResult(ValueError):
    """What a function returned is no answer; the client gets a 500."""


def refusal(status: int, message: str | None = None) -> Answer:
    """The gateway's own answer, ``{"message": …}``; nothing in it can be configured."""
    body = json.dumps({"message": message or _MESSAGES[status]}, separators=(",", ":")).encode()
    return Answer(
        status, (("Content-Type", "application/json"), ("Content-Length", str(len(body)))), body
    )


def without_body(answer: Answer) -> Answer:
    """The same answer to a HEAD request."""
    return replace(answer, body=b"")


def exceeded(request: Request) -> int | None:
    """The status of the limit that the request breaks, if it breaks one."""
    line = len(request.method) + len(request.target) + len("  HTTP/1.1")
    if line + sum(len(value) for _, value in request.headers) > HEADER_LIMIT:
        return 431
    return 413 if len(request.body) > BODY_LIMIT else None


def event_of(
    request: Request, target: Target, match: Match, request_id: str, now: float
) -> dict[str, Any]:
    """The event of payload format 2.0 for a request. ``now`` in seconds since the epoch."""
    headers = _joined(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": target.path,
        "rawQueryString": target.query,
        "headers": headers,
        "requestContext": _context(request, target, match, request_id, now),
        "isBase64Encoded": False,
    }
    cookies = [text for name, text in request.headers if name.lower() == "cookie"]
    if cookies:
        event["cookies"] = [
            part.strip() for text in cookies for part in text.split(";") if part.strip()
        ]
    if target.query:
        event["queryStringParameters"] = _query(target.query)
    if match.parameters:
        event["pathParameters"] = dict(match.parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(
            request.body, headers.get("content-type", "")
        )
    return event


def _joined(request: Request) -> dict[str, str]:
    """Lower-case names, repeats joined by commas; cookies go elsewhere, forwarding headers are added."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    headers.pop("cookie", None)
    before = headers.get("x-forwarded-for")
    headers["content-length"] = str(len(request.body))
    headers["x-forwarded-for"] = f"{before}, {request.source_ip}" if before else request.source_ip
    headers["x-forwarded-proto"] = "http"
    return headers


def _query(query: str) -> dict[str, str]:
    """Decoded, repeats joined by commas; ambiguous, which is why functions read ``rawQueryString``."""
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
    """Text as it is, everything else in base64; the second value tells which."""
    if not content_type or _TEXT.match(content_type):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def answer_of(result: Any, *, head: bool) -> Answer:
    """The answer to send for a function's result. Raises ``BadResult``.

    ``Content-Length`` is the gateway's, computed from the body. A HEAD answer alone keeps the one that the
    function names: that is how a size can be told without a body. Whether AWS passes it on is not promised
    (it may send 0), so no client may depend on it. A HEAD answer with neither has no ``Content-Length``.
    """
    payload = _marshalled(result)
    if (
        not isinstance(result, Mapping) or "statusCode" not in result
    ):  # any JSON is a 200, payload 2.0 says
        body = result.encode() if isinstance(result, str) else payload
        return _sized(200, (("Content-Type", "application/json"),), body, "", head=head)
    status, headers = _status(result["statusCode"]), tuple(_headers(result))
    length = "".join(value for name, value in headers if name.lower() == "content-length")
    kept = [header for header in headers if header[0].lower() not in _GATEWAYS_OWN]
    body = b"" if status in _BODILESS else _content(result)
    if body and not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", "application/json"))
    return _sized(status, tuple(kept), body, length, head=head)


def _sized(status: int, headers: Headers, body: bytes, length: str, *, head: bool) -> Answer:
    """The answer with its ``Content-Length``; 204 and 304 have neither body nor length (RFC 9110 §8.6)."""
    if status in _BODILESS:
        return Answer(status, headers, b"")
    if head:
        length = length or (str(len(body)) if body else "")
        return Answer(status, (*headers, ("Content-Length", length)) if length else headers, b"")
    return Answer(status, (*headers, ("Content-Length", str(len(body)))), body)


def _marshalled(result: Any) -> bytes:
    """The result as Lambda's runtime posts it."""
    try:
        payload = json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise BadResult(f"no JSON: {error}") from error
    if len(payload) > PAYLOAD_LIMIT:
        raise BadResult(f"{len(payload)} bytes of JSON exceed {PAYLOAD_LIMIT}")
    return payload


def _status(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise BadResult(f"no status code: {value!r}")
    return value


def _headers(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    headers, cookies = result.get("headers") or {}, result.get("cookies") or []
    if not isinstance(headers, Mapping) or not isinstance(cookies, list):
        raise BadResult("headers are no object or cookies no list")
    pairs = [*headers.items(), *(("Set-Cookie", cookie) for cookie in cookies)]
    for name, value in pairs:
        if not isinstance(value, str | int | float):
            raise BadResult(f"the header {name} is neither text nor number")
        text = str(value)
        if not _TOKEN.fullmatch(name) or any(character in text for character in "\r\n\0"):
            raise BadResult(f"the header {name!r} cannot be sent")
        yield name, text.encode().decode("latin-1")


def _content(result: Mapping[str, Any]) -> bytes:
    body, encoded = result.get("body"), result.get("isBase64Encoded", False)
    if not isinstance(body, str | None) or not isinstance(encoded, bool):
        raise BadResult("body is no text or isBase64Encoded no boolean")
    if not encoded:
        return (body or "").encode()
    try:
        return base64.b64decode(body or "", validate=True)
    except binascii.Error as error:
        raise BadResult(f"no base64: {error}") from error
