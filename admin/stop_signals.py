"""How signals stop a program: while it starts, and while it waits."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def interrupt_on_stop_signals() -> None:
    """Have SIGINT and SIGTERM raise ``KeyboardInterrupt`` in the main thread.

    Service managers stop a program with SIGTERM. A program that a script starts in the background
    is born ignoring SIGINT.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


@contextmanager
def ended_by_interruptions() -> Iterator[None]:
    """Let SIGINT end the program at once and without a stack trace, as long as it only starts."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # and is not ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
