"""WebP headers (RFC 9649)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import (
    MAX_CHUNKS,
    MAX_PROFILE,
    Header,
    little_endian,
)
from pocketfiles.thumbs.geometry import Box, Size

SIGNATURE = b"RIFF"
FORM_TYPE = b"WEBP"

_FORM_TYPE = 8
_FIRST_CHUNK = 12
_CHUNK_HEADER = 8
_TYPE_AND_LENGTH = struct.Struct("<4sI")

_HAS_ALPHA = 0x10
_HAS_PROFILE = 0x20
"""Flags in a VP8X chunk (§2.7)."""

_EXTENDED_HEADER = 10
_FRAME_HEADER = 16
_UNITS_OF_OFFSET = 2
"""A frame's place is counted in two pixels (§2.7.1.1)."""

_VP8_START_CODE = b"\x9d\x01\x2a"
_VP8L_SIGNATURE = 0x2F
_TRANSFORMS = 5
"""Where the list of transforms begins in a lossless frame: a bit, and two of the type if it is
set."""

_TRANSFORM_BITS = 3
_TRANSFORM_TYPE = 3
_SUBTRACT_GREEN = 2
_COLOR_INDEXING = 3

_BITS_OF_A_BYTE = 8
_MAX_BITS_WITHOUT_PREDICTIONS = 8
"""Bits per pixel of a drawing for which the encoder found predictions to be of no use. They are of
none for noise either, which takes more."""

_SIZE_BITS = 14
_SIZE_MASK = (1 << _SIZE_BITS) - 1


class _Chunk(NamedTuple):
    """A chunk's type, and where its data begin and end."""

    kind: bytes
    start: int
    end: int


@dataclass
class _Parts:
    """The chunks that the first frame is drawn from."""

    canvas: Size | None = None
    flags: int = 0
    is_animation: bool = False
    frame_corner: tuple[int, int] = (0, 0)
    alpha: bytes = b""
    kind: bytes = b""
    bitstream: bytes | memoryview = b""
    profile: bytes = field(default=b"", repr=False)

    @property
    def are_complete(self) -> bool:
        """Whether nothing more is wanted. A profile may also follow the frame."""
        has_profile = bool(self.profile) or not self.flags & _HAS_PROFILE
        return bool(self.bitstream) and has_profile


def is_webp(data: bytes) -> bool:
    """Whether the data begin like a WebP file."""
    return data.startswith(SIGNATURE) and data[_FORM_TYPE:_FIRST_CHUNK] == FORM_TYPE


def read(data: bytes) -> Header:
    """The header of a WebP; raises what ``identify.read`` names.

    EXIF is not read: browsers ignore the orientation of a WebP.
    """
    end = _FORM_TYPE + little_endian(data, 4, 4)
    is_cut = end > len(data)
    parts = _parts(data, min(end, len(data)))
    if is_cut and parts.is_animation:  # Chromium shows no part of it
        raise ThumbFailed("truncated")
    if not parts.bitstream:
        raise ThumbFailed("truncated" if is_cut or parts.canvas else "corrupt")
    lossless = parts.kind == b"VP8L"
    size, has_alpha = _vp8l(parts.bitstream) if lossless else _vp8(parts)
    if parts.canvas:
        # Browsers believe the extended header, but for an animation, whose frames say more.
        is_believed = bool(parts.flags & _HAS_ALPHA) and (lossless or bool(parts.alpha))
        has_alpha = is_believed or (parts.is_animation and has_alpha)
    width, height = parts.canvas or size
    left, top = parts.frame_corner
    frame = Box(left, top, left + size[0], top + size[1])
    covers = size == (width, height)
    is_outside = frame.right > width or frame.bottom > height
    if is_outside or not (covers or parts.is_animation):
        raise ThumbFailed("corrupt")
    return Header(
        "WEBP",
        width=width,
        height=height,
        frame=None if covers else frame,
        has_alpha=has_alpha,
        lossless=lossless,
        drawn=lossless and _is_drawn(parts.bitstream, size),
        is_cut=is_cut,
        icc_profile=parts.profile if len(parts.profile) <= MAX_PROFILE else b"",
        stream=_stream(parts, size),
    )


def _parts(data: bytes, end: int) -> _Parts:
    """The chunks of the first frame, as far as they are there."""
    parts = _Parts()
    for chunk in _chunks(data, _FIRST_CHUNK, end):
        _read_chunk(data, chunk, parts)
        if parts.are_complete:
            break
    return parts


