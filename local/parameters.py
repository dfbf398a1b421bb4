"""Checks values given for a template's parameters, as CloudFormation does before it deploys."""

import math
import re
from collections.abc import Mapping
from typing import Any

from local.intrinsics import TemplateError

_INTEGER = re.compile("-?[0-9]{1,15}")
"""What the template's numbers look like, all of which count something."""


def check(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> None:
    """Raise ``TemplateError`` for a parameter that is not declared or may not have its value."""
    for name, value in given.items():
        if name not in declared:
            raise TemplateError(f"the template has no parameter {name}")
        expected = _violated(declared[name], value)
        if expected:
            raise TemplateError(f"the parameter {name} cannot be {value!r}: it is {expected}")


def _violated(declaration: Mapping[str, Any], value: str) -> str:
    """What the value ought to be and is not; empty for one that is allowed."""
    allowed = [str(each) for each in declaration.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"one of {', '.join(allowed)}"
    if declaration["Type"] == "Number" and not _is_number_in_range(declaration, value):
        return _range(declaration)
    longest = declaration.get("MaxLength", len(value))
    if len(value) > longest:
        return f"a text of up to {longest} letters"
    pattern = declaration.get("AllowedPattern", ".*")
    items = value.split(",") if declaration["Type"] == "CommaDelimitedList" else [value]
    if not all(re.fullmatch(pattern, item) for item in items):
        return str(declaration.get("ConstraintDescription", f"a text that matches {pattern}"))
    return ""


def _is_number_in_range(declaration: Mapping[str, Any], value: str) -> bool:
    if not _INTEGER.fullmatch(value):
        return False
    lowest = declaration.get("MinValue", -math.inf)
    highest = declaration.get("MaxValue", math.inf)
    return bool(lowest <= int(value) <= highest)


def _range(declaration: Mapping[str, Any]) -> str:
    lowest, highest = declaration.get("MinValue"), declaration.get("MaxValue")
    if lowest is None:
        return "a number"
    return f"a number from {lowest}" + ("" if highest is None else f" to {highest}")
