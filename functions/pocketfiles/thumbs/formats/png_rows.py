"""Whether a PNG has pixels for every row (PNG third edition §7 and §8)."""

import zlib
from dataclasses import dataclass

from pocketfiles.thumbs.formats.header import big_endian
from pocketfiles.thumbs.formats.png import (
    CHANNELS,
    COLOUR_TYPE,
    DEPTH,
    INTERLACE,
    chunks,
)

_BYTES_INFLATED_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class _Pass:
    """Where the pixels of an interlace pass lie (§8)."""

    left: int
    top: int
    across: int
    down: int


_NOT_INTERLACED = (_Pass(0, 0, 1, 1),)
_ADAM7 = (
    _Pass(0, 0, 8, 8),
    _Pass(4, 0, 8, 8),
    _Pass(0, 4, 4, 8),
    _Pass(2, 0, 4, 4),
    _Pass(0, 2, 2, 4),
    _Pass(1, 0, 2, 2),
    _Pass(0, 1, 1, 2),
)


def is_complete(stream: bytes) -> bool:
    """Whether there are pixels for every row in the stream of a header.

    Pillow accepts data that end early and leaves the missing rows 0. They are inflated once more
    for this, a megabyte at a time.
    """
    missing = 0
    inflater = zlib.decompressobj()
    for chunk in chunks(stream):
        if chunk.type == b"IHDR":
            missing = _scanline_bytes(stream[chunk.start : chunk.end])
        compressed = stream[chunk.start : chunk.end] if chunk.type == b"IDAT" else b""
        while compressed and missing > 0 and not inflater.eof:
            missing -= len(inflater.decompress(compressed, _BYTES_INFLATED_AT_A_TIME))
            compressed = inflater.unconsumed_tail
    return missing <= 0


def _scanline_bytes(header: bytes) -> int:
    """How many bytes all scanlines have, each with its filter byte (§7.2)."""
    width = big_endian(header, 0, 4)
    height = big_endian(header, 4, 4)
    bits_per_pixel = header[DEPTH] * CHANNELS[header[COLOUR_TYPE]]
    total = 0
    for part in _ADAM7 if header[INTERLACE] else _NOT_INTERLACED:
        columns = _ceil_divide(width - part.left, part.across)
        rows = _ceil_divide(height - part.top, part.down)
        if columns > 0:
            total += rows * (1 + _ceil_divide(columns * bits_per_pixel, 8))
    return total


def _ceil_divide(number: int, by: int) -> int:
    return -(-number // by)
