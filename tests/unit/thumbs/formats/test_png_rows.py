import struct
import zlib

import pytest

from pocketfiles.thumbs.formats.png_chunks import SIGNATURE
from pocketfiles.thumbs.formats.png_rows import repaired
from tests.unit.thumbs.formats.samples import chunk, thumb


def raw_png(depth: int, colour: int, *, interlace: int, missing: int) -> bytes:
    """Black, 5 × 3 pixels, in two IDAT chunks, of which ``missing`` bytes of pixels are left
    out."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = ((1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)) if interlace else ((5, 3),)
    length = sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in passes)
    stream = zlib.compress(bytes(length - missing))
    header = struct.pack(">IIBBBBB", 5, 3, depth, colour, 0, 0, interlace)
    chunks = ((b"IHDR", header), (b"IDAT", stream[:5]), (b"IDAT", stream[5:]), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in chunks)


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("depth", "colour"), [(1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (2, 3), (8, 4), (8, 6), (16, 6)]
)
def test_a_png_is_complete_when_there_are_pixels_for_every_row(
    depth: int, colour: int, interlace: int
) -> None:
    assert repaired(raw_png(depth, colour, interlace=interlace, missing=0))
    assert not repaired(raw_png(depth, colour, interlace=interlace, missing=1))


def test_rows_that_are_missing_are_found() -> None:
    assert thumb(raw_png(8, 2, interlace=0, missing=7)) == b"[truncated]"


def test_data_after_the_end_of_the_stream_are_no_rows() -> None:
    header = struct.pack(">IIBBBBB", 2000, 1000, 8, 2, 0, 0, 0)
    half = zlib.compress(bytes(500 * (1 + 3 * 2000)))
    kinds = ((b"IHDR", header), (b"IDAT", half + half), (b"IEND", b""))
    data = SIGNATURE + b"".join(chunk(kind, data) for kind, data in kinds)
    assert not repaired(data)
    assert thumb(data) == b"[truncated]"
