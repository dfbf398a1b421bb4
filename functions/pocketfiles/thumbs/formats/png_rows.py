"""Whether a PNG has pixels for every row (PNG third edition §7, §8 and §10)."""

import random
import zlib
from dataclasses import dataclass

from pocketfiles.thumbs.formats.header import big_endian
from pocketfiles.thumbs.formats.png_chunks import (
    CHECKSUM,
    CHUNK_HEADER,
    Chunk,
    chunks,
    has_right_crc,
    packed,
)
from pocketfiles.thumbs.formats.png_deflate import max_deflated, pieces
from pocketfiles.thumbs.formats.png_passes import Rows, rows_of_passes, total_length

_ZLIB_HEADER = 2
_LARGEST_WINDOW = b"\x78\x01"
"""A header for any data: some encoders claim a smaller window than they use (RFC 1950 §2.2)."""

_BITS_OF_A_BYTE = 8

_RAW_DEFLATE = -zlib.MAX_WBITS
_CHECKSUM_LENGTH = 4

_LAST_STORED_BLOCK = b"\1\0\0\xff\xff"
_LAST_FIXED_BLOCK = 0b11
"""An empty block that ends the data (RFC 1951 §3.2.3), as a number whose lowest bit comes first."""

_GUESSES = 16
_BYTES_OF_A_GUESS = 1 << 17
_MOST_BYTES_OF_A_GUESS = 1 << 22
"""Any bytes end a block sooner or later, and hardly ever begin another."""

_LAST_FILTER = 4
"""Filter types are 0 to 4 (§9.2)."""


@dataclass(frozen=True)
class _Inflation:
    """How many bytes compressed data have, how many bytes of deflate they are read from, and their
    checksum, Adler-32; also whether the file has the same one, as far as it has one.

    ``continuation`` follows the data where they do not say that they end.
    """

    length: int
    bytes_used: int
    checksum: bytes
    checksum_fits: bool
    continuation: bytes
    has_unknown_filter: bool


def repaired(stream: bytes) -> bytes | None:
    """The stream of a header with right checksums of its image data, which also end.

    None if there are not pixels for every row: Pillow accepts data that end early and leaves the
    missing rows 0. Raises zlib.error, or ValueError if the data fit neither of their checksums, or
    if a row has an unknown filter.
    """
    all_chunks = list(chunks(stream))
    header = all_chunks[0]
    image_chunks = [chunk for chunk in all_chunks if chunk.type == b"IDAT"]
    data = b"".join(stream[chunk.start : chunk.end] for chunk in image_chunks)
    rows = rows_of_passes(stream[header.start : header.end])
    inflation = _inflate(memoryview(data)[_ZLIB_HEADER:], rows)
    if inflation.length < total_length(rows):
        return None
    if inflation.has_unknown_filter:
        raise ValueError("unknown filter of a row")
    crc_fits = all(has_right_crc(stream, chunk) for chunk in image_chunks)
    is_intact = crc_fits or inflation.checksum_fits
    if not (is_intact or _only_checksum_is_damaged(stream, image_chunks, data, inflation)):
        raise ValueError("damaged image data")
    before = stream[: image_chunks[0].start - CHUNK_HEADER]
    zlib.decompressobj().decompress(data[:_ZLIB_HEADER])  # raises if it is no zlib header
    deflated = data[_ZLIB_HEADER : _ZLIB_HEADER + inflation.bytes_used] + inflation.continuation
    image_data = packed(b"IDAT", _LARGEST_WINDOW + deflated + inflation.checksum)
    return b"".join((before, image_data, packed(b"IEND", b"")))


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


def _inflate(deflated: memoryview, rows: list[Rows]) -> _Inflation:
    """Inflate until the data end, are more than ``rows`` have, or are too many for what they
    inflate to."""
    inflater = zlib.decompressobj(_RAW_DEFLATE)
    most = total_length(rows)
    length = 0
    checksum = zlib.adler32(b"")
    has_unknown_filter = False
    used = 0
    for inflated, used in pieces(inflater, deflated):
        has_unknown_filter = has_unknown_filter or _is_filter_unknown(inflated, length, rows)
        checksum = zlib.adler32(inflated, checksum)
        length += len(inflated)
        if length > most or used > max_deflated(length):
            break
    continuation = b""
    if length >= most and not inflater.eof:
        continuation = _continuation(inflater, has_more=length > most)
    right = checksum.to_bytes(_CHECKSUM_LENGTH, "big")
    stored = bytes(deflated[used : used + _CHECKSUM_LENGTH])
    is_there = inflater.eof and len(stored) == _CHECKSUM_LENGTH
    return _Inflation(
        length=length,
        bytes_used=used,
        checksum=right,
        checksum_fits=stored == right or not is_there,
        continuation=continuation,
        has_unknown_filter=has_unknown_filter,
    )


def _continuation(inflater: "zlib._Decompress", *, has_more: bool) -> bytes:
    """Bytes after which the data end, or are broken after the last row: decoders want one of both.

    The data may stop within a code that is known to the inflater alone. So bytes are tried: blocks
    that end the data, and then any. ValueError if none fits. With ``has_more``, the data go on
    after the last row already.
    """
    blocks = (_LAST_FIXED_BLOCK << shift for shift in range(_BITS_OF_A_BYTE))
    endings = (block.to_bytes(3, "little") for block in blocks)
    guess = random.Random(0)  # noqa: S311 - nothing is secret, and each run does the same
    guesses = (guess.randbytes(_BYTES_OF_A_GUESS) for _ in range(_GUESSES))
    for attempt in (_LAST_STORED_BLOCK, *endings, *guesses):
        used = _bytes_to_continue(attempt, inflater.copy(), has_more=has_more)
        if used:
            return attempt[:used]
    raise ValueError("the image data have no end")


def _bytes_to_continue(
    attempt: bytes,
    inflater: "zlib._Decompress",
    *,
    has_more: bool,
) -> int:
    """How many of these bytes continue the data as they should; 0 if they do not."""
    try:
        first = inflater.decompress(attempt, 1)
        has_more = has_more or bool(first)
        inflater.decompress(inflater.unconsumed_tail, _MOST_BYTES_OF_A_GUESS)
    except zlib.error:
        return len(attempt) if has_more else 0
    return len(attempt) - len(inflater.unused_data) if inflater.eof else 0


def _is_filter_unknown(
    scanlines: bytes,
    at: int,
    rows: list[Rows],
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
