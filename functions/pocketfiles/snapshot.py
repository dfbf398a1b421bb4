"""What SnapStart prepares: Lambda initialises a function once, takes a snapshot of its memory, and
starts every process from that snapshot.

The snapshot contains clients without open connections. It does not contain the catalogue, which
expires: the first request reads it. botocore renews credentials by the wall clock, and multipart
boundaries use the system's random numbers. The state of the module ``random`` would be shared by
all processes, and with it the backoff between botocore's attempts, so it is seeded again.
"""

import random
from collections.abc import Callable, Iterable
from importlib import import_module


def prepare(*parts: Callable[[], object], modules: Iterable[str]) -> None:
    """Before Lambda takes the snapshot, call the ``parts`` and import the ``modules``, which
    requests otherwise do when they first need them. Without SnapStart this has no effect."""
    try:
        hooks = import_module("snapshot_restore_py")  # part of Lambda's runtime, absent elsewhere
    except ImportError:
        return

    def load() -> None:
        for part in parts:
            part()
        for module in modules:
            import_module(module)

    hooks.register_before_snapshot(load)
    hooks.register_after_restore(random.seed)
