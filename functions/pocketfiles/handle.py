"""Run one request: call the use case, log one line, measure it, and turn whatever is raised into our JSON.

No token, query or URL is ever logged.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from pocketfiles import gateway, timing
from pocketfiles.errors import Denied, Overloaded, Refusal
from pocketfiles.http.headers import FRAMES, NO_STORE, SECURITY
from pocketfiles.http.messages import JSON, Reply, Request


class Measure(Protocol):
    """Counts one answer; ``metrics.emit`` does."""

    def __call__(
        self,
        status: int,
        length: int,
        milliseconds: float,
        facts: Mapping[str, Any],
        spent: timing.Spent,
        /,
    ) -> None:
        """Count it: ``length`` in bytes, ``spent`` in milliseconds by service."""


class Log(Protocol):
    """The two levels used, as Powertools' logger has them; ``extra`` becomes keys of the line."""

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        """An expected outcome."""

    def exception(self, msg: object, /) -> None:
        """A bug, with its stack trace."""


def answer(
    event: gateway.Event, route: Callable[[Request], Reply], log: Log, measure: Measure
) -> dict[str, Any]:
    """Run one request through ``route``, log and measure it, and render what comes out."""
    started = time.perf_counter()
    request = gateway.request_of(event)
    with timing.recording() as spent:
        reply = _run(request, route, log)
    elapsed = (time.perf_counter() - started) * 1000
    times = {f"{name}_milliseconds": round(value, 1) for name, value in spent.items()}
    line = {
        "method": request.method,
        "status": reply.status,
        "bytes": len(reply.body),
        **reply.facts,
    }
    log.info("answered", extra=line | {"milliseconds": round(elapsed, 1)} | times)
    measure(reply.status, len(reply.body), elapsed, reply.facts, spent)
    if (
        reply.status < 400 and request.method != "OPTIONS"
    ):  # a refusal tells nothing, its times included
        reply = replace(
            reply, headers={**reply.headers, "server-timing": timing.header(elapsed, spent)}
        )
    return gateway.render(request, reply)


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
