import subprocess
import sys

from tests.conftest import ROOT

START = """
import os, signal
from admin.stop_signals import ended_by_interruptions
signal.signal(signal.SIGINT, signal.{before})
with ended_by_interruptions():
    {starting}
{then}
"""
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"

# As http.client's HTTPResponse does when it is interrupted early.
HALF_MADE = f"""
class HalfMade:
    def __init__(self):
        {INTERRUPT}
        self.file = None

    def __del__(self):
        self.file
"""


def run(before: str, starting: str, then: str) -> subprocess.CompletedProcess[str]:
    code = START.format(before=before, starting=starting, then=then)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_that_is_interrupted_while_it_starts_ends_without_a_stack_trace() -> None:
    ended = run("default_int_handler", INTERRUPT, "print('went on')")
    assert (ended.returncode, ended.stdout, ended.stderr) == (-2, "", "")


def test_once_it_has_started_it_may_handle_the_interruption() -> None:
    then = f"try: {INTERRUPT}\nexcept KeyboardInterrupt: print('handled')"
    ended = run("default_int_handler", "pass", then)
    assert (ended.returncode, ended.stdout) == (0, "handled\n")


def test_an_object_that_is_interrupted_while_it_is_made_is_no_news() -> None:
    then = f"{HALF_MADE}\ntry: HalfMade()\nexcept KeyboardInterrupt: print('handled')"
    ended = run("default_int_handler", "pass", then)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "handled\n", "")


def test_a_program_that_ignores_interruptions_goes_on() -> None:
    ended = run("SIG_IGN", INTERRUPT, f"{INTERRUPT}\nprint('went on')")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")
