"""The command lines in the documents: where they stand, and what is promised to be printed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.conftest import ROOT

DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
        *(ROOT / ".github").rglob("*.example"),
    ]
)
PROGRAM = re.compile(
    r"(?:[A-Z]+=\$\()?"
    r"(?:make|aws|pip|pipx|pocketbase|pocketfiles|cp|mkdir|sam|docker|python3?|\.venv/bin/\w+)(?= )"
)
"""How a command line begins, maybe after ``NAME=$(``."""

_FENCE = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_STEP = re.compile(r"- run: (.+)")
_UNIT = re.compile(r"^ +ExecStart=/opt/pocketfiles/(.+)", re.MULTILINE)
_OPTION_ROW = re.compile(r"^\| `(--[^`]+)` \|", re.MULTILINE)
_COMMENT = re.compile(r"\s+# .*")


@dataclass(frozen=True)
class Block:
    """Command lines that follow one another, and what the last of them is said to print."""

    document: str
    commands: tuple[str, ...]
    output: str = ""


def blocks() -> list[Block]:
    """All commands of all documents, each once. One in a sentence is a block of its own."""
    found = [block for path in DOCUMENTS if path.name != "CHANGELOG.md" for block in _blocks(path)]
    in_sequence = {line for block in found for line in block.commands if len(block.commands) > 1}
    once = {block.commands: block for block in found}
    return [
        block
        for block in once.values()
        if len(block.commands) > 1 or block.commands[0] not in in_sequence
    ]


def _blocks(path: Path) -> Iterator[Block]:
    document = str(path.relative_to(ROOT))
    text = path.read_text()
    without_fences = _FENCE.sub("", text)
    for part in (*_FENCE.findall(text), *_indented(without_fences)):
        commands, output = _split(part)
        if commands:
            yield Block(document, commands, output)
    for command in (*_STEP.findall(text), *_UNIT.findall(text)):
        yield Block(document, (command,))
    for command in _SPAN.findall(without_fences):
        if PROGRAM.match(command) and "…" not in command:
            yield Block(document, (command,))
    if 'make run ARGS="…"' in text:
        for options in _OPTION_ROW.findall(text):
            yield Block(document, (f'make run ARGS="{options}"',))


def _indented(text: str) -> Iterator[str]:
    """The parts that are indented as code; blank lines belong to them."""
    lines = text.splitlines(keepends=True)
    for is_code, part in groupby(lines, lambda line: line.startswith("    ") or line == "\n"):
        if is_code:
            yield "".join(line.removeprefix("    ") for line in part)


def _split(part: str) -> tuple[tuple[str, ...], str]:
    """The commands of a part, and the text after them."""
    commands = []
    output = []
    for line in part.replace("\\\n", "").splitlines():
        if PROGRAM.match(line) and not output:
            commands.append(" ".join(_COMMENT.sub("", line).split()))
        elif line.strip():
            output.append(line)
    return tuple(commands), "\n".join(output)
