"""The patterns of ``~`` and ``!~`` (pocketbase.md §7.11)."""

import math
from decimal import Decimal

_SPECIAL = frozenset("\\%_")


def pattern(value: str | float | None) -> str:
    """The LIKE pattern (escape character ``\\``) of a value on the right side.

    A value with an unescaped ``%`` is a pattern already; every other one is escaped and wrapped in ``%``.
    """
    written = text(value)
    return written if _has_wildcard(written) else f"%{_escaped(written)}%"


def text(value: str | float | None) -> str:
    """A bound value as PocketBase writes it into a pattern: no exponent, no ``.0``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")
    if isinstance(value, float):
        written = format(Decimal(repr(value)), "f")
        return written.removesuffix(".0")
    return str(value)


def _has_wildcard(written: str) -> bool:
    before = ""
    for character in written:
        if character == "%" and before != "\\":
            return True
        before = "" if character == before == "\\" else character
    return False


def _escaped(written: str) -> str:
    """Escapes from right to left; the character before a special one is never special itself (§7.11)."""
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
