"""Compressed data of a PNG (RFC 1951), and how many of them there may be.

A block that inflates to nothing takes a decoder as long as hundreds of pixels, so data must
inflate to about their own length at least.
"""

import zlib
from collections.abc import Iterator

_BYTES_READ_AT_A_TIME = 1 << 16
_BYTES_INFLATED_AT_A_TIME = 1 << 20

_MAX_BYTES_PER_INFLATED_BYTE = 2
_FEW_BYTES = 1 << 16
"""Encoders write hardly more bytes than they are given, but may end a block after every row."""


def max_deflated(length: int) -> int:
    """Most bytes of compressed data that inflate to so many."""
    return _FEW_BYTES + _MAX_BYTES_PER_INFLATED_BYTE * length


def pieces(
    inflater: "zlib._Decompress",
    deflated: memoryview,
) -> Iterator[tuple[bytes, int]]:
    """The inflated data, up to a megabyte at a time, and how many bytes were read so far.

    Raises zlib.error.
    """
    for at in range(0, len(deflated), _BYTES_READ_AT_A_TIME):
        piece = bytes(deflated[at : at + _BYTES_READ_AT_A_TIME])
        read = at + len(piece)
        is_more_ready = True
        while (piece or is_more_ready) and not inflater.eof:
            inflated = inflater.decompress(piece, _BYTES_INFLATED_AT_A_TIME)
            is_more_ready = len(inflated) == _BYTES_INFLATED_AT_A_TIME
            piece = inflater.unconsumed_tail
            left = inflater.unused_data if inflater.eof else piece
            yield inflated, read - len(left)
        if inflater.eof:
            return


def inflated(deflated: bytes, max_length: int) -> bytes | None:
    """The data that were compressed, with a header of zlib (RFC 1950).

    None if they are broken, cut, longer than ``max_length``, or compressed in far too many bytes.
    """
    inflater = zlib.decompressobj()
    found = bytearray()
    try:
        for piece, read in pieces(inflater, memoryview(deflated)):
            found += piece
            if len(found) > max_length or read > max_deflated(len(found)):
                return None
    except zlib.error:
        return None
    return bytes(found) if inflater.eof else None
