"""How many megabytes a thumb of FILE takes above a process that has made one of SMALL.

    python -m tests.contract.peak_memory FILE SMALL [SIZE]

FILE may be a folder: then it is the most that any of its files takes, in sizes that take turns.
"""

import resource
import sys
from contextlib import suppress
from pathlib import Path

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse


def peak() -> float:
    """Megabytes this process has held at most."""
    status = Path(
        "/proc/self/status"
    )  # what getrusage tells on Linux includes the parent before exec
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


SIZES = ("30x30", "100x100", "300x0", "0x200t", "640x480f", "1200x900b", "2000x2000f")


def main() -> None:
    """Print it."""
    file, small, size = (*map(Path, sys.argv[1:3]), (*sys.argv[3:], "30x30")[0])
    render(small.read_bytes(), parse("30x30"))
    files = sorted(file.iterdir()) if file.is_dir() else [file]
    sizes = SIZES if file.is_dir() else (size,)
    before = peak()
    for number, path in enumerate(files):
        with suppress(ThumbFailed):
            render(path.read_bytes(), parse(sizes[number % len(sizes)]))
    print(peak() - before)


if __name__ == "__main__":
    main()
