"""The parameter ``fields``, which picks what a JSON response has (pocketbase.md §2.4).

``fields=token:excerpt(5,true),id`` names fields, each perhaps with the modifier ``excerpt``. It is
read as PocketBase reads it: a comma within quotes or parentheses separates nothing, and what
separates a modifier's arguments may be a comma, a blank or a parenthesis.
"""

import re
from dataclasses import dataclass

from pocketfiles.errors import PocketFilesError
from pocketfiles.http.headers import is_true

_BLANKS = "\t\n\v\f\r \x85\xa0"
_QUOTES = "'\"`"
_DECIMAL = re.compile(r"([-+]?[0-9]*)(?:\.[0-9]*)?")
_LARGEST_INTEGER = 2**63 - 1
_MOST_ARGUMENTS = 2


class MalformedFields(PocketFilesError):
    """A quote or a parenthesis is left open, or a modifier does not exist."""


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """The modifier ``excerpt(length, ellipsis)``."""

    length: int
    has_ellipsis: bool

    def of(self, text: str) -> str:
        """The first characters of a text, with dots behind them if there are more."""
        if len(text) <= self.length:
            return text
        return text[: self.length] + ("..." if self.has_ellipsis else "")


def picked(fields: str, name: str, text: str) -> str | None:
    """What is left of a text by that name; ``None`` if ``fields`` does not name it.

    Raises ``MalformedFields``.
    """
    named = _named(fields)
    roots = {each.partition(".")[0] for each in named}
    if not named or name in roots:
        modifier = named.get(name)
    elif "*" in named:
        modifier = named["*"]
    else:
        return None
    return modifier.of(text) if modifier else text


def _named(fields: str) -> dict[str, _Excerpt | None]:
    """The fields and their modifiers; of two alike, the last counts."""
    named: dict[str, _Excerpt | None] = {}
    for each in _split(fields, ",", nests=True):
        name, colon, modifier = each.partition(":")
        named[name] = _excerpt(modifier) if colon else None
    return named


def _excerpt(written: str) -> _Excerpt:
    name, *arguments = _split(written, "(), ", nests=False) or [""]
    if name != "excerpt" or not 1 <= len(arguments) <= _MOST_ARGUMENTS:
        raise MalformedFields("no such modifier")
    length = _integer(arguments[0])
    if length <= 0:
        raise MalformedFields("an excerpt without a length")
    return _Excerpt(length, is_true(arguments[-1]) and len(arguments) == _MOST_ARGUMENTS)


def _split(text: str, separators: str, *, nests: bool) -> list[str]:
    """The pieces between separators that are not within quotes or, where it ``nests``, within
    parentheses; without blanks around them, and without empty ones."""
    pieces = [""]
    quote = ""
    depth = 0
    before = ""
    for character in text:
        is_escaped = before == "\\"
        before = character
        if not is_escaped and character in _QUOTES and quote in {"", character}:
            quote = "" if quote else character
        elif not is_escaped and nests and not quote:
            depth += character == "("
            depth -= character == ")" and depth > 0
        if character in separators and not quote and not depth:
            pieces.append("")
            before = ""
        else:
            pieces[-1] += character
    if quote or depth:
        raise MalformedFields("an open quote or parenthesis")
    return [piece.strip(_BLANKS) for piece in pieces if piece.strip(_BLANKS)]


def _integer(text: str) -> int:
    """The integer that a text is to Go, without its fraction: ``0x10``, ``010`` and ``1_0`` are
    some. 0 for any other text."""
    if "." in text:
        decimal = _DECIMAL.fullmatch(text)
        text = decimal[1] if decimal else ""
    if not text.isascii():
        return 0
    for base in (0, 8):  # Python takes no octal number such as 010 for one
        try:
            found = int(text, base)
        except ValueError:
            continue
        return found if abs(found) <= _LARGEST_INTEGER else 0
    return 0
