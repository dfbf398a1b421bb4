"""What a picture's header says, in the same terms for every format.

Nothing in this package allocates memory by a number found in a file, and every loop is bounded by
``MAX_CHUNKS``.
"""

from dataclasses import dataclass
from typing import Literal

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.geometry import Box

Format = Literal["JPEG", "PNG", "GIF", "WEBP"]

MAX_CHUNKS = 65_536
"""Most JPEG segments, PNG or WebP chunks, or GIF blocks. Files of cameras have a few thousand."""

UPRIGHT = 1
"""The EXIF orientation of a picture that is stored as it is shown."""


@dataclass(frozen=True)
class Header:
    """The header of a picture.

    ``width`` and ``height`` are in pixels, as stored: before ``orientation`` (EXIF, 1 to 8).
    ``scans`` is how often a decoder passes over the whole picture: 1, but for some JPEGs.
    ``frame`` is the first frame's place if it does not cover the canvas (GIF).
    ``depth`` is the number of bits in a channel (PNG).
    """

    format: Format
    width: int
    height: int
    orientation: int = UPRIGHT
    scans: int = 1
    animated: bool = False
    frame: Box | None = None
    depth: int = 8


def big_endian(
    data: bytes,
    start: int,
    length: int,
) -> int:
    """The unsigned number in ``length`` bytes; ThumbFailed ``truncated`` if there are fewer."""
    return int.from_bytes(_field(data, start, length), "big")


def little_endian(
    data: bytes,
    start: int,
    length: int,
) -> int:
    """The same, with the lowest byte first."""
    return int.from_bytes(_field(data, start, length), "little")


def _field(
    data: bytes,
    start: int,
    length: int,
) -> bytes:
    field = data[start : start + length]
    if len(field) != length:
        raise ThumbFailed("truncated")
    return field
