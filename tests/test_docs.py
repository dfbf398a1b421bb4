"""The documents name everything there is to use, and their links lead somewhere."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.cli import parser
from local.intrinsics import load
from tests.conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text(*names: str) -> str:
    return "\n".join((ROOT / name).read_text() for name in names)


def everything() -> str:
    return "\n".join(path.read_text() for path in DOCUMENTS)


def missing(names: list[str], documents: str) -> list[str]:
    """The names that stand nowhere as whole words."""
    assert names
    return [
        name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", documents)
    ]


def commands(of: argparse.ArgumentParser, before: str = "admin") -> Iterator[str]:
    """Every command line's beginning, e.g. ``admin collections apply``."""
    nested = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested:
        yield before
    for action in nested:
        for name, command in action.choices.items():
            yield from commands(command, f"{before} {name}")


def test_every_command_is_documented() -> None:
    assert missing(list(commands(parser())), text("README.md", "docs/operations.md")) == []


def test_every_environment_variable_is_documented() -> None:
    source = text("functions/pocketfiles/config.py")
    assert missing(re.findall(r'"([A-Z][A-Z_]+)"', source), text("README.md")) == []


def test_every_template_parameter_is_told() -> None:
    assert missing(list(load(text("template.yaml"))["Parameters"]), everything()) == []


def test_every_make_target_is_told() -> None:
    makefile = text("Makefile")
    (targets,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    helped = re.findall(r"^([a-z]+):.* ## ", makefile, re.MULTILINE)
    told = text("README.md", "CONTRIBUTING.md") + "".join(f" make {name} " for name in helped)
    assert missing([f"make {name}" for name in targets.split()], told) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = [link for link in LINK.findall(document.read_text()) if ":" not in link]
    paths = [
        document.parent / target.partition("#")[0]
        for target in targets
        if not target.startswith("#")
    ]
    assert [str(path) for path in paths if not path.exists()] == []


MAPS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/recording.md")
HOP = re.compile(r"`([\w/]+\.(?:py|js))(?:: |`: `)([A-Za-z_][\w.]*)`")
FILE = re.compile(r"`([\w/]+/[\w/]*\.py|[\w]+\.py)[`:]")
ROOMS = ("", "functions", "functions/pocketfiles", "functions/pocketfiles/thumbs", "admin")
"""Folders that a path in a map may begin in."""


def found(path: str) -> list[Path]:
    """The files that a path in a map may mean."""
    named = [ROOT / room / path for room in ROOMS]
    return [file for file in named if file.is_file()] or list(ROOT.glob(f"tests/*/{path}"))


def defined(path: Path) -> set[str]:
    """What a module defines: functions, classes and constants, and methods behind their class."""
    if path.suffix == ".js":
        return set(re.findall(r"^(?:async )?function (\w+)", path.read_text("utf-8"), re.MULTILINE))
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.FunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names |= {name} | {f"{name}.{each.name}" for each in methods(node)}
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [each for each in node.body if isinstance(each, ast.FunctionDef)]


@pytest.mark.parametrize("document", MAPS)
def test_every_file_and_function_on_a_map_exists(document: str) -> None:
    written = text(document)
    assert [path for path in FILE.findall(written) if not found(path)] == []
    hops = HOP.findall(written)
    assert [hop for hop in hops if not any(hop[1] in defined(file) for file in found(hop[0]))] == []


def test_the_architecture_has_many_hops() -> None:
    assert len(HOP.findall(text("docs/architecture.md"))) > 40


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(set(numbers)) == len(numbers)
