"""Query strings, read as Go reads them (pocketbase.md §1.3)."""

from urllib.parse import unquote


def parse_query(raw: str) -> dict[str, str]:
    """The first value of each parameter, read as Go reads a query (pocketbase.md §1.3)."""
    found: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        if _well_escaped(name) and _well_escaped(value):
            found.setdefault(unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
    return found


def _well_escaped(text: str) -> bool:
    return all(_is_hex(piece[:2]) for piece in text.split("%")[1:])


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(c in "0123456789abcdefABCDEF" for c in text)
