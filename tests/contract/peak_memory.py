"""How many megabytes a thumb of FILE takes above a process that has made a small one, and whether
it is ``made`` or why not.

    python -m tests.contract.peak_memory FILE [SIZE]

FILE may be a folder: then it is the most that any of its files takes, in sizes that take turns, and
what becomes of the last one.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
from tests.contract.hostile_pictures import SMALL

ROOT = Path(__file__).resolve().parent.parent.parent


def peak() -> float:
    """Megabytes this process has held at most."""
    status = Path("/proc/self/status")  # on Linux, getrusage includes the parent before exec
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


SIZES = ("30x30", "100x100", "300x0", "0x200t", "640x480f", "1200x900b", "2000x2000f")


def megabytes(file: Path, size: str = "30x30") -> float:
    """How many a process of its own takes."""
    return measured(file, size)[0]


def measured(file: Path, size: str = "30x30") -> tuple[float, str]:
    """What this module prints in a process of its own, in which no other thread runs."""
    command = [sys.executable, "-m", "tests.contract.peak_memory", str(file), size]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("functions", "."))
    # What is freed goes back to the system at once: each glibc keeps another share of it otherwise.
    environment = os.environ | {"PYTHONPATH": path, "MALLOC_MMAP_THRESHOLD_": "65536"}
    run = subprocess.run(command, env=environment, capture_output=True, check=True)
    taken, outcome = run.stdout.decode().split()
    return float(taken), outcome


def main() -> None:
    """Print it."""
    file = Path(sys.argv[1])
    size = sys.argv[2] if len(sys.argv) > 2 else "30x30"
    render(SMALL, parse("30x30"))
    files = sorted(file.iterdir()) if file.is_dir() else [file]
    sizes = SIZES if file.is_dir() else (size,)
    before = peak()
    outcome = "made"
    for number, path in enumerate(files):
        outcome = _outcome(path.read_bytes(), sizes[number % len(sizes)])
    print(peak() - before, outcome)


def _outcome(data: bytes, size: str) -> str:
    try:
        render(data, parse(size))
    except ThumbFailed as failed:
        return failed.reason
    return "made"


if __name__ == "__main__":
    main()
