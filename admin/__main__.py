"""``python -m admin``, from the project's folder."""

import sys
from pathlib import Path

from .stop_signals import ended_by_interruptions

_LIBRARY = Path(__file__).resolve().parent.parent / "functions"

if __name__ == "__main__":
    if __package__ == "admin":  # in the checkout, where the library is not installed
        sys.path.insert(0, str(_LIBRARY))
    with ended_by_interruptions():
        from .cli import main

    raise SystemExit(main(sys.argv[1:]))
