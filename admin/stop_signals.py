"""How a program that waits is stopped."""

import signal


def interrupt_on_stop_signals() -> None:
    """Have SIGINT and SIGTERM raise ``KeyboardInterrupt`` in the main thread.

    Service managers stop a program with SIGTERM. A program that a script starts in the background
    is born ignoring SIGINT.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
