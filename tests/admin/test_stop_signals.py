import subprocess
import sys

import pytest

from tests.conftest import ROOT

START = """
import os, signal
from admin.stop_signals import end_on_interruptions, raise_interruptions
signal.signal(signal.SIGINT, signal.{before})
end_on_interruptions()
{then}
"""
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"
BLOCKED = "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})"

# As http.client's HTTPResponse does when it is interrupted early.
HALF_MADE = f"""
class HalfMade:
    def __init__(self):
        {INTERRUPT}
        self.file = None

    def __del__(self):
        self.file
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_that_is_interrupted_while_it_starts_ends_without_a_stack_trace() -> None:
    then = f"{INTERRUPT}\nprint('went on')"
    ended = run(START.format(before="default_int_handler", then=then))
    assert (ended.returncode, ended.stdout, ended.stderr) == (-2, "", "")


def test_once_it_has_started_it_may_handle_the_interruption() -> None:
    then = f"try: raise_interruptions(); {INTERRUPT}\nexcept KeyboardInterrupt: print('handled')"
    ended = run(START.format(before="default_int_handler", then=then))
    assert (ended.returncode, ended.stdout) == (0, "handled\n")


def test_an_object_that_is_interrupted_while_it_is_made_is_no_news() -> None:
    handled = "try: HalfMade()\nexcept KeyboardInterrupt: print('handled')"
    then = f"{HALF_MADE}\nraise_interruptions()\n{handled}"
    ended = run(START.format(before="default_int_handler", then=then))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "handled\n", "")


def test_a_program_that_ignores_interruptions_goes_on() -> None:
    then = f"{INTERRUPT}\nraise_interruptions()\n{INTERRUPT}\nprint('went on')"
    ended = run(START.format(before="SIG_IGN", then=then))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")


@pytest.mark.parametrize("module", ["admin", "local"])
def test_an_interruption_that_came_before_python_had_started_ends_the_program(module: str) -> None:
    code = f"{BLOCKED}; {INTERRUPT}; os.execv({sys.executable!r}, ['python', '-m', {module!r}])"
    ended = run(code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-2, "", "")
