"""API Gateway's payload 2.0 as a plain request, and a plain reply as payload 2.0.

The last-resort handler lives here too: whatever happens, the client gets our JSON and the log one line,
with no token, query or URL in it.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

from pocketfiles import cors, timing
from pocketfiles.errors import Denied, Overloaded, Refusal
from pocketfiles.headers import FRAMES, NO_STORE, SECURITY

Event: TypeAlias = Mapping[str, Any]
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``path`` decoded, ``headers`` with lower-case names, first values of query parameters."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    address: str
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def from_event(cls, event: Event) -> "Request":
        """The request of a payload-2.0 event; header names are lowered because ``sam local`` does
        not, and cookies, which the event sets apart, are a header again."""
        http = event["requestContext"]["http"]
        text = event.get("body") or ""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        if event.get("cookies"):
            headers["cookie"] = "; ".join(event["cookies"])
        return cls(
            method=http["method"],
            path=event["rawPath"],
            query=parse_query(event.get("rawQueryString") or ""),
            headers=headers,
            address=http.get("sourceIp") or "",
            body=base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(),
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``length`` is what a HEAD announces, ``facts`` what the log line says."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Measure(Protocol):
    """Counts one answer; ``metrics.emit`` does."""

    def __call__(
        self, status: int, length: int, milliseconds: float, facts: Mapping[str, Any], spent: timing.Spent, /
    ) -> None:
        """Count it: ``length`` in bytes, ``spent`` in milliseconds by service."""


class Log(Protocol):
    """The two levels used, as Powertools' logger has them; ``extra`` becomes keys of the line."""

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        """An expected outcome."""

    def exception(self, msg: object, /) -> None:
        """A bug, with its stack trace."""


def parse_query(raw: str) -> dict[str, str]:
    """The first value of each parameter, read as Go reads a query (pocketbase.md §1.3)."""
    found: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        if _well_escaped(name) and _well_escaped(value):
            found.setdefault(unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
    return found


def _well_escaped(text: str) -> bool:
    return all(_is_hex(piece[:2]) for piece in text.split("%")[1:])


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(c in "0123456789abcdefABCDEF" for c in text)


def answer(event: Event, route: Callable[[Request], Reply], log: Log, measure: Measure) -> dict[str, Any]:
    """Run one request through ``route``, log and measure it, and render what comes out."""
    started = time.perf_counter()
    request = Request.from_event(event)
    with timing.recording() as spent:
        reply = _run(request, route, log)
    elapsed = (time.perf_counter() - started) * 1000
    times = {f"{name}_milliseconds": round(value, 1) for name, value in spent.items()}
    line = {"method": request.method, "status": reply.status, "bytes": len(reply.body), **reply.facts}
    log.info("answered", extra=line | {"milliseconds": round(elapsed, 1)} | times)
    measure(reply.status, len(reply.body), elapsed, reply.facts, spent)
    if reply.status < 400 and request.method != "OPTIONS":  # a refusal tells nothing, its times included
        reply = replace(reply, headers={**reply.headers, "server-timing": timing.header(elapsed, spent)})
    return render(request, reply)


def _run(request: Request, route: Callable[[Request], Reply], log: Log) -> Reply:
    try:
        return route(request)
    except Refusal as refused:
        return refuse(refused)
    except Exception:
        log.exception("failed")
        return refuse(_Bug("unhandled exception"))


class _Bug(Refusal):
    status = 500
    message = "Something went wrong while processing your request."


def refuse(refused: Refusal) -> Reply:
    """The JSON answer to a refusal; its private reason goes to the log alone."""
    headers = {**SECURITY, **FRAMES, "content-type": JSON, "cache-control": NO_STORE}
    if isinstance(refused, Overloaded):
        headers["retry-after"] = "1"
    facts = {"reason": refused.reason, **({"denied": True} if isinstance(refused, Denied) else {})}
    return Reply(refused.status, headers, refused.body(), facts=facts)


def preflight(request: Request) -> Reply:
    """The answer to OPTIONS on any path."""
    return Reply(204, cors.preflight(request.headers))


def render(request: Request, reply: Reply) -> dict[str, Any]:
    """The payload-2.0 response; every body travels as base64, which all of them survive.

    API Gateway counts a body's length itself, so only HEAD names one.
    """
    headers = dict(reply.headers)
    if request.method != "OPTIONS":
        headers |= cors.simple(request.headers)
    if request.method == "HEAD":
        if reply.length is not None:
            headers["content-length"] = str(reply.length)
        return {"statusCode": reply.status, "headers": headers, "body": "", "isBase64Encoded": False}
    body = base64.b64encode(reply.body).decode("ascii")
    return {"statusCode": reply.status, "headers": headers, "body": body, "isBase64Encoded": True}
