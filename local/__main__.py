"""``python -m local``, from the project's folder."""

import os
import sys
from pathlib import Path

from admin.stop_signals import ended_by_interruptions

if __name__ == "__main__":
    os.environ["BOTO_DISABLE_CRT"] = "true"  # Lambda has no awscrt: sign here as there
    # Where Lambda has it too: at the head of the path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functions"))
    with ended_by_interruptions():
        from local.cli import main

    raise SystemExit(main(sys.argv[1:]))
