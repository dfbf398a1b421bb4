"""Values as Go reads and writes them: PocketBase compares what Go made of a request (pocketbase.md
§7.2)."""

import json
import math
import re
from decimal import Decimal
from typing import Any, TypeAlias

from pocketfiles.errors import RuleError

Bound: TypeAlias = str | float | None
"""A value as it is bound in a query; integers and booleans are floats to the type checker."""

_DECIMAL = re.compile(
    r"[+-]?+(?:[0-9_]++(?:\.[0-9_]*+)?|\.[0-9_]++)(?:[eE][+-]?+[0-9_]++)?", re.ASCII
)
_HEXADECIMAL = re.compile(
    r"[+-]?+0[xX](?:[0-9a-fA-F_]++(?:\.[0-9a-fA-F_]*+)?|\.[0-9a-fA-F_]++)[pP][+-]?+[0-9_]++",
    re.ASCII,
)
_INFINITE = re.compile(r"([+-]?+)inf(?:inity)?", re.ASCII | re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MINIMAL = re.compile(r"-?[0-9]++(?:\.[0-9]++)?", re.ASCII)

_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21
"""Between these, Go writes a number in JSON without an exponent."""


def text(value: Any) -> str:
    """A value as text: no exponent, no ``.0``; what is no plain value is ''."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    return ""


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def number(written: str) -> float | None:
    """The number a text is to Go, such as ``1_000``, ``0x1p4`` and ``nan``; ``None`` when it is
    none or out of range."""
    if infinite := _INFINITE.fullmatch(written):
        return -math.inf if infinite[1] == "-" else math.inf
    if written.lower() == "nan":
        return math.nan
    plain = written.replace("_", "")
    try:
        if _DECIMAL.fullmatch(written) and _well_separated(written, "0123456789"):
            found = float(plain)
        elif _HEXADECIMAL.fullmatch(written) and _well_separated(written, "0123456789abcdef"):
            found = float.fromhex(plain)
        else:
            return None
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _well_separated(written: str, digits: str) -> bool:
    """Whether every underscore stands between two digits, or between ``0x`` and one."""
    unsigned = written.lower().lstrip("+-")
    for place, character in enumerate(unsigned):
        if character != "_":
            continue
        before = unsigned[:place]
        after = unsigned[place + 1 :]
        if not _separates(before, after, digits):
            return False
    return True


def _separates(before: str, after: str, digits: str) -> bool:
    """Whether an underscore may stand between these two parts of a number."""
    if not before or not after:
        return False
    follows_digit = before == "0x" or before[-1] in digits
    return follows_digit and after[0] in digits


def inferred(written: str) -> str | float:
    """A form's value: a boolean or a number where its text is exactly that, or the text."""
    if written in {"true", "false"}:
        return written == "true"
    if _MINIMAL.fullmatch(written):
        found = number(written)
        if found is not None and text(found) == written:
            return found
    return written


def well_formed(value: str) -> str:
    """A text without lone surrogates, which no UTF-8 can hold."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)


def json_text(value: Any) -> str:
    """Go's JSON: compact, keys in order, whole numbers without a fraction, HTML escaped."""
    try:
        return _json(value)
    except RecursionError:
        raise RuleError("the body is nested too deep") from None


def _json(value: Any) -> str:
    if isinstance(value, float):
        return _json_number(value)
    if isinstance(value, list):
        items = ",".join(map(_json, value))
        return f"[{items}]"
    if isinstance(value, dict):
        pairs = ",".join(f"{_json(key)}:{_json(value[key])}" for key in sorted(value))
        return f"{{{pairs}}}"
    written = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _json_number(value: float) -> str:
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return _float_text(value)
    mantissa, _, exponent = repr(value).partition("e")
    sign = exponent[0]
    digits = exponent[1:].lstrip("0")
    return f"{mantissa.removesuffix('.0')}e{sign}{digits}"
