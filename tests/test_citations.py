"""Every section of docs/pocketbase.md that code, tests or documents cite exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SPECIFICATION = ROOT / "docs" / "pocketbase.md"
FOLDERS = ("functions", "admin", "local", "benchmarks", "edge", "layers", "tests", "docs")
CITING = sorted(
    path
    for folder in FOLDERS
    for pattern in ("*.py", "*.md", "*.js")
    for path in (ROOT / folder).rglob(pattern)
    if path != SPECIFICATION
)

SECTION = r"§[0-9]+(?:\.[0-9]+)*"
CHAIN = re.compile(rf"{SECTION}(?:(?:,|,? and| to|/) ?{SECTION})*")
SOURCE = re.compile(
    r"pocketbase\.md|RFC [0-9]+|PNG third edition|SQLite file format|MIME Sniffing|DC-008"
    r"|TIFF 6\.0|Server Timing"
)
"""What a section may be of."""

NEAR = 100
"""How many characters before a section its source may be named."""


def cited_in(text: str) -> Iterator[str]:
    """The numbers of the sections of pocketbase.md that a file cites.

    A section is of the source that is named last before it. Where none is near, it is of
    pocketbase.md if the file names that at all.
    """
    for chain in CHAIN.finditer(text):
        near = SOURCE.findall(text, max(0, chain.start() - NEAR), chain.start())
        if (near[-1] if near else "pocketbase.md") == "pocketbase.md" and "pocketbase.md" in text:
            yield from re.findall(r"[0-9]+(?:\.[0-9]+)*", chain[0])


def sections() -> set[str]:
    """The numbers of all headings, and of the numbered items below them."""
    found, heading = set(), ""
    for line in SPECIFICATION.read_text("utf-8").splitlines():
        if number := re.match(r"##+ ([0-9]+(?:\.[0-9]+)*)\.? ", line):
            heading = number[1]
            found.add(heading)
        elif item := re.match(r"([0-9]+)\. ", line):
            found.add(f"{heading}.{item[1]}")
    return found


SECTIONS = sections()


@pytest.mark.parametrize("path", CITING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_cited_section_exists(path: Path) -> None:
    assert set(cited_in(path.read_text("utf-8"))) <= SECTIONS


def test_the_specification_cites_sections_of_its_own() -> None:
    text = SPECIFICATION.read_text("utf-8")
    cited = set(re.findall(r"§([0-9]+(?:\.[0-9]+)*)", text))
    assert cited <= SECTIONS


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("Tokens (pocketbase.md §2.2, §2.3)", ["2.2", "2.3"]),
        ("as RFC 9110 §13.1.5 has it", []),
        ("pocketbase.md §5.3; RFC 9110 §13 and §14", ["5.3"]),
        ("RFC 9110 §13, in the order of §13.2.2 (pocketbase.md §5.3)", ["5.3"]),
        ("pocketbase.md §7: text to tokens (§7.1)", ["7", "7.1"]),
        ("a section (§7.1) of nothing that is named", []),
    ],
)
def test_a_citation_is_told_from_that_of_a_standard(text: str, cited: list[str]) -> None:
    assert list(cited_in(text)) == cited
