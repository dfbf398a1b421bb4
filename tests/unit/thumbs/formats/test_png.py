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
        (written("PNG", mode="P"), Header("PNG", *SIZE, channels=3, drawn=True)),
        (written("PNG", exif=TURNED), Header("PNG", *SIZE, orientation=6)),
        (PNG + b"trailing", Header("PNG", *SIZE)),
        (
            written("PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("PNG", *SIZE),
        ),
        (PNG[:-12], Header("PNG", *SIZE, is_cut=True)),
        (
            with_chunks(chunk(b"eXIf", tiff(1)), chunk(b"eXIf", tiff(6))),
            Header("PNG", *SIZE),
        ),
        (with_chunks(wrong(chunk(b"eXIf", tiff(6)))), Header("PNG", *SIZE)),
        (PNG[:-12] + chunk(b"eXIf", tiff(6)) + IEND, Header("PNG", *SIZE)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def longer(number: int) -> bytes:
    """The length of the image data, off by that number."""
    length = int.from_bytes(PNG[AFTER_IHDR : AFTER_IHDR + 4], "big")
    return (length + number).to_bytes(4, "big")


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
        with_chunks(wrong(chunk(b"tRNS", bytes(6)))),
        with_chunks(wrong(chunk(b"acTL", b"\0\0\0\1" + bytes(4)))),
        with_chunks(chunk(b"acTL", b"\xff\xff\xff\xff" + bytes(4))),
        with_chunks(chunk(b"acTL", b"\0\0\0\1" + bytes(5))),
        PNG[:-12],
        PNG[:-12] + chunk(b"ABCD", b"unknown") + IEND,
        PNG[:-12] + b"\1\2\3" + IEND,
        PNG[:-12] + b"\xff\xff\xff\xffjunk",
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
        PNG[:-17] + b"\x55" + PNG[-16:],  # the CRC is that of the data before the damage
        PNG[:AFTER_IHDR] + chunk(b"IDAT", PNG[AFTER_IHDR + 8 : -17] + b"\x55") + IEND,
        PNG[:AFTER_IHDR] + chunk(b"IDAT", b"\x18\x19" + PNG[AFTER_IHDR + 10 : -16]) + IEND,
        PNG[:AFTER_IHDR] + longer(1) + PNG[AFTER_IHDR + 4 :],
        PNG[:AFTER_IHDR] + longer(-1) + PNG[AFTER_IHDR + 4 :],
    ],
)
def test_one_right_checksum_of_image_data_is_enough(damaged: bytes) -> None:
    difference = ImageChops.difference(pixels(damaged), pixels(PNG))
    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]


def test_image_data_that_fit_neither_checksum_give_no_thumb() -> None:
    data = PNG[AFTER_IHDR + 8 : -16]
    wrong_data = data[:-1] + bytes([data[-1] ^ 1])
    before = PNG[:AFTER_IHDR]
    assert thumb(before + wrong(chunk(b"IDAT", wrong_data)) + IEND) == b"[corrupt]"


@pytest.mark.parametrize(
    ("mode", "data", "alpha"),
    [
        ("L", b"\0\0", 0),
        ("L", b"\0\0\0\7\0\7", 0),  # of more bytes than needed, the first ones count
        ("L", b"\0", 255),
        ("RGB", bytes(6), 0),
        ("RGB", bytes(8), 0),
        ("RGB", bytes(5), 255),
    ],
)
def test_a_transparent_colour_needs_a_sample_for_each_channel(
    mode: str, data: bytes, alpha: int
) -> None:
    black = io.BytesIO()
    Image.new(mode, SIZE).save(black, "PNG")
    whole = black.getvalue()
    made = pixels(whole[:AFTER_IHDR] + chunk(b"tRNS", data) + whole[AFTER_IHDR:])
    assert made.getextrema()[3] == (alpha, alpha)


def test_transparency_before_the_palette_does_not_count() -> None:
    whole = written("PNG", mode="P")
    early = whole[:AFTER_IHDR] + chunk(b"tRNS", bytes(256)) + whole[AFTER_IHDR:]
    assert thumb(early) == thumb(whole)


def test_a_palette_that_is_missing_gives_no_thumb() -> None:
    whole = written("PNG", mode="P")
    assert thumb(whole.replace(b"PLTE", b"plTE")) == b"[corrupt]"


@pytest.mark.parametrize(
    "chunks",
    [
        (chunk(b"gAMA", bytes(4)), chunk(b"gAMA", struct.pack(">I", 100_000))),
        (chunk(b"gAMA", b"\1"), chunk(b"gAMA", struct.pack(">I", 100_000))),
        (chunk(b"sRGB", b"\7"), chunk(b"gAMA", struct.pack(">I", 100_000))),
        (chunk(b"cICP", bytes((1, 8, 1, 1))), chunk(b"cICP", bytes((1, 8, 0, 1)))),
    ],
)
def test_the_first_colour_chunk_that_makes_sense_counts(chunks: tuple[bytes, bytes]) -> None:
    assert thumb(with_chunks(*chunks)) == thumb(with_chunks(chunks[1])) != thumb(PNG)


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


def test_an_animation_that_ends_after_its_first_frame_is_shown() -> None:
    whole = animation()
    for end in (whole.index(frame_control(3, 8, 6, 16, 12)), whole.rindex(b"IEND") - 4):
        assert pixels(whole[:end]).getpixel((20, 15)) == (255, 0, 0, 255)


def test_the_default_image_is_a_frame_if_a_frame_control_precedes_it() -> None:
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    first = frame_control(0, *SIZE, 0, 0)
    rest = frame_control(1, 8, 6, 16, 12) + chunk(b"fdAT", bytes(4) + image_data(FIRST)) + IEND
    one = PNG[:AFTER_IHDR] + control + first + PNG[AFTER_IHDR:-12] + rest
    two = PNG[:AFTER_IHDR] + first + control + PNG[AFTER_IHDR:-12] + rest
    assert thumb(one) == thumb(two) == thumb(PNG)


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


@pytest.mark.parametrize(
    "fields",
    [(1, 0, 0), (0, 3, 0), (0, 0, 2)],  # sequence number, disposal, blending
)
def test_an_animation_whose_first_frame_control_is_impossible_is_broken(
    fields: tuple[int, int, int],
) -> None:
    number, disposal, blending = fields
    place = (8, 6, 16, 12)
    control = struct.pack(">5IHHBB", number, *place, 1, 1, disposal, blending)
    right = frame_control(0, *place)
    assert reason(animation(place).replace(right, chunk(b"fcTL", control))) == "corrupt"
    before_image = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", control)
    assert reason(with_chunks(before_image)) == "corrupt"
    assert thumb(with_chunks(chunk(b"fcTL", control))) == thumb(PNG)  # no animation


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
