"""What `pip install .` installs: one top-level name, with the program in it."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from pocketfiles import __version__
from tests.conftest import ROOT

LIBRARY = ROOT / "functions" / "pocketfiles"
ADMIN = ROOT / "admin"


def setuptools() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: dict[str, Any] = settings["tool"]["setuptools"]
    return found


def packages(folder: Path, name: str) -> set[str]:
    inner = (path.parent.relative_to(folder).parts for path in folder.rglob("__init__.py"))
    return {".".join((name, *parts)) for parts in inner}


def test_all_packages_of_the_library_and_of_admin_are_installed_and_nothing_else() -> None:
    expected = packages(LIBRARY, "pocketfiles") | packages(ADMIN, "pocketfiles.admin")
    assert set(setuptools()["packages"]) == expected


def test_all_is_installed_under_one_top_level_name() -> None:
    settings = setuptools()
    assert {name.partition(".")[0] for name in settings["packages"]} == {"pocketfiles"}
    folders = {name: ROOT / folder for name, folder in settings["package-dir"].items()}
    assert folders == {"pocketfiles": LIBRARY, "pocketfiles.admin": ADMIN}


def test_admin_imports_its_own_modules_relatively() -> None:
    for path in ADMIN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            roots = {name.partition(".")[0] for name in names}
            assert not roots & {"admin", "local", "files", "tokens"}, path


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with what pip would put into site-packages."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LIBRARY, tmp_path / "pocketfiles", ignore=unwanted)
    shutil.copytree(ADMIN, tmp_path / "pocketfiles" / "admin", ignore=unwanted)
    return tmp_path


def run_installed(folder: Path, *arguments: str) -> str:
    call = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from pocketfiles.admin.cli import program"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{call}; sys.exit(program())", str(folder), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_installed_program_tells_its_version(installed: Path) -> None:
    assert run_installed(installed, "--version") == f"PocketFiles {__version__}\n"


def test_the_installed_programs_help_names_the_program_as_it_is_called(installed: Path) -> None:
    assert run_installed(installed, "--help").startswith("usage: pocketfiles ")
    assert "  pocketfiles import --pb-data" in run_installed(installed, "import", "--help")


def test_the_checkouts_program_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"PocketFiles {__version__}\n"
