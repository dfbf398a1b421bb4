"""When the request being handled must be answered. That moment bounds every wait."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RESPONSE_SECONDS = 1
"""Time set aside for rendering and logging the response."""

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Give the request handled inside the block that many seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def deadline() -> float:
    """The moment, on the clock of ``time.monotonic``; infinity outside ``deadline_in``."""
    return _deadline.get()


def seconds_left() -> float | None:
    """How long the request may still wait for something before it must begin to respond.

    ``None`` outside ``deadline_in``: there is no limit.
    """
    if deadline() == math.inf:
        return None
    return max(0.0, deadline() - RESPONSE_SECONDS - time.monotonic())
