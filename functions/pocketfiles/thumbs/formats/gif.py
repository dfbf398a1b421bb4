"""GIF headers (GIF89a)."""

import struct
from dataclasses import dataclass

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header, little_endian
from pocketfiles.thumbs.geometry import Box, Size

SIGNATURES = (b"GIF87a", b"GIF89a")

_EXTENSION = 0x21
_GRAPHIC_CONTROL = 0xF9
_IMAGE = 0x2C
_TRAILER = b"\x3b"
_BLOCK_TERMINATOR = b"\0"

# Places in the file (§18)
_WIDTH = 6
_HEIGHT = 8
_SCREEN_FLAGS = 10
_AFTER_SCREEN = 13

_HAS_COLOUR_TABLE = 0x80
_COLOUR_TABLE_BITS = 0x07
_BLACK_COLOUR_TABLE = bytes(3 * 256)

# Places in an image descriptor (§20)
_FRAME_LEFT = 1
_FRAME_TOP = 3
_FRAME_WIDTH = 5
_FRAME_HEIGHT = 7
_FRAME_FLAGS = 9
_AFTER_DESCRIPTOR = 10

_GRAPHIC_CONTROL_LENGTH = 8
_CONTROL_FLAGS = 3
_TRANSPARENT = 0x01
"""The flag of a transparent colour in a graphic control extension (§23)."""

_INTERLACED = 0x40

_MAX_SUB_BLOCKS = 1 << 18
"""Most sub-blocks of an image: 64 megabytes in blocks of 255 bytes, which nearly all are."""

_LONGEST_CODE = 12
_MAX_SHORT_CODES_PER_PIXEL = 2
"""A pixel has a code of its own at most. Encoders that do not compress write short codes, and
others that clear the table."""

_FEW_BYTES = 1 << 16
_BITS_OF_A_BYTE = 8


@dataclass(frozen=True)
class _Frame:
    """The first image: its place, and the blocks it is drawn from."""

    box: Box
    flags: int
    graphic_control: bytes
    colour_table: bytes
    image_data: bytes | memoryview
    is_cut: bool


def read(data: bytes) -> Header:
    """The header of a GIF; raises what ``identify.read`` names."""
    frame = _first_frame(data)
    # Like browsers: a canvas that is too small grows to hold the first frame.
    width = max(little_endian(data, _WIDTH, 2), frame.box.right)
    height = max(little_endian(data, _HEIGHT, 2), frame.box.bottom)
    covers = frame.box.size == (width, height)
    return Header(
        "GIF",
        width=width,
        height=height,
        frame=None if covers else frame.box,
        channels=1,
        has_alpha=_has_transparent_colour(frame.graphic_control),
        is_cut=frame.is_cut,
        stream=_stream(frame),
    )


def _has_transparent_colour(graphic_control: bytes) -> bool:
    flags = graphic_control[_CONTROL_FLAGS : _CONTROL_FLAGS + 1]
    return bool(flags and flags[0] & _TRANSPARENT)


def _first_frame(data: bytes) -> _Frame:
    screen_flags = data[_SCREEN_FLAGS]
    at = _AFTER_SCREEN + _colour_table_bytes(screen_flags)
    global_table = data[_AFTER_SCREEN:at]
    graphic_control = b""
    in_extension = False
    for _ in range(MAX_CHUNKS):
        if in_extension:
            block_length = data[at]
            in_extension = block_length > 0
            at += 1 + block_length
        elif data[at] == _EXTENSION:
            if data[at + 1] == _GRAPHIC_CONTROL:
                graphic_control = data[at : at + _GRAPHIC_CONTROL_LENGTH]
            in_extension = True
            at += 2
        elif data[at] == _IMAGE:
            return _frame(data, at, global_table, graphic_control)
        else:
            raise ThumbFailed("corrupt")
    raise ThumbFailed("too-many-chunks")


def _colour_table_bytes(flags: int) -> int:
    if not flags & _HAS_COLOUR_TABLE:
        return 0
    colours = 2 << (flags & _COLOUR_TABLE_BITS)
    return 3 * colours


def _frame(
    data: bytes,
    at: int,
    global_table: bytes,
    graphic_control: bytes,
) -> _Frame:
    left = little_endian(data, at + _FRAME_LEFT, 2)
    top = little_endian(data, at + _FRAME_TOP, 2)
    width = little_endian(data, at + _FRAME_WIDTH, 2)
    height = little_endian(data, at + _FRAME_HEIGHT, 2)
    flags = data[at + _FRAME_FLAGS]
    if not (width and height):
        raise ThumbFailed("corrupt")
    table = at + _AFTER_DESCRIPTOR
    start = table + _colour_table_bytes(flags)
    code_size = data[start]
    if code_size == 0:
        raise ThumbFailed("corrupt")
    if start + 1 >= len(data):
        raise ThumbFailed("truncated")
    max_bytes = _max_bytes(width * height, code_size)
    image_data, is_cut = _image_data(data, start, max_bytes)
    return _Frame(
        box=Box(left, top, left + width, top + height),
        flags=flags,
        graphic_control=graphic_control,
        # Browsers draw a GIF without a colour table in black.
        colour_table=data[table:start] or global_table or _BLACK_COLOUR_TABLE,
        image_data=image_data,
        is_cut=is_cut,
    )


def _max_bytes(pixels: int, code_size: int) -> int:
    """Most bytes of image data that so many pixels can have."""
    bits_of_short_codes = _MAX_SHORT_CODES_PER_PIXEL * (code_size + 1)
    bits_per_pixel = max(_LONGEST_CODE, bits_of_short_codes)
    return _FEW_BYTES + pixels * bits_per_pixel // _BITS_OF_A_BYTE


def _image_data(
    data: bytes,
    start: int,
    max_bytes: int,
) -> tuple[bytes | memoryview, bool]:
    """The code size and the sub-blocks from ``start``, without terminator; whether it is missing.

    What follows ``max_bytes`` is no part of the picture.
    """
    view = memoryview(data)  # files may be large
    at = start + 1
    for number in range(_MAX_SUB_BLOCKS):
        if at >= len(data):
            return view[start:at], True
        length = data[at]
        bytes_read = at - start - number
        if length == 0 or bytes_read > max_bytes:
            return view[start:at], False
        if at + 1 + length > len(data):
            rest = data[at + 1 :]
            return b"".join((data[start:at], bytes((len(rest),)), rest)), True
        at += 1 + length
    raise ThumbFailed("too-many-chunks")


def _stream(frame: _Frame) -> bytes:
    size: Size = frame.box.size
    colours = len(frame.colour_table) // 3
    table_bits = colours.bit_length() - 2
    screen = struct.pack("<HHBBB", *size, _HAS_COLOUR_TABLE | table_bits, 0, 0)
    descriptor = struct.pack("<BHHHHB", _IMAGE, 0, 0, *size, frame.flags & _INTERLACED)
    return b"".join(
        (
            SIGNATURES[-1],
            screen,
            frame.colour_table,
            frame.graphic_control,
            descriptor,
            frame.image_data,
            _BLOCK_TERMINATOR,
            _TRAILER,
        )
    )
