"""How long one request spent on each service: for the log, the metrics and ``Server-Timing``."""

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
    """Gather what the request inside spends."""
    spent: Spent = {}
    token = _current.set(spent)
    try:
        yield spent
    finally:
        _current.reset(token)


@contextmanager
def spent_on(service: str) -> Iterator[None]:
    """Count the time inside as the service's, failed calls included."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent = _current.get()
        if spent is not None:
            spent[service] = spent.get(service, 0.0) + (time.perf_counter() - started) * 1000


def header(total: float, spent: Mapping[str, float]) -> str:
    """The ``Server-Timing`` value (W3C Server Timing §2): the whole, then each service, in milliseconds."""
    return ", ".join(f"{name};dur={value:.1f}" for name, value in {"total": total, **spent}.items())
