"""The patterns of ``~`` and ``!~`` (pocketbase.md §7.11)."""

from pocketfiles.rules.values import Bound, text

MAX_PATTERN = 50_000
"""Bytes of a pattern; with a longer one SQLite fails, as PocketBase's does."""

_SPECIAL = frozenset("\\%_")


def pattern(value: Bound) -> str:
    """The LIKE pattern (escape character ``\\``) of a value on the right side.

    A value with an unescaped ``%`` is a pattern already; every other one is escaped and wrapped in
    ``%``.
    """
    written = text(value)
    if _has_wildcard(written):
        return written
    return f"%{_escaped(written)}%"


def _has_wildcard(written: str) -> bool:
    before = ""
    for character in written:
        if character == "%" and before != "\\":
            return True
        before = "" if character == before == "\\" else character
    return False


def _escaped(written: str) -> str:
    """Escapes from right to left; the character before a special one is never special itself
    (§7.11)."""
    escaped: list[str] = []
    special = False
    for character in reversed(written):
        if special:
            if character != "\\":
                escaped.append("\\")
            special = False
        else:
            special = character in _SPECIAL
        escaped.append(character)
    if special:
        escaped.append("\\")
    return "".join(reversed(escaped))
