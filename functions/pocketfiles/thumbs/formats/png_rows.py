"""Whether a PNG has pixels for every row (PNG third edition §7, §8 and §10)."""

import zlib
from dataclasses import dataclass

from pocketfiles.thumbs.formats.header import big_endian
from pocketfiles.thumbs.formats.png import (
    CHANNELS,
    COLOUR_TYPE,
    DEPTH,
    INTERLACE,
)
from pocketfiles.thumbs.formats.png_chunks import (
    CHUNK_HEADER,
    chunks,
    has_right_crc,
    packed,
)

_BYTES_READ_AT_A_TIME = 1 << 16
_BYTES_INFLATED_AT_A_TIME = 1 << 20

_ZLIB_HEADER = 2
_LARGEST_WINDOW = b"\x78\x01"
"""A header for any data: some encoders claim a smaller window than they use (RFC 1950 §2.2)."""

_RAW_DEFLATE = -zlib.MAX_WBITS
_CHECKSUM_LENGTH = 4


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
class _Inflation:
    """How many bytes compressed data have, how many bytes of deflate they are read from, and their
    checksum; also whether the file has the same one, as far as it has one."""

    length: int
    bytes_used: int
    checksum: bytes
    checksum_fits: bool


def repaired(stream: bytes) -> bytes | None:
    """The stream of a header with right checksums of its image data.

    None if there are not pixels for every row: Pillow accepts data that end early and leaves the
    missing rows 0. Raises ValueError if the data fit neither of their checksums and are damaged, or
    zlib.error.
    """
    all_chunks = list(chunks(stream))
    header = all_chunks[0]
    image_chunks = [chunk for chunk in all_chunks if chunk.type == b"IDAT"]
    data = b"".join(stream[chunk.start : chunk.end] for chunk in image_chunks)
    needed = _scanline_bytes(stream[header.start : header.end])
    inflation = _inflate(memoryview(data)[_ZLIB_HEADER:], needed)
    if inflation.length < needed:
        return None
    crc_fits = all(has_right_crc(stream, chunk) for chunk in image_chunks)
    if not (crc_fits or inflation.checksum_fits):
        raise ValueError("damaged image data")
    before = stream[: image_chunks[0].start - CHUNK_HEADER]
    zlib.decompressobj().decompress(data[:_ZLIB_HEADER])  # raises if it is no zlib header
    deflated = data[_ZLIB_HEADER : _ZLIB_HEADER + inflation.bytes_used]
    image_data = packed(b"IDAT", _LARGEST_WINDOW + deflated + inflation.checksum)
    return b"".join((before, image_data, packed(b"IEND", b"")))


def _inflate(deflated: memoryview, most: int) -> _Inflation:
    """Inflate a megabyte at a time, until the data end or are more than ``most`` bytes."""
    inflater = zlib.decompressobj(_RAW_DEFLATE)
    length = 0
    checksum = zlib.adler32(b"")
    read = 0
    while read < len(deflated) and length <= most and not inflater.eof:
        piece = bytes(deflated[read : read + _BYTES_READ_AT_A_TIME])
        read += len(piece)
        while piece and length <= most and not inflater.eof:
            inflated = inflater.decompress(piece, _BYTES_INFLATED_AT_A_TIME)
            checksum = zlib.adler32(inflated, checksum)
            length += len(inflated)
            piece = inflater.unconsumed_tail
    left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    used = read - len(left)
    right = checksum.to_bytes(_CHECKSUM_LENGTH, "big")
    stored = bytes(deflated[used : used + _CHECKSUM_LENGTH])
    is_there = inflater.eof and len(stored) == _CHECKSUM_LENGTH
    return _Inflation(length, used, right, checksum_fits=stored == right or not is_there)


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
