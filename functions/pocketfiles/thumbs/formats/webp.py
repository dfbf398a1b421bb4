"""WebP headers (RFC 9649)."""

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header, little_endian

SIGNATURE = b"RIFF"
FORM_TYPE = b"WEBP"

_FORM_TYPE = 8
_FIRST_CHUNK = 12
_FIRST_DATA = 20
_CHUNK_HEADER = 8

_ANIMATION = 0x02
"""The flag in a VP8X chunk (§2.7)."""

_VP8_START_CODE = b"\x9d\x01\x2a"
_SIZE_BITS = 14
_SIZE_MASK = (1 << _SIZE_BITS) - 1


def is_webp(data: bytes) -> bool:
    """Whether the data begin like a WebP file."""
    return data.startswith(SIGNATURE) and data[_FORM_TYPE:_FIRST_CHUNK] == FORM_TYPE


def read(data: bytes) -> Header:
    """The header of a WebP; raises what ``identify.read`` names."""
    end = _FORM_TYPE + little_endian(data, 4, 4)
    if end > len(data):
        raise ThumbFailed("truncated")
    width, height = _size(data)
    extended = data[_FIRST_CHUNK : _FIRST_CHUNK + 4] == b"VP8X"
    animated = extended and bool(data[_FIRST_DATA] & _ANIMATION)
    block = _chunk(data, end, b"EXIF").removeprefix(b"Exif\0\0")
    return Header("WEBP", width, height, exif.orientation(block), animated=animated)


def icc_profile(data: bytes) -> bytes:
    """The ICC profile; empty if there is none."""
    return _chunk(data, len(data), b"ICCP")


def _size(data: bytes) -> tuple[int, int]:
    """Width and height, as the first chunk has them (§2.5, §2.6, §2.7)."""
    kind = data[_FIRST_CHUNK : _FIRST_CHUNK + 4]
    if kind == b"VP8 ":
        if data[23:26] != _VP8_START_CODE:
            raise ThumbFailed("corrupt")
        width = little_endian(data, 26, 2)
        height = little_endian(data, 28, 2)
        return width & _SIZE_MASK, height & _SIZE_MASK
    if kind == b"VP8L":
        bits = little_endian(data, 21, 4)
        width_less_one = bits & _SIZE_MASK
        height_less_one = bits >> _SIZE_BITS & _SIZE_MASK
        return width_less_one + 1, height_less_one + 1
    if kind == b"VP8X":
        return little_endian(data, 24, 3) + 1, little_endian(data, 27, 3) + 1
    raise ThumbFailed("corrupt")


def _chunk(
    data: bytes,
    end: int,
    kind: bytes,
) -> bytes:
    """The data of the first chunk of that kind; empty if there is none."""
    at = _FIRST_CHUNK
    for _ in range(MAX_CHUNKS):
        start = at + _CHUNK_HEADER
        if start > end:
            return b""
        length = little_endian(data, at + 4, 4)
        if data[at : at + 4] == kind:
            return data[start : start + length]
        padding = length & 1
        at = start + length + padding
    raise ThumbFailed("too-many-chunks")
