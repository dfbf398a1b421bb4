"""The documents name everything there is to use, and their links lead somewhere."""

import argparse
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


def test_every_command_is_told() -> None:
    assert missing(list(commands(parser())), text("README.md", "docs/operations.md")) == []


def test_every_environment_variable_is_told() -> None:
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
