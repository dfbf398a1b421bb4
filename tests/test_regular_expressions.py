"""Every regular expression takes time in proportion to any text.

Steps are counted, not seconds: by a small matcher that backtracks as Python's own does.
"""

import importlib
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.test_architecture import MODULES

REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
ASSERTIONS = {codes.AT, codes.ASSERT, codes.ASSERT_NOT}
METHODS = {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
ANYWHERE = METHODS - {"match", "fullmatch"}
SIZE = 24
UNITS = [
    *" \t0aAezZ_-+.,:;'\"\\/%@#&|=<>!~()[]{}\né\x00",
    "0.",
    "a.",
    ".0",
    "e0",
    '",',
    ', "',
    "W/",
]
TAILS = ["", "!", "\x00", "a", "0", '"', ","]


class Matcher:
    """Counts the steps of matching one pattern; ``steps`` grows with each character it looks at."""

    def __init__(self, pattern: "re.Pattern[str]") -> None:
        self._nodes = list(parser.parse(pattern.pattern, pattern.flags))
        self._ignores_case = bool(pattern.flags & re.IGNORECASE)
        self._compiled: dict[str, re.Pattern[str]] = {}
        self.steps = 0

    def run(self, text: str, *, whole: bool, anywhere: bool) -> None:
        """Match the text: all of it (``whole``), from its beginning, or from any position."""
        for start in range(len(text) + 1 if anywhere else 1):
            ends = self._sequence(self._nodes, text, start)
            if any(not whole or end == len(text) for end in ends):
                return

    def _sequence(self, nodes: list[Any], text: str, at: int) -> Iterator[int]:
        if not nodes:
            yield at
            return
        for end in self._node(nodes[0], text, at):
            yield from self._sequence(nodes[1:], text, end)

    def _node(self, node: Any, text: str, at: int) -> Iterator[int]:
        self.steps += 1
        code, argument = node
        if code in REPEATS:
            ends = self._repeat(argument, text, at)
            return self._first(ends) if code is codes.POSSESSIVE_REPEAT else ends
        if code is codes.ATOMIC_GROUP:
            return self._first(self._sequence(list(argument), text, at))
        if code is codes.SUBPATTERN:
            return self._sequence(list(argument[-1]), text, at)
        if code is codes.BRANCH:
            branches = (self._sequence(list(branch), text, at) for branch in argument[1])
            return chain.from_iterable(branches)
        if code in ASSERTIONS:
            return iter([at] if self._holds(node, text, at) else [])
        return iter([at + 1] if at < len(text) and self._takes(node, text[at]) else [])

    def _holds(self, node: Any, text: str, at: int) -> bool:
        """Whether an assertion about the place ``at`` holds."""
        code, argument = node
        if code is codes.AT:
            is_end = argument in {codes.AT_END, codes.AT_END_STRING}
            return at == (len(text) if is_end else 0)
        direction, nodes = argument
        before = max(0, at - 1) if direction < 0 else at  # one character is all that stands behind
        is_behind = direction > 0 or at > 0
        found = is_behind and any(True for _ in self._sequence(list(nodes), text, before))
        return found is (code is codes.ASSERT)

    def _first(self, ends: Iterator[int]) -> Iterator[int]:
        for end in ends:
            yield end
            return

    def _repeat(self, argument: Any, text: str, at: int) -> Iterator[int]:
        least, most, nodes = argument
        path = [at]
        while len(path) - 1 < min(int(most), len(text) + 1):
            end = next(self._sequence(list(nodes), text, path[-1]), None)
            if end is None or (end == path[-1] and len(path) > least):
                break
            path.append(end)
        for end in reversed(path[int(least) :]):
            self.steps += 1
            yield end

    def _takes(self, node: Any, character: str) -> bool:
        """Whether a node for one character takes this one."""
        code, argument = node
        shown = chr(argument) if isinstance(argument, int) else ""
        if code is codes.ANY:
            return character != "\n"
        if code is codes.LITERAL:
            return self._same(shown, character)
        if code is codes.NOT_LITERAL:
            return not self._same(shown, character)
        assert code is codes.IN, code
        negated = argument[0][0] is codes.NEGATE
        return any(self._in(item, character) for item in argument) is not negated

    def _in(self, item: Any, character: str) -> bool:
        code, argument = item
        if code is codes.LITERAL:
            return self._same(chr(argument), character)
        if code is codes.RANGE:
            low, high = argument
            cases = {character, character.lower(), character.upper()}
            wanted = cases if self._ignores_case else {character}
            return any(low <= ord(each) <= high for each in wanted if len(each) == 1)
        if code is codes.CATEGORY:
            shorthand = {"SPACE": r"\s", "DIGIT": r"\d", "WORD": r"\w"}
            name = str(argument).removeprefix("CATEGORY_").removeprefix("UNI_")
            is_in = re.fullmatch(shorthand[name.removeprefix("NOT_")], character) is not None
            return is_in is not name.startswith("NOT_")
        return False

    def _same(self, shown: str, character: str) -> bool:
        return shown.lower() == character.lower() if self._ignores_case else shown == character


def steps(pattern: "re.Pattern[str]", text: str, method: str) -> int:
    matcher = Matcher(pattern)
    matcher.run(text, whole=method == "fullmatch", anywhere=method in ANYWHERE)
    return matcher.steps


def modules() -> Iterator[tuple[str, Path]]:
    """The modules of the functions and of the programs, with their files."""
    yield from MODULES.items()
    for program in ("admin", "local"):
        for path in sorted((ROOT / program).rglob("*.py")):
            if path.name != "__main__.py":
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def patterns() -> Iterator[tuple[str, "re.Pattern[str]", str]]:
    """Every compiled pattern of a module, with each method that the module calls."""
    for module, path in modules():
        source = Path(path).read_text()
        if "re.compile" not in source:
            continue
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                used = set(re.findall(rf"\b{name}\.(\w+)\b", source)) & METHODS
                for method in sorted(used):
                    yield f"{module}.{name}.{method}", value, method


LITERAL = re.compile(r"(?<=[=( ])/(\^.*?|[^/ *]\S*?)/g?(?=[;.,)])")
"""A regular expression in CloudFront's functions."""


def edge_patterns() -> Iterator[tuple[str, "re.Pattern[str]", str]]:
    """Every regular expression of CloudFront's functions, which look for it anywhere."""
    for path in sorted((ROOT / "edge").glob("*.js")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.partition("// ")[0]
            for literal in LITERAL.findall(code):
                yield f"{path.name}:{number}", re.compile(literal), "search"


PATTERNS = [
    pytest.param(value, method, id=name) for name, value, method in (*patterns(), *edge_patterns())
]


def test_the_patterns_of_all_programs_are_found() -> None:
    found = {str(each.id).split(".")[0] for each in PATTERNS}
    assert found == {"admin", "local", "pocketfiles", "request", "response"}


def worst_growth(pattern: "re.Pattern[str]", method: str) -> tuple[float, str]:
    """How many times more steps a text of twice the length takes, and by which text."""
    worst = (0.0, "")
    for unit in UNITS:
        for tail in TAILS:
            for head in ("", '"', "a"):
                short = steps(pattern, head + unit * SIZE + tail, method)
                long = steps(pattern, head + unit * (2 * SIZE) + tail, method)
                worst = max(worst, (long / short, f"{head!r} + {unit!r} * n + {tail!r}"))
    return worst


POSSESSIVE_GROUP = re.compile(r"\)[?*+]\+")


@pytest.mark.parametrize("path", [path for _, path in modules()], ids=str)
def test_no_group_is_repeated_possessively(path: Path) -> None:
    """Before Python 3.11.5, such a group that fails half-way leaves the place where it did."""
    found = [line for line in Path(path).read_text().splitlines() if POSSESSIVE_GROUP.search(line)]
    assert found == []


@pytest.mark.parametrize(("pattern", "method"), PATTERNS)
def test_a_text_of_twice_the_length_takes_about_twice_the_steps(
    pattern: "re.Pattern[str]", method: str
) -> None:
    growth, text = worst_growth(pattern, method)
    assert growth < 2.5, text


def test_the_count_notices_quadratic_patterns() -> None:
    blanks = re.compile(r'\s*(?:(W/)?("[a-z]*"))?\s*(?:,|$)')
    assert worst_growth(blanks, "match")[0] > 3
    assert worst_growth(re.compile(r"[0-9]+\.?[0-9]*x"), "fullmatch")[0] > 3
    assert worst_growth(re.compile(r"a+b"), "search")[0] > 3
