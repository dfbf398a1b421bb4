"""What a picture's first bytes say, read before any pixel is decoded.

Nothing here allocates by a number found in the picture, and every loop is bounded by ``MAX_CHUNKS``.
Sources: JPEG ITU-T T.81 annex B, PNG third edition §5 and §11, GIF89a, RFC 9649 (WebP).
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.geometry import Box

Format = Literal["JPEG", "PNG", "GIF", "WEBP"]

MAX_CHUNKS = 65_536
"""JPEG segments, PNG or WebP chunks, GIF blocks: an honest file has a few thousand at most."""

MAX_SCANS = 100
"""Passes of a progressive JPEG; encoders write about ten."""

_PNG = b"\x89PNG\r\n\x1a\n"
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_PIECE = 1 << 20  # inflated at a time
_JPEG_HUFFMAN = {0xC0: False, 0xC1: False, 0xC2: True}  # SOF0, SOF1, SOF2: is it progressive?
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(
    rb"\xff[^\x00\xd0-\xd7]"
)  # in entropy-coded data FF is followed by 00 or a restart
_FILLER = b"\x2a\x95\x53" * 100
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


@dataclass(frozen=True)
class Header:
    """``width`` × ``height`` as stored, before ``orientation`` (1-8, EXIF's meaning) turns it upright.
    ``scans`` is how often the decoder walks over the whole picture, 1 for all but some JPEGs. ``frame`` is
    where the first frame lies when it does not cover the canvas (GIF). ``depth``: bits a channel (PNG)."""

    format: Format
    width: int
    height: int
    orientation: int = 1
    scans: int = 1
    animated: bool = False
    frame: Box | None = None
    depth: int = 8


def read(data: bytes) -> Header:
    """The header of a JPEG, PNG, GIF or WebP picture, told apart by magic bytes alone.

    Raises ThumbFailed: ``unsupported`` (none of these, or a rare kind), ``corrupt`` (its structure
    is broken, or a size is 0), ``truncated``, ``too-many-chunks``.
    """
    try:
        header = _read(data)
    except IndexError as error:
        raise ThumbFailed("truncated") from error
    if not (header.width and header.height):
        raise ThumbFailed("corrupt")
    return header


def _read(data: bytes) -> Header:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _gif(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    raise ThumbFailed("unsupported")


def _number(data: bytes, at: int, length: int, order: Literal["little", "big"] = "big") -> int:
    field = data[at : at + length]
    if len(field) != length:
        raise ThumbFailed("truncated")
    return int.from_bytes(field, order)


# JPEG


def _jpeg_segments(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment's contents from ``at`` to EOI, over entropy-coded data."""
    for _ in range(MAX_CHUNKS):
        if data[at] != 0xFF:
            raise ThumbFailed("corrupt")
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0xD9:
            return
        elif marker in _JPEG_BARE:
            at += 2
        else:
            end = at + 2 + _number(data, at + 2, 2)
            if not at + 4 <= end <= len(data):
                raise ThumbFailed("truncated")
            yield marker, at + 4, end
            at = _after_scan(data, end) if marker == 0xDA else end
    raise ThumbFailed("too-many-chunks")


def _after_scan(data: bytes, at: int) -> int:
    found = _MARKER.search(data, at)
    if found is None:
        raise ThumbFailed("truncated")
    return found.start()


def _jpeg(data: bytes) -> Header:
    width = height = components = 0
    orientation, progressive = 1, False
    for marker, start, end in _jpeg_segments(data, 2):
        if marker in _JPEG_FRAMES:
            if width or marker not in _JPEG_HUFFMAN or data[start] != 8:
                raise ThumbFailed("corrupt" if width else "unsupported")
            height, width = _number(data, start + 1, 2), _number(data, start + 3, 2)
            components, progressive = data[start + 5], _JPEG_HUFFMAN[marker]
        elif marker == 0xE1 and orientation == 1 and data.startswith(b"Exif\0\0", start, end):
            orientation = exif.orientation(data[start + 6 : end])
        elif marker == 0xDA:
            if not width:
                raise ThumbFailed("corrupt")
            scans = 1 + _scans(data, start - 4) if progressive or data[start] < components else 1
            if data.rfind(b"\xff\xd9", end) < 0:
                raise ThumbFailed("truncated")
            return Header("JPEG", width, height, orientation, scans)
    raise ThumbFailed("truncated")


def longer(data: bytes) -> bytes:
    """A JPEG with more entropy-coded data in its last scan: the same picture, if it was complete."""
    end = data.rfind(b"\xff\xd9")
    return b"".join((data[:end], _FILLER, data[end:]))


def _scans(data: bytes, at: int) -> int:
    """How many scans follow from ``at``; ThumbFailed ``too-many-chunks`` past MAX_SCANS."""
    count = 0
    for marker, _, _ in _jpeg_segments(data, at):
        count += marker == 0xDA
        if count > MAX_SCANS:
            raise ThumbFailed("too-many-chunks")
    return count


# PNG


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise ThumbFailed("corrupt")
    orientation, animated, at, view = 1, False, len(_PNG), memoryview(data)
    for _ in range(MAX_CHUNKS):
        length, kind = _number(data, at, 4), data[at + 4 : at + 8]
        end = at + 8 + length
        if zlib.crc32(view[at + 4 : end]) != _number(data, end, 4):
            raise ThumbFailed("corrupt")
        if kind == b"eXIf" and orientation == 1:
            orientation = exif.orientation(data[at + 8 : end])
        elif kind == b"acTL":
            if animated or not _number(data, at + 8, 4):
                raise ThumbFailed("corrupt")
            animated = True
        elif kind == b"IEND":
            size = _number(data, 16, 4), _number(data, 20, 4)
            return Header("PNG", *size, orientation, animated=animated, depth=data[24])
        at = end + 4
    raise ThumbFailed("too-many-chunks")


def png_is_complete(data: bytes) -> bool:
    """Whether there are pixels for every row: Pillow takes a stream that ends early and leaves the rest 0.

    ``data`` is a PNG that ``read`` found in order. This inflates it once more, without keeping it.
    """
    passes = _ADAM7 if data[28] else ((0, 0, 1, 1),)
    bits = data[24] * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[data[25]]
    width, height, missing = _number(data, 16, 4), _number(data, 20, 4), 0
    for left, top, across, down in passes:
        columns, rows = -((left - width) // across), -((top - height) // down)
        missing += rows * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    inflate, at = zlib.decompressobj(), len(_PNG)
    while missing > 0 and data[at + 4 : at + 8] != b"IEND":
        end = at + 8 + _number(data, at, 4)
        waiting = data[at + 8 : end] if data[at + 4 : at + 8] == b"IDAT" else b""
        while waiting and missing > 0:
            missing -= len(inflate.decompress(waiting, _PIECE))
            waiting = inflate.unconsumed_tail
        at = end + 4
    return missing <= 0


# GIF


def _gif(data: bytes) -> Header:
    width, height = _number(data, 6, 2, "little"), _number(data, 8, 2, "little")
    at, inside = 13 + _gif_palette(data[10]), False
    for _ in range(MAX_CHUNKS):
        if inside:  # the sub-blocks of an extension; an empty one ends it
            inside = data[at] > 0
            at += 1 + data[at]
        elif data[at] == 0x21:
            inside = True
            at += 2
        elif data[at] == 0x2C:
            return Header("GIF", width, height, frame=_gif_frame(data, at, width, height))
        else:
            raise ThumbFailed("corrupt")
    raise ThumbFailed("too-many-chunks")


def _gif_palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_frame(data: bytes, at: int, width: int, height: int) -> Box | None:
    left, top, across, down = (_number(data, at + offset, 2, "little") for offset in (1, 3, 5, 7))
    has_palette = data[at + 9] & 0x80 or data[10] & 0x80
    if not (across and down and has_palette) or left + across > width or top + down > height:
        raise ThumbFailed("corrupt")
    return None if (across, down) == (width, height) else (left, top, left + across, top + down)


# WebP


def _webp(data: bytes) -> Header:
    end = 8 + _number(data, 4, 4, "little")
    if end > len(data):
        raise ThumbFailed("truncated")
    width, height = _webp_size(data)
    animated = data[12:16] == b"VP8X" and bool(data[20] & 0x02)
    return Header("WEBP", width, height, _webp_orientation(data, end), animated=animated)


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            raise ThumbFailed("corrupt")
        return _number(data, 26, 2, "little") & 0x3FFF, _number(data, 28, 2, "little") & 0x3FFF
    if kind == b"VP8L":
        bits = _number(data, 21, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return _number(data, 24, 3, "little") + 1, _number(data, 27, 3, "little") + 1
    raise ThumbFailed("corrupt")


def _webp_orientation(data: bytes, end: int) -> int:
    block = _webp_chunk(data, end, b"EXIF")
    return exif.orientation(block.removeprefix(b"Exif\0\0"))


def webp_profile(data: bytes) -> bytes:
    """The ICC profile of a WebP picture, empty when there is none."""
    return _webp_chunk(data, len(data), b"ICCP")


def _webp_chunk(data: bytes, end: int, kind: bytes) -> bytes:
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > end:
            return b""
        length = _number(data, at + 4, 4, "little")
        if data[at : at + 4] == kind:
            return data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)
    raise ThumbFailed("too-many-chunks")
