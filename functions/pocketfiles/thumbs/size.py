"""The thumb sizes PocketBase knows, and the pictures it makes thumbs of (pocketbase.md §3.6,
§4.1)."""

import re
from dataclasses import dataclass
from typing import Literal, cast

Mode = Literal["", "t", "b", "f"]

THUMBABLE = frozenset(
    {
        "image/png",
        "image/jpg",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/vnd.mozilla.apng",  # animated PNG, as PocketBase's sniffer names it: its first frame
    }
)
"""Stored content types whose files get thumbs; compared whole, parameters and all."""

# Nine digits are more than any picture has and keep what follows in small integers.
_SYNTAX = re.compile(r"([0-9]{1,9})x([0-9]{1,9})([tbf]?)", re.ASCII)


@dataclass(frozen=True)
class ThumbSize:
    """Width and height in pixels, of which one may be 0 (keep the ratio), and how to fill the
    rectangle: ``""`` crops around the centre, ``"t"`` keeps the top, ``"b"`` the bottom, ``"f"``
    fits inside."""

    width: int
    height: int
    mode: Mode = ""


def parse(text: str) -> ThumbSize:
    """``"300x200f"`` and its like; ValueError on anything else and on ``"0x0"``."""
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise ValueError(f"not a thumb size: {text!r}")
    width, height = int(found[1]), int(found[2])
    if not (width or height):
        raise ValueError("a thumb size needs a width or a height")
    return ThumbSize(width, height, cast("Mode", found[3]))
