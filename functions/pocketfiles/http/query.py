"""Query strings, parsed as Go's ``net/url`` parses them (pocketbase.md §1.3)."""

import re
from urllib.parse import unquote

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_query(raw: str) -> dict[str, str]:
    """The first value of each parameter, decoded.

    A pair that contains a semicolon or a malformed percent escape is dropped.
    """
    found: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        if is_well_escaped(name) and is_well_escaped(value):
            found.setdefault(_decoded(name), _decoded(value))
    return found


def is_well_escaped(text: str) -> bool:
    """Whether two hexadecimal digits follow every percent sign."""
    return _BAD_ESCAPE.search(text) is None


def _decoded(text: str) -> str:
    return unquote(text.replace("+", " "))
