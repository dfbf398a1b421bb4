import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pocketfiles.thumbs import memory_limit

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="without /proc")

MEGABYTE = 1 << 20

START = """
import resource

from pocketfiles.thumbs import memory_limit

MEGABYTE = 1 << 20
"""


def run(code: str) -> str:
    """What the code prints in a process of its own, in which no other thread runs."""
    folder = Path(memory_limit.__file__).parents[2]
    command = [sys.executable, "-c", START + code]
    done = subprocess.run(command, env={"PYTHONPATH": str(folder)}, capture_output=True, check=True)
    return done.stdout.decode()


def test_more_memory_than_that_is_refused() -> None:
    code = """
try:
    with memory_limit.at_most(64 * MEGABYTE):
        bytearray(16 * MEGABYTE)
        print("some")
        bytearray(512 * MEGABYTE)
except MemoryError:
    print("no more")
bytearray(512 * MEGABYTE)
print("all again")
"""
    assert run(code).splitlines() == ["some", "no more", "all again"]


def test_a_lower_limit_stays() -> None:
    code = """
most = resource.getrlimit(resource.RLIMIT_AS)[1]
lower = (900 * MEGABYTE, most)
resource.setrlimit(resource.RLIMIT_AS, lower)
with memory_limit.at_most(10_000 * MEGABYTE):
    print(resource.getrlimit(resource.RLIMIT_AS) == lower)
print(resource.getrlimit(resource.RLIMIT_AS) == lower)
"""
    assert run(code).splitlines() == ["True", "True"]


def test_nothing_is_bounded_while_other_threads_run() -> None:
    """The local server runs functions in threads, and the limit is the process's."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        with memory_limit.at_most(64 * MEGABYTE):
            assert resource.getrlimit(resource.RLIMIT_AS) == before
    finally:
        end.set()
        other.join()
