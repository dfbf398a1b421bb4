"""Every package's docstring names every module of the package, one line each, and no other."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = sorted(
    path.parent
    for folder in ("functions", "admin", "local", "benchmarks")
    for path in (ROOT / folder).rglob("__init__.py")
)
LINE = re.compile(r"^(?:[*-] )?``(\w+)``(?::| ) *\S", re.MULTILINE)
"""A line about a module: its name, then what it is."""


def inside(package: Path) -> list[str]:
    """The modules and packages in a package, but for those that Python itself gives a meaning."""
    names = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    return sorted([*names, *(path.parent.name for path in package.glob("*/__init__.py"))])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_names_each_of_its_modules_once(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text("utf-8"))
    assert sorted(LINE.findall(ast.get_docstring(tree) or "")) == inside(package)


def test_the_packages_are_found() -> None:
    names = {str(package.relative_to(ROOT)) for package in PACKAGES}
    assert names >= {"functions/files", "functions/pocketfiles/rules", "admin/sync", "local/cdn"}
