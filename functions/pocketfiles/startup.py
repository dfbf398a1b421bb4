"""The start of a function: clients are built at once, and garbage is collected only afterwards.

Lambda gives a function a full vCPU while it starts, however little memory it has.

What is loaded then, modules and clients, stays until the process ends. Collections in the meantime
search it for garbage in vain, which takes a tenth of a cold start (docs/performance.md). Later ones
leave it out, so each takes less time than it would otherwise.
"""

import gc
from collections.abc import Callable, Mapping


def begin() -> None:
    """Put garbage collection off until ``finish``. Called before anything else is imported."""
    gc.disable()


def finish(env: Mapping[str, str], *parts: Callable[[], object]) -> None:
    """Build the parts, if the environment has settings for them, and let garbage be collected."""
    if "TABLE_NAME" in env:
        for part in parts:
            part()
    gc.freeze()
    gc.enable()
