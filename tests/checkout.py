"""The checkout's programs: run as they are, or in a folder that looks like the checkout, for those
that write where they are run."""

import os
import subprocess
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


def run_module(
    module: str, *arguments: str | Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a module of the checkout as a program, and keep what it prints."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
