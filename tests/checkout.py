"""A folder that looks like the checkout, for commands that write where they are run."""

import sys
from pathlib import Path

from tests.conftest import ROOT

NOT_LINKED = {".aws-sam", ".git", ".venv"}


def link_checkout(folder: Path) -> None:
    """Link all files of the checkout into the folder, and this Python's environment as .venv."""
    for path in ROOT.iterdir():
        if path.name not in NOT_LINKED:
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
