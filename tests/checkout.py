"""A folder that looks like the checkout, for commands that write where they are run."""

import os
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


def own_environment(**variables: str) -> dict[str, str]:
    """The environment without what the `make` that runs these tests passes on to another."""
    passed_on = ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if name not in passed_on}
    return {**kept, **variables}
