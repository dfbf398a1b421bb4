"""``python -m local``, from the project's folder."""

import os
import sys
from pathlib import Path

from admin.stop_signals import end_on_interruptions

if __name__ == "__main__":
    end_on_interruptions()
    os.environ["BOTO_DISABLE_CRT"] = "true"  # Lambda has no awscrt: sign here as there
    # Where Lambda has it too: at the head of the path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functions"))
    from local.cli import main

    code = main(sys.argv[1:])
    end_on_interruptions()
    raise SystemExit(code)
