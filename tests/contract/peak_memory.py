"""How many megabytes a thumb of FILE takes above a process that has made one of SMALL.

python -m tests.contract.peak_memory FILE SMALL
"""

import resource
import sys
from contextlib import suppress
from pathlib import Path

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize


def peak() -> float:
    """Megabytes this process has held at most."""
    status = Path(
        "/proc/self/status"
    )  # what getrusage tells on Linux includes the parent before exec
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Print it."""
    file, small = sys.argv[1:]
    render(Path(small).read_bytes(), ThumbSize(30, 30))
    data = Path(file).read_bytes()
    before = peak()
    with suppress(ThumbFailed):
        render(data, ThumbSize(30, 30))
    print(peak() - before)


if __name__ == "__main__":
    main()
