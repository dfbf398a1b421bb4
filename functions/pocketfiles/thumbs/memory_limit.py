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

_one_at_a_time = threading.Lock()


@contextmanager
def at_most(length: int) -> Iterator[None]:
    """Let the process take no more than so many bytes above what it has.

    Nothing is bounded where there is no ``/proc``. Of several threads, one goes on at a time.
    """
    if resource is None or not _PAGES.exists():
        yield
        return
    with _one_at_a_time:
        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(_PAGES.read_text().split()[0])
        limit = pages * resource.getpagesize() + length
        _, most = before
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
