"""What a picture's header says, in the same terms for every format.

Nothing in this package allocates memory by a number found in a file, and every loop is bounded by
``MAX_CHUNKS``.
"""

from dataclasses import dataclass, field
from typing import Literal

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.geometry import Box, Size

Format = Literal["JPEG", "PNG", "GIF", "WEBP"]

MAX_CHUNKS = 32_768
"""Most JPEG segments, PNG or WebP chunks, or GIF blocks before the first image. Files of cameras
have hundreds; a PNG of 60 MB in pieces of 8 kB has 7,500."""

MAX_PROFILE = 4 * 1024 * 1024
"""Longest ICC profile in bytes; longer ones are ignored. Those of printers have about a
megabyte."""

_BITS_OF_A_BYTE = 8

_MAX_ICON = 128 * 128
"""Most pixels of an icon. Gradients and smooth edges in so few pixels look like a photograph."""

_MAX_BITS: dict[Format, float] = {"WEBP": 0.5, "PNG": 1.0, "JPEG": 0, "GIF": 0}
"""Bits per pixel that only a drawing has, by format (docs/performance.md)."""

UPRIGHT = 1
"""The EXIF orientation of a picture that is stored as it is shown."""


@dataclass(frozen=True)
class Header:
    """The header of a picture, and its first frame as a file of its own.

    ``width`` and ``height`` are in pixels, as stored: before ``orientation`` (EXIF, 1 to 8).
    ``frame`` is the first frame's place if it does not cover the picture; the rest is transparent.
    ``stream`` is a file of the same format that has only what a decoder needs for that frame.
    ``is_cut``: the file ends before the picture's end is marked, so that pixels may be missing.

    ``scans`` is how often a decoder passes over the whole picture: 1, but for some JPEGs.
    ``depth`` is the number of bits in a channel, of which there are ``channels``.
    ``lacks_scans``: a JPEG has not told all of its coefficients; a later scan may be missing.
    ``drawn``: the picture is coded as only a drawing is, with a palette for example.
    ``full_chroma``: the chroma of a JPEG is not subsampled. ``samples_per_pixel`` is the mean of
    all its channels.
    ``slow_coding``: a JPEG is coded arithmetically, not by Huffman codes.
    """

    format: Format
    width: int
    height: int
    orientation: int = UPRIGHT
    frame: Box | None = None
    scans: int = 1
    depth: int = 8
    channels: int = 3
    has_alpha: bool = False
    interlaced: bool = False
    lossless: bool = False
    drawn: bool = False
    full_chroma: bool = False
    is_cut: bool = False
    samples_per_pixel: float = field(default=3, compare=False)
    slow_coding: bool = False
    lacks_scans: bool = field(default=False, compare=False)
    icc_profile: bytes = field(default=b"", repr=False, compare=False)
    stream: bytes = field(default=b"", repr=False, compare=False)

    @property
    def frame_size(self) -> Size:
        """Width and height of the first frame."""
        return self.frame.size if self.frame else (self.width, self.height)

    @property
    def is_surely_drawn(self) -> bool:
        """Whether a lossless picture is a drawing, as far as its header can tell: it is coded so,
        small, or takes very few bits."""
        width, height = self.frame_size
        is_icon = width * height <= _MAX_ICON
        return self.drawn or is_icon or self.bits_per_pixel < _MAX_BITS[self.format]

    @property
    def bits_per_pixel(self) -> float:
        """What the first frame takes in its file."""
        width, height = self.frame_size
        return _BITS_OF_A_BYTE * len(self.stream) / (width * height)


def big_endian(
    data: bytes,
    start: int,
    length: int,
) -> int:
    """The unsigned number in ``length`` bytes; ThumbFailed ``truncated`` if there are fewer."""
    return int.from_bytes(_field(data, start, length), "big")


def little_endian(
    data: bytes | memoryview,
    start: int,
    length: int,
) -> int:
    """The same, with the lowest byte first."""
    return int.from_bytes(_field(data, start, length), "little")


def _field(
    data: bytes | memoryview,
    start: int,
    length: int,
) -> bytes | memoryview:
    field = data[start : start + length]
    if len(field) != length:
        raise ThumbFailed("truncated")
    return field
