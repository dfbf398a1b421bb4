"""The chunks of a PNG (PNG third edition §5)."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import MAX_CHUNKS

SIGNATURE = b"\x89PNG\r\n\x1a\n"

CHUNK_HEADER = 8
CHECKSUM = 4

_LENGTH_AND_TYPE = struct.Struct(">I4s")

MAX_NUMBER = 2**31 - 1
"""The largest number in a chunk (§7.1)."""

_CRITICAL = 0x20
"""The bit of a type's first letter that is 0 in critical chunks (§5.4)."""

_KNOWN_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})

_IMPOSSIBLE = bytes(4)
"""The type given to a chunk whose length is impossible. Decoders know no such chunk."""


class Chunk(NamedTuple):
    """A chunk's type, and where its data begin and end; ``is_cut`` if the file ends before it
    does."""

    type: bytes
    start: int
    end: int
    is_cut: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks up to the end of the data, of which the last may be cut."""
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        start = at + CHUNK_HEADER
        if start > len(data):
            return
        length, kind = _LENGTH_AND_TYPE.unpack_from(data, at)
        if length > MAX_NUMBER:
            yield Chunk(_IMPOSSIBLE, start, start, is_cut=True)
            return
        end = start + length
        is_cut = end + CHECKSUM > len(data)
        yield Chunk(kind, start, min(end, len(data)), is_cut)
        if is_cut:
            return
        at = end + CHECKSUM
    raise ThumbFailed("too-many-chunks")


def is_unknown(chunk: Chunk) -> bool:
    """Whether no decoder may skip the chunk, and none knows it."""
    return not chunk.type[0] & _CRITICAL and chunk.type not in _KNOWN_CRITICAL


def has_right_crc(data: bytes, chunk: Chunk) -> bool:
    """Whether the checksum of the chunk fits (§5.5)."""
    if chunk.is_cut:
        return False
    crc = zlib.crc32(memoryview(data)[chunk.start : chunk.end], zlib.crc32(chunk.type))
    return crc == int.from_bytes(data[chunk.end : chunk.end + CHECKSUM], "big")


def packed(kind: bytes, data: bytes) -> bytes:
    """A chunk of that type (§5.3)."""
    length = struct.pack(">I", len(data))
    checksum = struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    return b"".join((length, kind, data, checksum))
