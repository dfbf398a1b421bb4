import io
import struct
import zlib

import pytest
from PIL import Image, ImageChops

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.png import read
from tests.unit.thumbs.formats.samples import (
    SIZE,
    TURNED,
    chunk,
    pixels,
    reason,
    thumb,
    tiff,
    written,
)

PNG = written("PNG")
IEND = chunk(b"IEND")
AFTER_IHDR = 33


def with_chunks(*chunks: bytes) -> bytes:
    """The PNG with these chunks before its image data."""
    return PNG[:AFTER_IHDR] + b"".join(chunks) + PNG[AFTER_IHDR:]


def wrong(data: bytes) -> bytes:
    """A chunk with a wrong checksum."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (PNG, Header("PNG", *SIZE)),
        (written("PNG", mode="L"), Header("PNG", *SIZE, channels=1)),
        (written("PNG", mode="RGBA"), Header("PNG", *SIZE, channels=4, has_alpha=True)),
        (written("PNG", mode="P"), Header("PNG", *SIZE, channels=3)),
        (written("PNG", exif=TURNED), Header("PNG", *SIZE, orientation=6)),
        (PNG + b"trailing", Header("PNG", *SIZE)),
        (
            written("PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("PNG", *SIZE),
        ),
        (PNG[:-12], Header("PNG", *SIZE, is_cut=True)),
        (with_chunks(chunk(b"eXIf", tiff(1)), chunk(b"eXIf", tiff(6))), Header("PNG", *SIZE)),
        (with_chunks(wrong(chunk(b"eXIf", tiff(6)))), Header("PNG", *SIZE)),
        (PNG[:-12] + chunk(b"eXIf", tiff(6)) + IEND, Header("PNG", *SIZE)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


LONG_TEXT = zlib.compress(bytes(3_000_000))


@pytest.mark.parametrize(
    "damaged",
    [
        with_chunks(chunk(b"zTXt", b"a\0\0" + LONG_TEXT)),
        with_chunks(chunk(b"iTXt", b"XML\0\1\0\0\0" + LONG_TEXT)),
        with_chunks(chunk(b"iCCP", b"a\0\0" + LONG_TEXT)),
        with_chunks(chunk(b"iCCP", b"")),
        with_chunks(chunk(b"iCCP", b"a\0\7" + LONG_TEXT)),
        with_chunks(chunk(b"zTXt", b"a\0\7" + LONG_TEXT)),
        with_chunks(*(chunk(kind, b"\1") for kind in (b"cHRM", b"pHYs", b"gAMA", b"tRNS"))),
        with_chunks(chunk(b"sRGB")),
        with_chunks(chunk(b"gAMA", bytes(4))),
        with_chunks(wrong(chunk(b"tEXt", b"a\0b"))),
        with_chunks(wrong(chunk(b"gAMA", struct.pack(">I", 100_000)))),
        with_chunks(chunk(b"cHRM", struct.pack(">8I", *range(8)))),
        with_chunks(chunk(b"acTL", bytes(8))),
        with_chunks(chunk(b"acTL", b"\0\0\0\1" + bytes(4)) * 2),
        with_chunks(chunk(b"acTL", b"\0\0\0\1" + bytes(4))),
        with_chunks(chunk(b"fcTL", bytes(26))),
        PNG[:-12],
    ],
)
def test_damage_that_loses_no_pixel_is_no_damage(damaged: bytes) -> None:
    assert thumb(damaged) == thumb(PNG)


@pytest.mark.parametrize(
    "damaged",
    [
        PNG[:-14],  # within the checksum of the chunk
        PNG[:-18],  # within the data's own
        PNG[:-16] + b"\0\0\0\0" + IEND,
    ],
)
def test_checksums_of_image_data_do_not_count(damaged: bytes) -> None:
    difference = ImageChops.difference(pixels(damaged), pixels(PNG))
    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]


FIRST = Image.new("RGB", (8, 6), (255, 0, 0))
SECOND = Image.new("RGB", (8, 6), (0, 0, 255))


def image_data(image: Image.Image) -> bytes:
    rows = image.tobytes()
    stride = 3 * image.width
    lines = (b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride))
    return zlib.compress(b"".join(lines))


def frame_control(number: int, *place: int) -> bytes:
    return chunk(b"fcTL", struct.pack(">5IHHBB", number, *place, 1, 1, 0, 0))


def animation(place: tuple[int, int, int, int] = (8, 6, 16, 12)) -> bytes:
    """Red on a larger canvas, then blue; the default image is a third one."""
    header = struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)
    return b"".join(
        (
            PNG[:8],
            chunk(b"IHDR", header),
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"IDAT", image_data(Image.new("RGB", (40, 30), (0, 255, 0)))),
            frame_control(0, *place),
            chunk(b"fdAT", struct.pack(">I", 1) + image_data(FIRST)[:5]),
            chunk(b"fdAT", struct.pack(">I", 2) + image_data(FIRST)[5:]),
            frame_control(3, *place),
            chunk(b"fdAT", struct.pack(">I", 4) + image_data(SECOND)),
            IEND,
        )
    )


def test_an_animation_shows_its_first_frame_on_an_empty_canvas() -> None:
    assert read(animation()).frame == (16, 12, 24, 18)
    image = pixels(animation())
    assert image.size == (40, 30)
    assert image.getpixel((20, 15)) == (255, 0, 0, 255)
    assert image.getpixel((2, 2)) == (0, 0, 0, 0)
    assert image.getchannel("A").getbbox() == (16, 12, 24, 18)


def test_a_frame_outside_its_canvas_is_broken() -> None:
    assert reason(animation((8, 6, 36, 12))) == "corrupt"
    assert reason(animation((8, 0, 0, 0))) == "corrupt"


def test_image_data_that_end_early_are_truncated() -> None:
    assert thumb(PNG[: len(PNG) // 2]) == b"[truncated]"


def test_a_transparent_colour_of_a_palette_that_is_too_long_is_cut() -> None:
    image = Image.new("P", (4, 4))
    image.putpalette([1, 2, 3])
    out = io.BytesIO()
    image.save(out, "PNG")
    data = out.getvalue()
    place = data.index(b"IDAT") - 4
    assert pixels(data[:place] + chunk(b"tRNS", bytes(9)) + data[place:]).getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG[:20], "truncated"),
        (PNG[:40], "truncated"),
        (PNG[:33], "truncated"),
        (PNG[:33] + IEND, "corrupt"),
        (PNG[:29] + b"\0\0\0\0" + PNG[33:], "corrupt"),  # a checksum
        (PNG[:8] + chunk(b"IDAT") + PNG[8:], "corrupt"),
        (PNG[:8] + chunk(b"IHDR", bytes(8) + PNG[24:29]) + PNG[33:], "corrupt"),
        (PNG[:8] + chunk(b"IHDR", PNG[16:25] + b"\5" + PNG[26:29]) + PNG[33:], "corrupt"),
        (with_chunks(chunk(b"CgBI", bytes(4))), "corrupt"),  # Apple's own, which browsers refuse
        (with_chunks(chunk(b"abCd") * MAX_CHUNKS), "too-many-chunks"),
        (PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:], "corrupt"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
