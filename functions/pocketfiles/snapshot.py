"""SnapStart: Lambda loads a function once, keeps a picture of its memory, and starts every process from that.

What has to be fresh is not in the picture: clients are built, but no connection is open, and the catalogue
and the origin's secret, which age, are read by the first request. botocore renews credentials by the wall
clock, and boundaries take their randomness from the system. Left is ``random``, whose state all processes
would share, and with it the pauses between botocore's attempts.
"""

import random
from collections.abc import Callable, Iterable
from importlib import import_module


def prepare(*parts: Callable[[], object], modules: Iterable[str]) -> None:
    """Have Lambda build the ``parts`` and import the ``modules``, which requests do when they first need
    them, before it takes the picture. Without SnapStart it never asks."""
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
