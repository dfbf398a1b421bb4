"""Says on standard error what a command is doing, if it takes long."""

import threading
from collections.abc import Callable

from . import output

EVERY_SECONDS = 10.0


class Status:
    """Prints ``text`` every ten seconds while the block lasts, and nothing while it is empty.

    A command that is done before the first ten seconds are over prints nothing.
    """

    def __init__(
        self,
        say: Callable[[str], None] = output.complain,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self.text = ""
        self._say = say
        self._every_seconds = every_seconds
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Status":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._has_ended.wait(self._every_seconds):
            if self.text:
                self._say(f"still {self.text}")
