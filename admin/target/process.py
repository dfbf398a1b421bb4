"""Names a process of this machine, so that it can be told later whether it still runs."""

import os
from pathlib import Path

_PROC = Path("/proc")
_START_TIME = 19
"""Place of the start time in ``/proc/<pid>/stat`` behind the command's name (proc(5))."""


def own() -> str:
    """The name of this process; empty where the system cannot tell processes apart."""
    return _name(os.getpid())


def is_over(name: str) -> bool:
    """Whether the named process has ended for certain, or is this very process.

    A process of another machine, of another start of this one or of another container is never
    over: nothing is known about it.
    """
    if not name:
        return False
    machine, _, started = name.partition(" ")
    pid = started.partition("@")[0]
    if machine != _machine() or not pid.isdigit():
        return False
    return name == own() or _name(int(pid)) != name


def _name(pid: int) -> str:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return f"{_machine()} {pid}@{fields[_START_TIME]}"
    except (OSError, IndexError):
        return ""


def _machine() -> str:
    """This start of the machine, and the namespace that its process ids belong to."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return "unknown"
    return f"{boot}/{namespace}"
