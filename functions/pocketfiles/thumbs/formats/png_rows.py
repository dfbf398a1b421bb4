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
    CHECKSUM,
    CHUNK_HEADER,
    Chunk,
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

_LAST_FILTER = 4
"""Filter types are 0 to 4 (§9.2)."""


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
class _Rows:
    """So many scanlines, one after the other, of the same length in bytes (§7.2)."""

    count: int
    length: int


@dataclass(frozen=True)
class _Inflation:
    """How many bytes compressed data have, how many bytes of deflate they are read from, and their
    checksum, Adler-32; also whether the file has the same one, as far as it has one.

    ``is_ended``: the data say that they end, or are longer than needed.
    """

    length: int
    bytes_used: int
    checksum: bytes
    checksum_fits: bool
    is_ended: bool
    has_unknown_filter: bool


@dataclass(frozen=True)
class Repaired:
    """A PNG whose image data have right checksums; ``is_ended`` if they also say that they end."""

    stream: bytes
    is_ended: bool


def repaired(stream: bytes) -> Repaired | None:
    """The stream of a header with right checksums of its image data.

    None if there are not pixels for every row: Pillow accepts data that end early and leaves the
    missing rows 0. Raises zlib.error, or ValueError if the data fit neither of their checksums, or
    if a row has an unknown filter.
    """
    all_chunks = list(chunks(stream))
    header = all_chunks[0]
    image_chunks = [chunk for chunk in all_chunks if chunk.type == b"IDAT"]
    data = b"".join(stream[chunk.start : chunk.end] for chunk in image_chunks)
    rows = _rows_of_passes(stream[header.start : header.end])
    inflation = _inflate(memoryview(data)[_ZLIB_HEADER:], rows)
    if inflation.length < _total_length(rows):
        return None
    if inflation.has_unknown_filter:
        raise ValueError("unknown filter of a row")
    crc_fits = all(has_right_crc(stream, chunk) for chunk in image_chunks)
    is_intact = crc_fits or inflation.checksum_fits
    if not (is_intact or _only_checksum_is_damaged(stream, image_chunks, data, inflation)):
        raise ValueError("damaged image data")
    before = stream[: image_chunks[0].start - CHUNK_HEADER]
    zlib.decompressobj().decompress(data[:_ZLIB_HEADER])  # raises if it is no zlib header
    deflated = data[_ZLIB_HEADER : _ZLIB_HEADER + inflation.bytes_used]
    image_data = packed(b"IDAT", _LARGEST_WINDOW + deflated + inflation.checksum)
    right = b"".join((before, image_data, packed(b"IEND", b"")))
    return Repaired(right, inflation.is_ended)


def _only_checksum_is_damaged(
    stream: bytes,
    image_chunks: list[Chunk],
    data: bytes,
    inflation: _Inflation,
) -> bool:
    """Whether the CRC of every chunk fits once the right Adler-32, which it covers, is in place."""
    start = _ZLIB_HEADER + inflation.bytes_used
    corrected = data[:start] + inflation.checksum + data[start + _CHECKSUM_LENGTH :]
    at = 0
    for chunk in image_chunks:
        next_chunk = at + chunk.end - chunk.start
        crc = zlib.crc32(corrected[at:next_chunk], zlib.crc32(chunk.type))
        if crc != big_endian(stream, chunk.end, CHECKSUM):
            return False
        at = next_chunk
    return True


def _inflate(deflated: memoryview, rows: list[_Rows]) -> _Inflation:
    """Inflate a megabyte at a time, until the data end or are more than ``rows`` have."""
    inflater = zlib.decompressobj(_RAW_DEFLATE)
    most = _total_length(rows)
    length = 0
    checksum = zlib.adler32(b"")
    has_unknown_filter = False
    read = 0
    while read < len(deflated) and length <= most and not inflater.eof:
        piece = bytes(deflated[read : read + _BYTES_READ_AT_A_TIME])
        read += len(piece)
        while piece and length <= most and not inflater.eof:
            inflated = inflater.decompress(piece, _BYTES_INFLATED_AT_A_TIME)
            has_unknown_filter = has_unknown_filter or _is_filter_unknown(inflated, length, rows)
            checksum = zlib.adler32(inflated, checksum)
            length += len(inflated)
            piece = inflater.unconsumed_tail
    left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    used = read - len(left)
    right = checksum.to_bytes(_CHECKSUM_LENGTH, "big")
    stored = bytes(deflated[used : used + _CHECKSUM_LENGTH])
    is_there = inflater.eof and len(stored) == _CHECKSUM_LENGTH
    return _Inflation(
        length=length,
        bytes_used=used,
        checksum=right,
        checksum_fits=stored == right or not is_there,
        is_ended=inflater.eof or length > most,
        has_unknown_filter=has_unknown_filter,
    )


def _is_filter_unknown(
    scanlines: bytes,
    at: int,
    rows: list[_Rows],
) -> bool:
    """Whether a row's first byte names no filter (§9.2).

    ``at`` is how many bytes of scanlines come before these.
    """
    end = at + len(scanlines)
    start_of_pass = 0
    for part in rows:
        end_of_pass = start_of_pass + part.count * part.length
        first = start_of_pass
        if at > first:
            first = at + (start_of_pass - at) % part.length
        filters = scanlines[first - at : max(0, min(end, end_of_pass) - at) : part.length]
        if filters and max(filters) > _LAST_FILTER:
            return True
        start_of_pass = end_of_pass
    return False


def _total_length(rows: list[_Rows]) -> int:
    return sum(part.count * part.length for part in rows)


def _rows_of_passes(header: bytes) -> list[_Rows]:
    """The scanlines of each pass, each with its filter byte (§7.2)."""
    width = big_endian(header, 0, 4)
    height = big_endian(header, 4, 4)
    bits_per_pixel = header[DEPTH] * CHANNELS[header[COLOUR_TYPE]]
    rows = []
    for part in _ADAM7 if header[INTERLACE] else _NOT_INTERLACED:
        columns = _ceil_divide(width - part.left, part.across)
        count = _ceil_divide(height - part.top, part.down)
        if columns > 0 and count > 0:
            rows.append(_Rows(count, 1 + _ceil_divide(columns * bits_per_pixel, 8)))
    return rows


def _ceil_divide(number: int, by: int) -> int:
    return -(-number // by)
