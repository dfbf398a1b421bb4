"""Bounds the memory that a decoder takes by what a file says, where no header tells how much.

The system refuses more, and the decoder fails as if there were no more memory.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # no Unix
    resource = None  # type: ignore[assignment]

_PAGES = Path("/proc/self/statm")
"""The first number in it is the pages of the process's address space (proc_pid_statm(5))."""


@contextmanager
def at_most(length: int) -> Iterator[None]:
    """Let the process take no more than so many bytes above what it has.

    Nothing is bounded where there is no ``/proc``, and where other threads of Python run: the limit
    is the whole process's, and would end what they do. A function on AWS runs in one thread.
    """
    is_alone = threading.active_count() == 1
    if resource is None or not _PAGES.exists() or not is_alone:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    given, most = before
    resource.setrlimit(resource.RLIMIT_AS, (_limit(length, given), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _limit(length: int, given: int) -> int:
    """So many bytes above the address space of now, but never more than the limit that there is."""
    pages = int(_PAGES.read_text().split()[0])
    limit = pages * resource.getpagesize() + length
    return limit if given == resource.RLIM_INFINITY else min(limit, given)