def _read_chunk(
    data: bytes,
    chunk: _Chunk,
    parts: _Parts,
) -> None:
    contents = data[chunk.start : min(chunk.end, chunk.start + _FRAME_HEADER)]
    if chunk.kind == b"ICCP" and parts.flags & _HAS_PROFILE:
        parts.profile = data[chunk.start : chunk.end]
    elif parts.bitstream or parts.is_animation:
        return  # the first frame is read
    elif chunk.kind == b"VP8X" and len(contents) >= _EXTENDED_HEADER:
        parts.flags = contents[0]
        parts.canvas = _size_less_one(contents, 4)
    elif chunk.kind == b"ANMF" and len(contents) == _FRAME_HEADER:
        parts.is_animation = True
        left = little_endian(contents, 0, 3)
        top = little_endian(contents, 3, 3)
        parts.frame_corner = (_UNITS_OF_OFFSET * left, _UNITS_OF_OFFSET * top)
        _read_frame(data, _chunks(data, chunk.start + _FRAME_HEADER, chunk.end), parts)
    else:
        _read_frame(data, iter((chunk,)), parts)


def _read_frame(
    data: bytes,
    chunks: Iterator[_Chunk],
    parts: _Parts,
) -> None:
    for chunk in chunks:
        if chunk.kind == b"ALPH":
            parts.alpha = data[chunk.start : chunk.end]
        elif chunk.kind in {b"VP8 ", b"VP8L"}:
            parts.kind = chunk.kind
            parts.bitstream = memoryview(data)[chunk.start : chunk.end]
            return


def _chunks(
    data: bytes,
    at: int,
    end: int,
) -> Iterator[_Chunk]:
    """The chunks from ``at`` to ``end``, of which the last may be cut there."""
    for _ in range(MAX_CHUNKS):
        start = at + _CHUNK_HEADER
        if start > end:
            return
        kind, length = _TYPE_AND_LENGTH.unpack_from(data, at)
        yield _Chunk(kind, start, min(start + length, end))
        padding = length & 1
        at = start + length + padding
    raise ThumbFailed("too-many-chunks")


def _vp8(parts: _Parts) -> tuple[Size, bool]:
    """Size and alpha of a lossy frame (§2.5)."""
    bitstream = parts.bitstream
    if bitstream[3:6] != _VP8_START_CODE:
        raise ThumbFailed("corrupt")
    width = little_endian(bitstream, 6, 2) & _SIZE_MASK
    height = little_endian(bitstream, 8, 2) & _SIZE_MASK
    return (width, height), bool(parts.alpha)


def _vp8l(bitstream: bytes | memoryview) -> tuple[Size, bool]:
    """Size and alpha of a lossless frame (§3.4)."""
    if bitstream[0] != _VP8L_SIGNATURE:
        raise ThumbFailed("corrupt")
    bits = little_endian(bitstream, 1, 4)
    width_less_one = bits & _SIZE_MASK
    height_less_one = bits >> _SIZE_BITS & _SIZE_MASK
    has_alpha = bits >> 2 * _SIZE_BITS & 1
    return (width_less_one + 1, height_less_one + 1), bool(has_alpha)


def _is_drawn(bitstream: bytes | memoryview, size: Size) -> bool:
    """Whether a lossless frame is coded as only a drawing is: with a palette, or with repetitions
    instead of predictions (§4)."""
    width, height = size
    bits_per_pixel = _BITS_OF_A_BYTE * len(bitstream) / (width * height)
    transform = _first_transform(bitstream)
    if transform is None:
        return bits_per_pixel < _MAX_BITS_WITHOUT_PREDICTIONS
    return transform == _COLOR_INDEXING


def _first_transform(bitstream: bytes | memoryview) -> int | None:
    """The type of the first transform, but for one that all pictures have (§4); None if there is
    none."""
    bits = int.from_bytes(bitstream[_TRANSFORMS : _TRANSFORMS + 1], "little")
    while bits & 1:
        transform = bits >> 1 & _TRANSFORM_TYPE
        if transform != _SUBTRACT_GREEN:
            return transform
        bits >>= _TRANSFORM_BITS
    return None


def _size_less_one(data: bytes, at: int) -> Size:
    return little_endian(data, at, 3) + 1, little_endian(data, at + 3, 3) + 1


def _stream(parts: _Parts, size: Size) -> bytes:
    """The frame as a still picture."""
    pieces = _packed(parts.kind, parts.bitstream)
    if parts.alpha and parts.kind == b"VP8 ":
        width, height = size
        width_less_one = (width - 1).to_bytes(3, "little")
        height_less_one = (height - 1).to_bytes(3, "little")
        flags = struct.pack("<I", _HAS_ALPHA)
        extended = flags + width_less_one + height_less_one
        pieces = [*_packed(b"VP8X", extended), *_packed(b"ALPH", parts.alpha), *pieces]
    length = len(FORM_TYPE) + sum(map(len, pieces))
    return b"".join((SIGNATURE, struct.pack("<I", length), FORM_TYPE, *pieces))


def _packed(kind: bytes, data: bytes | memoryview) -> list[bytes | memoryview]:
    """The pieces of a chunk; not joined, since they may be large."""
    padding = b"\0" * (len(data) & 1)
    return [kind, struct.pack("<I", len(data)), data, padding]
