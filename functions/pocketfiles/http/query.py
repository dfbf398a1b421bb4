"""Query strings, parsed as Go's ``net/url`` parses them (pocketbase.md §1.3)."""

from urllib.parse import unquote

_ESCAPE_DIGITS = 2
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def parse_query(raw: str) -> dict[str, str]:
    """The first value of each parameter, decoded.

    A pair that contains a semicolon or a malformed percent escape is dropped.
    """
    found: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        if _is_well_escaped(name) and _is_well_escaped(value):
            found.setdefault(unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
    return found


def _is_well_escaped(text: str) -> bool:
    """Whether two hexadecimal digits follow every percent sign."""
    escapes = [piece[:_ESCAPE_DIGITS] for piece in text.split("%")[1:]]
    return all(
        len(escape) == _ESCAPE_DIGITS and _HEX_DIGITS.issuperset(escape) for escape in escapes
    )
