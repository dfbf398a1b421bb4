"""Where a sync writes: the table, the bucket and the distribution, and how much at once."""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeAlias

from ..target.actions import Change
from ..target.bucket import Bucket
from ..target.edge import NO_EDGE, Edge
from ..target.writer import Writer
from .elsewhere import Elsewhere
from .mirror import Mirror
from .pending import Pending

WORKERS = 8

NOTHING_ELSEWHERE = Elsewhere()

LONGEST_REQUEST_SECONDS = 40.0
"""The time limits of the functions and of API Gateway, with a margin."""

SETTLE_SECONDS = 110.0
"""How long after a publication a request may still go by the data before: a process that cannot
read the pointer uses its last for a minute, and a request lasts up to 30 s."""

OnDone: TypeAlias = Callable[[Change], None]
"""Called with each change that has been carried out."""


@dataclass(frozen=True)
class Target:
    """Where to write, and how much at once. ``clock`` in epoch seconds."""

    writer: Writer
    bucket: Bucket
    pool: Executor
    clock: Callable[[], float] = time.time
    edge: Edge = NO_EDGE
    elsewhere: Elsewhere = NOTHING_ELSEWHERE
    """Which actions take a file from a record that is not deleted here."""


def pending_of(target: Target, mirror: Mirror) -> Pending:
    """The invalidations that are still to be asked for."""
    writer = target.writer
    return Pending(writer.table, target.edge, target.clock, mirror.later, writer.keep_alive)
