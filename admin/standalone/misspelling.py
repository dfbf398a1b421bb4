"""Which known word a misspelled one is meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

KEY = 0.8
TYPE = 0.7
"""How much a word must resemble a known one, from 0 to 1, to be taken for a misspelling."""

_LIKE = 0.6
"""How much a known word must resemble what is written to be proposed in its place."""


def of(written: str, known: Iterable[str], likeness: float) -> str:
    """The known word that is at least so like what is written, in any case. Empty if none is."""
    by_folded = {each.casefold(): each for each in known}
    close = get_close_matches(written.casefold(), by_folded, 1, likeness)
    return by_folded[close[0]] if close else ""


def hint(written: str, known: Iterable[str]) -> str:
    """``" (did you mean WORD?)"``; empty if no known word is like what is written."""
    likest = of(written, known, _LIKE)
    return f" (did you mean {likest}?)" if likest else ""
