"""``python -m admin``, from the project's folder."""

import sys
from pathlib import Path

from .stop_signals import end_on_interruptions

_LIBRARY = Path(__file__).resolve().parent.parent / "functions"

if __name__ == "__main__":
    end_on_interruptions()
    if __package__ == "admin":  # in the checkout, where the library is not installed
        sys.path.insert(0, str(_LIBRARY))
    from .cli import main

    code = main(sys.argv[1:])
    end_on_interruptions()
    raise SystemExit(code)
