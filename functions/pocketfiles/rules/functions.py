"""The functions of the rule language (pocketbase.md §7.4)."""

from collections.abc import Sequence

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import Many, Operand, Parameter
from pocketfiles.rules.tree import Call, Identifier, Number, Text
from pocketfiles.rules.tree import Operand as Argument

NOW = ":now"
EARTH_RADIUS = 6371
"""Kilometres."""

_COORDINATES = 4
_MAX_STRFTIME_ARGUMENTS = 10


def check_call(node: Call) -> None:
    """Raise ``RuleError`` for an unknown function and for arguments of the wrong kind."""
    if node.name == "geoDistance":
        if not _are_coordinates(node.arguments):
            raise RuleError("geoDistance takes four numbers or fields")
    elif node.name == "strftime":
        if not _are_of_strftime(node.arguments):
            raise RuleError("strftime takes a format text, a time and modifier texts")
    else:
        raise RuleError(f"no such function: {node.name}")


def _are_coordinates(arguments: Sequence[Argument]) -> bool:
    if len(arguments) != _COORDINATES:
        return False
    return all(isinstance(argument, Identifier | Number) for argument in arguments)


def _are_of_strftime(arguments: Sequence[Argument]) -> bool:
    """Whether they are a format, then perhaps a time, then any modifiers."""
    if not 1 <= len(arguments) <= _MAX_STRFTIME_ARGUMENTS:
        return False
    form, times, modifiers = arguments[0], arguments[1:2], arguments[2:]
    if not isinstance(form, Text):
        return False
    if not all(isinstance(time, Text | Identifier | Number) for time in times):
        return False
    return all(isinstance(modifier, Text) for modifier in modifiers)


def geo_distance(operands: list[Operand]) -> Operand:
    """``geoDistance(lonA, latA, lonB, latB)`` in kilometres, by the spherical law of cosines;
    several values are looked at one by one."""
    lon_a, lat_a, lon_b, lat_b = (f"radians({operand.sql})" for operand in operands)
    cosine = f"cos({lat_a}) * cos({lat_b}) * cos({lon_b} - {lon_a}) + sin({lat_a}) * sin({lat_b})"
    return Operand(
        f"({EARTH_RADIUS} * acos({cosine}))",
        _parameters(operands),
        fallback="never",
        rows=_rows(operands),
    )


def strftime(operands: list[Operand]) -> Operand:
    """``strftime(format[, time[, modifier…]])``, SQLite's own; the clock is the request's."""
    arguments = [operand.sql for operand in operands]
    parameters = _parameters(operands)
    many = operands[1].many if len(operands) > 1 else None
    if many:
        inner = [arguments[0], many.sql, *arguments[2:]]
        many = Many(f"strftime({','.join(inner)})", many.joins, (*many.parameters, *parameters))
    if len(operands) == 1:
        arguments.append(NOW)
    return Operand(
        f"strftime({','.join(arguments)})",
        parameters,
        fallback="always",
        rows=_rows(operands),
        many=many,
    )


def _parameters(operands: list[Operand]) -> tuple[Parameter, ...]:
    return tuple(parameter for operand in operands for parameter in operand.parameters)


def _rows(operands: list[Operand]) -> tuple[str, ...]:
    return tuple(row for operand in operands for row in operand.rows)
