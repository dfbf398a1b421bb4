"""How signals stop a program: while it starts, and while it runs."""

import signal
import sys
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


def end_on_interruptions() -> None:
    """Let SIGINT end the program at once and without a stack trace, while it starts or ends.

    The Makefile starts programs with SIGINT blocked, because Python itself would print a stack
    trace in its first milliseconds. A SIGINT that came meanwhile ends the program here. A program
    that was started to ignore SIGINT goes on to do so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def raise_interruptions() -> None:
    """Have SIGINT raise ``KeyboardInterrupt`` again, where ``end_on_interruptions`` was called."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, interrupt)


def _say_nothing(_: object) -> None:
    """Leave an error unreported that no code can handle."""
