"""The time one request spends on each AWS service: for the log, metrics and ``Server-Timing``."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Spent: TypeAlias = dict[str, float]
"""Milliseconds by service."""

_current: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def recording() -> Iterator[Spent]:
    """Record the time that the request inside the block spends."""
    spent: Spent = {}
    token = _current.set(spent)
    try:
        yield spent
    finally:
        _current.reset(token)


@contextmanager
def spent_on(service: str) -> Iterator[None]:
    """Count the time inside the block as the service's, also if the call fails."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent = _current.get()
        if spent is not None:
            milliseconds = (time.perf_counter() - started) * 1000
            spent[service] = spent.get(service, 0.0) + milliseconds


def header(total: float, spent: Mapping[str, float]) -> str:
    """``Server-Timing`` (W3C Server Timing §2): the total and each service, in milliseconds."""
    durations = {"total": total, **spent}
    return ", ".join(f"{name};dur={value:.1f}" for name, value in durations.items())
