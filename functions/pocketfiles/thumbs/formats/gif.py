"""GIF headers (GIF89a)."""

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header, little_endian
from pocketfiles.thumbs.geometry import Box

SIGNATURES = (b"GIF87a", b"GIF89a")

_EXTENSION = 0x21
_IMAGE = 0x2C

# Places in the file (§18)
_WIDTH = 6
_HEIGHT = 8
_SCREEN_FLAGS = 10
_AFTER_SCREEN = 13

_HAS_COLOUR_TABLE = 0x80
_COLOUR_TABLE_BITS = 0x07

# Places in an image descriptor (§20)
_FRAME_LEFT = 1
_FRAME_TOP = 3
_FRAME_WIDTH = 5
_FRAME_HEIGHT = 7
_FRAME_FLAGS = 9


def read(data: bytes) -> Header:
    """The header of a GIF; raises what ``identify.read`` names."""
    width = little_endian(data, _WIDTH, 2)
    height = little_endian(data, _HEIGHT, 2)
    at = _AFTER_SCREEN + _colour_table_bytes(data[_SCREEN_FLAGS])
    in_extension = False
    for _ in range(MAX_CHUNKS):
        if in_extension:
            block_length = data[at]
            in_extension = block_length > 0
            at += 1 + block_length
        elif data[at] == _EXTENSION:
            in_extension = True
            at += 2
        elif data[at] == _IMAGE:
            return Header("GIF", width, height, frame=_frame(data, at, width, height))
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
    canvas_width: int,
    canvas_height: int,
) -> Box | None:
    """Where the frame described at ``at`` lies; None if it covers the canvas."""
    left = little_endian(data, at + _FRAME_LEFT, 2)
    top = little_endian(data, at + _FRAME_TOP, 2)
    width = little_endian(data, at + _FRAME_WIDTH, 2)
    height = little_endian(data, at + _FRAME_HEIGHT, 2)
    flags = data[at + _FRAME_FLAGS] | data[_SCREEN_FLAGS]
    if not (width and height and flags & _HAS_COLOUR_TABLE):
        raise ThumbFailed("corrupt")
    if left + width > canvas_width or top + height > canvas_height:
        raise ThumbFailed("corrupt")
    if (width, height) == (canvas_width, canvas_height):
        return None
    return Box(left, top, left + width, top + height)
