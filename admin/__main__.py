"""``python -m admin``, from the project's folder."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))
    from .cli import main

    raise SystemExit(main(sys.argv[1:]))
