"""The text of a rule as tokens (pocketbase.md §7.1)."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pocketfiles.errors import RuleError

Kind: TypeAlias = Literal["name", "text", "number", "sign", "join", "(", ")", ",", "end"]

SIGNS = frozenset(
    mark + sign for mark in ("", "?") for sign in ("=", "!=", ">", ">=", "<", "<=", "~", "!~")
)

_BLANK = re.compile(r"[ \t\n]+")
_NAME = re.compile(r"[@#_A-Za-z][A-Za-z0-9_.:]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SIGN = re.compile(r"[=!<>~?]+")
_JOIN = re.compile(r"[&|]+")
_EXCERPT = 24

MAX_LENGTH = 100_000
"""Characters of a rule. PocketBase has no such limit; a rule this long has been made to cost time."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: ``value`` is its text, unquoted for texts; ``start`` and ``end`` are offsets in the rule."""

    kind: Kind
    value: str
    start: int
    end: int


def failure(problem: str, text: str, position: int) -> RuleError:
    """A refusal that points into the rule: line and column from 1, and the text found there."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    found = text[position : position + _EXCERPT]
    return RuleError(f"{problem} at line {line}, column {column}: {found!r}")


def scan(text: str) -> Iterator[Token]:
    """The tokens of a rule, without whitespace and comments; the last one is of kind ``end``.

    Raises ``RuleError`` at the first character that belongs to no token.
    """
    if len(text) > MAX_LENGTH:
        raise failure(f"more than {MAX_LENGTH} characters", text, MAX_LENGTH)
    if (nul := text.find("\0")) >= 0:
        raise failure("a NUL character", text, nul)
    position, depth = 0, 0
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
        elif text.startswith("//", position):
            position = _after_comment(text, position, grouped=depth > 0)
        else:
            token = _token(text, position)
            depth += (token.kind == "(") - (token.kind == ")")
            yield token
            position = token.end
    yield Token("end", "", position, position)


def _token(text: str, start: int) -> Token:
    match text[start]:
        case "(" | ")" | "," as bracket:
            return Token(bracket, bracket, start, start + 1)
        case "'" | '"':
            return _text(text, start)
    for kind, pattern, fits, problem in _KINDS:
        if match := pattern.match(text, start):
            if not fits(text, match):
                raise failure(problem, text, start)
            return Token(kind, match[0], start, match.end())
    raise failure("an unexpected character", text, start)


def _is_number(text: str, match: re.Match[str]) -> bool:
    return not text.startswith(".", match.end()) and math.isfinite(float(match[0]))


_KINDS: tuple[tuple[Kind, re.Pattern[str], Callable[[str, re.Match[str]], bool], str], ...] = (
    ("name", _NAME, lambda _, match: match[0][-1] not in "@#.:", "an unfinished identifier"),
    ("number", _NUMBER, _is_number, "not a number"),
    ("sign", _SIGN, lambda _, match: match[0] in SIGNS, "no such comparison"),
    ("join", _JOIN, lambda _, match: match[0] in ("&&", "||"), "neither && nor ||"),
)


def _text(text: str, start: int) -> Token:
    """A quote ends the text unless a backslash stands right before it, even a doubled one."""
    quote = text[start]
    end = text.find(quote, start + 1)
    while end > 0 and text[end - 1] == "\\":
        end = text.find(quote, end + 1)
    if end < 0:
        raise failure("a text without its closing quote", text, start)
    return Token("text", text[start + 1 : end].replace("\\" + quote, quote), start, end + 1)


def _after_comment(text: str, start: int, *, grouped: bool) -> int:
    """The end of the line.

    PocketBase looks for a group's closing parenthesis before it looks for comments. Where the two orders
    would read a rule differently, it is refused.
    """
    newline = text.find("\n", start)
    end = len(text) if newline < 0 else newline
    if grouped and not _balanced(text[start:end]):
        raise failure("a comment in a group with an open quote or parenthesis", text, start)
    return end


def _balanced(comment: str) -> bool:
    """Whether quotes and parentheses are closed within the comment."""
    depth, position = 0, 0
    while position < len(comment) and depth >= 0:
        if comment[position] in "'\"":
            try:
                position = _text(comment, position).end
            except RuleError:
                return False
            continue
        depth += (comment[position] == "(") - (comment[position] == ")")
        position += 1
    return depth == 0
