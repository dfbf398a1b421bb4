"""PNG headers (PNG third edition §5 and §11)."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, UPRIGHT, Header, big_endian

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_CHUNK_HEADER = 8
_CHECKSUM = 4

# Places in the file, IHDR being the first chunk (§11.2.1)
_FIRST_TYPE = 12
_WIDTH = 16
_HEIGHT = 20
_DEPTH = 24
_COLOUR_TYPE = 25
_INTERLACE = 28

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples in a pixel, by colour type."""

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


@dataclass(frozen=True)
class _Chunk:
    """A chunk's type, and where its data begin and end."""

    type: bytes
    start: int
    end: int


def read(data: bytes) -> Header:
    """The header of a PNG; raises what ``identify.read`` names."""
    if data[_FIRST_TYPE:_WIDTH] != b"IHDR":
        raise ThumbFailed("corrupt")
    orientation = UPRIGHT
    animated = False
    for chunk in _chunks(data):
        _check_crc(data, chunk)
        if chunk.type == b"eXIf" and orientation == UPRIGHT:
            orientation = exif.orientation(data[chunk.start : chunk.end])
        elif chunk.type == b"acTL":
            frames = big_endian(data, chunk.start, 4)
            if animated or not frames:
                raise ThumbFailed("corrupt")
            animated = True
        elif chunk.type == b"IEND":
            break
    return Header(
        "PNG",
        width=big_endian(data, _WIDTH, 4),
        height=big_endian(data, _HEIGHT, 4),
        orientation=orientation,
        animated=animated,
        depth=data[_DEPTH],
    )


def is_complete(data: bytes) -> bool:
    """Whether there are pixels for every row of a PNG that ``read`` accepted.

    Pillow accepts a stream that ends early and leaves the missing rows 0. The stream is inflated
    once more for this, a megabyte at a time.
    """
    missing = _scanline_bytes(data)
    inflater = zlib.decompressobj()
    for chunk in _chunks(data):
        if missing <= 0 or chunk.type == b"IEND":
            break
        compressed = data[chunk.start : chunk.end] if chunk.type == b"IDAT" else b""
        while compressed and missing > 0:
            missing -= len(inflater.decompress(compressed, _BYTES_INFLATED_AT_A_TIME))
            compressed = inflater.unconsumed_tail
    return missing <= 0


def _chunks(data: bytes) -> Iterator[_Chunk]:
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        start = at + _CHUNK_HEADER
        end = start + big_endian(data, at, 4)
        yield _Chunk(data[at + 4 : start], start, end)
        at = end + _CHECKSUM
    raise ThumbFailed("too-many-chunks")


def _check_crc(data: bytes, chunk: _Chunk) -> None:
    checked = memoryview(data)[chunk.start - len(chunk.type) : chunk.end]
    if zlib.crc32(checked) != big_endian(data, chunk.end, _CHECKSUM):
        raise ThumbFailed("corrupt")


def _scanline_bytes(data: bytes) -> int:
    """How many bytes all scanlines have, each with its filter byte (§7.2)."""
    width = big_endian(data, _WIDTH, 4)
    height = big_endian(data, _HEIGHT, 4)
    bits_per_pixel = data[_DEPTH] * _CHANNELS[data[_COLOUR_TYPE]]
    total = 0
    for part in _ADAM7 if data[_INTERLACE] else _NOT_INTERLACED:
        columns = _ceil_divide(width - part.left, part.across)
        rows = _ceil_divide(height - part.top, part.down)
        if columns > 0:
            total += rows * (1 + _ceil_divide(columns * bits_per_pixel, 8))
    return total


def _ceil_divide(number: int, by: int) -> int:
    return -(-number // by)
