"""Run one request: call the use case, log one line, count metrics, and answer every error in JSON.
A protected file that is opened leaves an audit line as well.

No token, query string or URL is ever logged.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from pocketfiles import __version__, gateway, timing
from pocketfiles.errors import DecisionFailed, Denied, Overloaded, Refusal, SyncTooOld
from pocketfiles.http.caching import NO_STORE
from pocketfiles.http.headers import FRAMES, SECURITY
from pocketfiles.http.messages import JSON, Reply, Request
from pocketfiles.log_fields import LogFields, Opening
from pocketfiles.metrics import Measured

OPENED = "opened"
"""Message of the audit line about a protected file."""

Audit: TypeAlias = Callable[[Mapping[str, object]], None]
"""Writes an audit line. Raises a ``Refusal`` if it cannot."""


class Log(Protocol):
    """The methods used of Powertools' logger. ``extra`` becomes keys of the line."""

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        """Log an expected outcome."""

    def exception(self, msg: object, /) -> None:
        """Log a bug, with its stack trace."""


def answer(
    event: gateway.Event,
    route: Callable[[Request], Reply],
    log: Log,
    measure: Callable[[Measured], None],
    audit: Audit | None = None,
) -> dict[str, Any]:
    """Run one request through ``route``, log and measure it, and render the response.

    ``audit`` writes the audit line of a protected file; without it, ``log`` does.
    """
    started = time.perf_counter()
    request = gateway.request_of(event)
    with timing.recording() as spent:
        reply = _run(request, route, log)
        if reply.opening is not None:
            reply = _audited(reply, reply.opening, log, audit)
    elapsed = (time.perf_counter() - started) * 1000
    measured = Measured(reply.status, len(reply.body), elapsed, spent, reply.log_fields)
    log.info("answered", extra=_line(request, measured))
    measure(measured)
    # A refusal must not reveal by its timings whether the file exists.
    if reply.status < HTTPStatus.BAD_REQUEST and request.method != "OPTIONS":
        server_timing = timing.header(elapsed, spent)
        reply = replace(reply, headers={**reply.headers, "server-timing": server_timing})
    return gateway.render(request, reply)


def _line(request: Request, measured: Measured) -> dict[str, object]:
    """The keys of the log line."""
    by_service = {f"{name}_milliseconds": round(ms, 1) for name, ms in measured.spent.items()}
    return {
        "version": __version__,
        "method": request.method,
        "status": measured.status,
        "bytes": measured.length,
        "milliseconds": round(measured.milliseconds, 1),
        **by_service,
        **measured.log_fields.as_dict(),
    }


def _run(request: Request, route: Callable[[Request], Reply], log: Log) -> Reply:
    try:
        return route(request)
    except Refusal as refusal:
        if isinstance(refusal, DecisionFailed):
            log.exception("failed")
        return refuse(refusal)
    except Exception:
        log.exception("failed")
        return refuse(_InternalError("unhandled exception"))


def _audited(reply: Reply, opening: Opening, log: Log, audit: Audit | None) -> Reply:
    """Write the audit line, and return the reply, whose log fields tell if that failed.

    A file is not refused because its audit line cannot be written: the function's own log takes
    it, so that every opening leaves one.
    """
    line = opening.as_dict()
    if audit is None:
        log.info(OPENED, extra=line)
        return reply
    try:
        audit({"message": OPENED, **line})
    except Refusal as refusal:
        log.info(OPENED, extra=line)
        log_fields = replace(
            reply.log_fields,
            audit_failed=refusal.reason,
            operator_must_act=reply.log_fields.operator_must_act or refusal.operator_must_act,
        )
        return replace(reply, log_fields=log_fields)
    return reply


class _InternalError(Refusal):
    status = 500
    message = "Something went wrong while processing your request."


def refuse(refusal: Refusal) -> Reply:
    """The JSON response to a refusal. Its private reason goes to the log only."""
    headers = {**SECURITY, **FRAMES, "content-type": JSON, "cache-control": NO_STORE}
    if isinstance(refusal, Overloaded):
        headers["retry-after"] = "1"
    log_fields = LogFields(
        reason=refusal.reason,
        denied=isinstance(refusal, Denied),
        operator_must_act=refusal.operator_must_act,
        sync_age=refusal.sync_age if isinstance(refusal, SyncTooOld) else None,
    )
    return Reply(refusal.status, headers, refusal.body(), log_fields=log_fields)
