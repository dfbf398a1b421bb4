"""The functions of the rule language (pocketbase.md §7.4)."""

import re
from dataclasses import replace

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import Operand
from pocketfiles.rules.tree import Call, Identifier, Number, Text

NOW = ":now"
NEW_STRFTIME = (3, 46)
"""The SQLite that first knew all conversions and modifiers that PocketBase's knows; older ones give NULL."""

_MAX_STRFTIME_ARGUMENTS = 10
_NEW_FORMAT = re.compile(r"(?:[^%]|%[^eFGgIklPpRTUuV])*%[eFGgIklPpRTUuV]", re.DOTALL)
_NEW_MODIFIER = re.compile(r"subsec|ceiling|floor|[+-][0-9]{4}-", re.IGNORECASE)


def check_call(node: Call) -> None:
    """Raise ``RuleError`` for an unknown function and for arguments of the wrong kind."""
    if node.name == "geoDistance":
        if len(node.arguments) != 4 or not all(
            isinstance(a, Identifier | Number) for a in node.arguments
        ):
            raise RuleError("geoDistance takes four numbers or fields")
    elif node.name == "strftime":
        times, modifiers = node.arguments[1:2], node.arguments[2:]
        if (
            not 1 <= len(node.arguments) <= _MAX_STRFTIME_ARGUMENTS
            or not isinstance(node.arguments[0], Text)
            or not all(isinstance(time, Text | Identifier | Number) for time in times)
            or not all(isinstance(modifier, Text) for modifier in modifiers)
        ):
            raise RuleError("strftime takes a format text, a time and modifier texts")
    else:
        raise RuleError(f"no such function: {node.name}")


def geo_distance(operands: list[Operand]) -> Operand:
    """``geoDistance(lonA, latA, lonB, latB)`` in kilometres; several values are looked at one by one."""
    return replace(_combined("geo_distance", operands), strict=True)


def strftime(operands: list[Operand], *, at_now: bool) -> Operand:
    """``strftime(format[, time[, modifier…]])``, SQLite's own; the clock is the request's."""
    if at_now:
        operands = [operands[0], Operand(NOW), *operands[2:]]
    combined = replace(_combined("strftime", operands), nullable=True)
    if not operands[1].many:
        return combined
    arguments = [operand.sql for operand in operands]
    arguments[1] = "times.value"
    values = f"SELECT strftime({', '.join(arguments)}) AS value FROM ({operands[1].many}) AS times"
    return replace(combined, many=values)


def is_now(node: Call) -> bool:
    """Whether a ``strftime`` has no time, or asks for SQLite's ``now``."""
    if len(node.arguments) == 1:
        return True
    time = node.arguments[1]
    return isinstance(time, Text) and time.value.lower() == "now"


def reads_like_new_sqlite(node: Call) -> bool:
    """Whether a ``strftime`` has a conversion or modifier that SQLite learnt late."""
    form, *modifiers = (text.value for text in node.arguments if isinstance(text, Text))
    return bool(_NEW_FORMAT.match(form)) or any(map(_NEW_MODIFIER.match, modifiers))


def _combined(function: str, operands: list[Operand]) -> Operand:
    return Operand(
        f"{function}({', '.join(operand.sql for operand in operands)})",
        tuple(parameter for operand in operands for parameter in operand.parameters),
        joins=tuple(join for operand in operands for join in operand.joins),
    )
