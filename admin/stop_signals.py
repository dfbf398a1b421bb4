"""How signals stop a program: while it starts, and while it runs."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def interrupt(number: int, frame: FrameType | None) -> None:
    """A signal's handler: raise ``KeyboardInterrupt``, which is all that the user shall see."""
    # An object that is interrupted while it is made may fail when it is collected.
    sys.unraisablehook = _say_nothing
    signal.default_int_handler(number, frame)


def interrupt_on_stop_signals() -> None:
    """Have SIGINT and SIGTERM raise ``KeyboardInterrupt`` in the main thread.

    Service managers stop a program with SIGTERM. A program that a script starts in the background
    is born ignoring SIGINT.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


@contextmanager
def ended_by_interruptions() -> Iterator[None]:
    """Let SIGINT end the program at once and without a stack trace, as long as it only starts.

    Afterwards it raises ``KeyboardInterrupt``, unless the program was started to ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)


def _say_nothing(_: object) -> None:
    """Leave an error unreported that no code can handle."""
