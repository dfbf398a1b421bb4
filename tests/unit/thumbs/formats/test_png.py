import struct
import zlib

import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.png import is_complete, read
from tests.unit.thumbs.formats.samples import SIZE, TURNED, chunk, reason, written

PNG = written("PNG")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (PNG, Header("PNG", *SIZE)),
        (written("PNG", exif=TURNED), Header("PNG", *SIZE, orientation=6)),
        (PNG + b"trailing", Header("PNG", *SIZE)),
        (
            written("PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("PNG", *SIZE, animated=True),
        ),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_an_orientation_behind_the_pixels_of_a_png_counts() -> None:
    assert read(PNG[:-12] + chunk(b"eXIf", TURNED[6:]) + PNG[-12:]).orientation == 6


def raw_png(depth: int, colour: int, *, interlace: int, missing: int) -> bytes:
    """Black, 5 × 3 pixels, in two IDAT chunks, of which ``missing`` bytes of pixels are left out."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = ((1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)) if interlace else ((5, 3),)
    length = sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in passes)
    stream = zlib.compress(bytes(length - missing))
    header = struct.pack(">IIBBBBB", 5, 3, depth, colour, 0, 0, interlace)
    return PNG[:8] + b"".join(
        chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", stream[:5]),
            (b"IDAT", stream[5:]),
            (b"IEND", b""),
        )
    )


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("depth", "colour"), [(1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (2, 3), (8, 4), (8, 6), (16, 6)]
)
def test_a_is_complete_when_there_are_pixels_for_every_row(
    depth: int, colour: int, interlace: int
) -> None:
    assert is_complete(raw_png(depth, colour, interlace=interlace, missing=0))
    assert not is_complete(raw_png(depth, colour, interlace=interlace, missing=1))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG[:-12], "truncated"),
        (PNG[:20], "truncated"),
        (PNG[:29] + b"\0\0\0\0" + PNG[33:], "corrupt"),  # a checksum
        (PNG[:8] + chunk(b"IDAT") + PNG[8:], "corrupt"),
        (PNG[:8] + chunk(b"IHDR", bytes(8) + PNG[24:29]) + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"acTL", bytes(8)) + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"acTL", b"\0\0\0\1" + bytes(4)) * 2 + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"abCd") * MAX_CHUNKS + PNG[33:], "too-many-chunks"),
        (PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:], "truncated"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
