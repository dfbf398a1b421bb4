"""Runs the programs of an installation, so that an interruption ends them with all they started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

SECONDS_TO_END = 5
"""How long an interrupted program may take to end."""


class Programs:
    """Runs the programs of an installation, each in a session of its own.

    Ctrl-C reaches this process alone, which ends a program with all that it started. Each holds the
    lock, so that the next installation waits for what a SIGKILL of this process leaves running.
    """

    def __init__(self, lock: IO[str], temporary: Path) -> None:
        self._lock = lock
        self._environment = {**os.environ, "TMPDIR": str(temporary.resolve())}

    def run(self, *command: str) -> int:
        """Run a program and pass on what it prints. Return its exit code, negative for a signal."""
        put_off = _PutOff()  # a program that is only half started could not be ended
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self._environment,
            pass_fds=[self._lock.fileno()],
            start_new_session=True,
        ) as program:
            assert program.stdout is not None  # noqa: S101 - it is a pipe
            try:
                put_off.end()
                for line in program.stdout:
                    say(line.rstrip("\n"))
            except BaseException:
                _end(program)  # and what it still prints is about the interruption
                raise
        return program.returncode


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)


def why_failed(code: int) -> str:
    """How a program failed, by its exit code."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "failed, for the reason above"


def interrupt_on_stop_signals() -> None:
    """Have SIGINT and SIGTERM raise ``KeyboardInterrupt``, unless SIGINT is ignored.

    The Makefile starts this program with SIGINT blocked, because Python itself would print a stack
    trace in its first milliseconds. A SIGINT that came meanwhile is raised here.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end(program: subprocess.Popen[str]) -> None:
    """End a program and what it started: SIGINT lets pip tidy up."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            program.communicate(timeout=SECONDS_TO_END)
        os.killpg(program.pid, signal.SIGKILL)


class _PutOff:
    """Puts interruptions off, from when it is made until its end."""

    def __init__(self) -> None:
        self._is_interrupted = False
        for number in self._numbers(signal.default_int_handler):
            signal.signal(number, self._remember)

    def end(self) -> None:
        """Raise ``KeyboardInterrupt`` if there was an interruption, and at the next one."""
        for number in self._numbers(self._remember):
            signal.signal(number, signal.default_int_handler)
        if self._is_interrupted:
            raise KeyboardInterrupt

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._is_interrupted = True

    def _numbers(self, handler: Callable[[int, FrameType | None], None]) -> list[signal.Signals]:
        stop_signals = (signal.SIGINT, signal.SIGTERM)
        return [number for number in stop_signals if signal.getsignal(number) == handler]
