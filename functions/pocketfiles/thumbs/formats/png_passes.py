"""The scanlines of a PNG and of its interlace passes (PNG third edition §7.2 and §8)."""

from dataclasses import dataclass

from pocketfiles.thumbs.formats.header import big_endian

# Places in an IHDR chunk (§11.2.1)
DEPTH = 8
COLOUR_TYPE = 9
INTERLACE = 12
WITH_PALETTE = 3

CHANNELS = {0: 1, 2: 3, WITH_PALETTE: 1, 4: 2, 6: 4}
"""Samples in a pixel, by colour type."""

_BITS_OF_A_BYTE = 8


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


@dataclass(frozen=True)
class Rows:
    """So many scanlines, one after the other, of the same length in bytes (§7.2)."""

    count: int
    length: int


def total_length(rows: list[Rows]) -> int:
    """How many bytes they have."""
    return sum(part.count * part.length for part in rows)


def rows_of_passes(header: bytes) -> list[Rows]:
    """The scanlines of each pass, each with its filter byte, by the contents of IHDR."""
    width = big_endian(header, 0, 4)
    height = big_endian(header, 4, 4)
    bits_per_pixel = header[DEPTH] * CHANNELS[header[COLOUR_TYPE]]
    rows = []
    for part in _ADAM7 if header[INTERLACE] else _NOT_INTERLACED:
        columns = _ceil_divide(width - part.left, part.across)
        count = _ceil_divide(height - part.top, part.down)
        if columns > 0 and count > 0:
            rows.append(Rows(count, 1 + _ceil_divide(columns * bits_per_pixel, _BITS_OF_A_BYTE)))
    return rows


def _ceil_divide(number: int, by: int) -> int:
    return -(-number // by)
