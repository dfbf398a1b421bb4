"""The text of a rule as tokens (pocketbase.md §7.1).

PocketBase's scanner takes a NUL for the end of what it reads: one right after a blank, a name, a
number or a sign is skipped, one anywhere else ends the rule or leaves it unfinished.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from pocketfiles.errors import RuleError

Kind: TypeAlias = Literal["name", "text", "number", "sign", "join", "(", ")", ",", "end"]

_COMPARISONS = ("=", "!=", ">", ">=", "<", "<=", "~", "!~")
SIGNS = frozenset({*_COMPARISONS, *(f"?{sign}" for sign in _COMPARISONS)})

_BLANK = re.compile(r"[ \t\n]+")
_NAME = re.compile(r"[@#_A-Za-z][A-Za-z0-9_.:]*")
_NUMBER = re.compile(r"(?=[-0-9])-?[0-9]*(?:\.[0-9]*)?")
_SIGN = re.compile(r"[=!<>~?]+")
_JOIN = re.compile(r"[&|]+")
_BRACKETS = re.compile(r"[()'\"\0]")
_COMMENT_END = re.compile(r"[\n\0]")
_EXCERPT = 24

MAX_LENGTH = 1_000_000
"""Characters of a rule. PocketBase has no such limit; a longer rule is made to cost time."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: ``value`` is its text, unquoted for texts; ``start`` and ``end`` are offsets in
    the rule."""

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


class Scanner:
    """Reads the tokens of a rule one by one."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise failure(f"more than {MAX_LENGTH} characters", text, MAX_LENGTH)
        self.text = text
        self._closing: dict[int, int] = {}

    def token(self, position: int, limit: int) -> Token:
        """The token at ``position`` or after the blanks and comments there; nothing is read beyond
        ``limit``. Raises ``RuleError`` at a character that begins no token."""
        position = self.after_blanks(position, limit)
        if position >= limit or self.text[position] == "\0":
            return Token("end", "", position, position)
        match self.text[position]:
            case "(" | ")" | "," as bracket:
                return Token(bracket, bracket, position, position + 1)
            case "'" | '"':
                return self._quoted(position, limit)
        for syntax in _SYNTAXES:
            match = syntax.pattern.match(self.text, position, limit)
            if match is None:
                continue
            if not syntax.is_complete(match[0]):
                raise failure(syntax.problem, self.text, position)
            end = self._after_nul(match.end(), limit)
            return Token(syntax.kind, match[0], position, end)
        raise failure("an unexpected character", self.text, position)

    def after_blanks(self, position: int, limit: int) -> int:
        """The first position from here that belongs to no blank and no comment."""
        while position < limit:
            if blank := _BLANK.match(self.text, position, limit):
                position = self._after_nul(blank.end(), limit)
            elif self.text.startswith("//", position) and position + 1 < limit:
                end = _COMMENT_END.search(self.text, position, limit)
                position = end.end() if end else limit
            else:
                break
        return min(position, limit)

    def closing(self, opening: int, limit: int) -> int:
        """Where the group that opens here closes. Quotes count, comments do not: PocketBase looks
        for the end of a group before it looks for comments."""
        if opening in self._closing and self._closing[opening] < limit:
            return self._closing[opening]
        open_groups: list[int] = []
        position = opening
        while match := _BRACKETS.search(self.text, position, limit):
            position = match.end()
            if match[0] == "(":
                open_groups.append(match.start())
            elif match[0] == ")":
                self._closing[open_groups.pop()] = match.start()
                if not open_groups:
                    return match.start()
            elif match[0] == "\0":
                break
            else:
                position = self._quoted(match.start(), limit).end
        raise failure("a group without its closing parenthesis", self.text, opening)

    def _quoted(self, start: int, limit: int) -> Token:
        """A quote ends the text unless a backslash stands right before it, even a doubled one."""
        text = self.text
        quote = text[start]
        first = start + 1
        end = text.find(quote, first, limit)
        while end > first and text[end - 1] == "\\":
            end = text.find(quote, end + 1, limit)
        has_nul = text.find("\0", start, end) >= 0
        if end < 0 or has_nul:
            raise failure("a text without its closing quote", text, start)
        value = text[first:end].replace("\\" + quote, quote)
        return Token("text", value, start, end + 1)

    def _after_nul(self, position: int, limit: int) -> int:
        is_nul = position < limit and self.text[position] == "\0"
        return position + 1 if is_nul else position


def _is_name(name: str) -> bool:
    return name[-1] not in ".:" and name not in {"@", "#", "_"}


def _is_number(number: str) -> bool:
    return number != "-" and not number.endswith(".")


class _Syntax(NamedTuple):
    """One kind of token: the characters it consists of, whether they make one, and what is wrong
    if they do not."""

    kind: Kind
    pattern: re.Pattern[str]
    is_complete: Callable[[str], bool]
    problem: str


_SYNTAXES = (
    _Syntax("name", _NAME, _is_name, "an unfinished identifier"),
    _Syntax("number", _NUMBER, _is_number, "not a number"),
    _Syntax("sign", _SIGN, lambda sign: sign in SIGNS, "no such comparison"),
    _Syntax("join", _JOIN, lambda join: join in {"&&", "||"}, "neither && nor ||"),
)
