import struct
import zlib

import pytest
from PIL import Image, ImageCms, ImageOps

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import render as module
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize, parse
from tests.unit.thumbs.pictures import (
    BLUE,
    FORMATS,
    GREEN,
    RED,
    UPRIGHT,
    blocks,
    corners,
    name,
    opened,
    written,
)

SIZES = ["30x30", "60x40f", "24x0", "0x300", "100x30t", "30x100b", "240x160", "480x320"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("to", FORMATS)
def test_each_format_gives_its_own_with_the_colours_in_place(to: str, size: str) -> None:
    thumb = opened(render(written(blocks(), to), parse(size)))
    expected = {"100x30t": ["red", "green"] * 2, "30x100b": UPRIGHT}.get(size, UPRIGHT)
    assert corners(thumb) == expected


@pytest.mark.parametrize("to", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("size", ["60x0", "40x60", "60x40t", "60x40f"])
def test_the_orientation_is_applied_where_browsers_honour_it(
    to: str, orientation: int, size: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    thumb = opened(render(written(blocks(), to, exif=exif), parse(size)))
    source = blocks()
    source.getexif()[0x0112] = orientation
    plain = opened(render(written(ImageOps.exif_transpose(source), to), parse(size)))
    assert thumb.size == plain.size
    assert corners(thumb) == corners(plain)
    assert not thumb.getexif()


SOURCES = {
    "grey JPEG": (blocks().convert("L"), "JPEG", {}),
    "CMYK JPEG": (blocks().convert("CMYK"), "JPEG", {}),
    "4:4:4 JPEG": (blocks(), "JPEG", {"subsampling": 0}),
    "progressive JPEG": (blocks(), "JPEG", {"progressive": True}),
    "bilevel PNG": (blocks().convert("1", dither=Image.Dither.NONE), "PNG", {}),
    "grey PNG": (blocks().convert("L"), "PNG", {}),
    "palette PNG": (blocks().quantize(4), "PNG", {}),
    "palette GIF": (blocks().quantize(4), "GIF", {"interlace": True}),
    "grey GIF": (blocks().convert("L"), "GIF", {}),
    "lossless WebP": (blocks(), "WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("size", ["60x40", "32x0"])
def test_every_kind_of_pixel_keeps_its_colour(kind: str, size: str) -> None:
    image, to, options = SOURCES[kind]
    thumb = opened(render(written(image, to, **options), parse(size)))
    expected = image.convert("RGB").resize(thumb.size, Image.Resampling.BILINEAR)
    for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)):
        place = thumb.width * x // 4, thumb.height * y // 4
        assert thumb.convert("RGB").getpixel(place) == pytest.approx(
            expected.getpixel(place), abs=12
        )


def test_a_cmyk_jpeg_has_the_same_colours_without_its_adobe_marker() -> None:
    data = written(blocks().convert("CMYK"), "JPEG")
    marker = data.index(b"\xff\xeeAdobe"[:2] + b"\0\x0eAdobe")
    without = data[:marker] + data[marker + 16 :]
    assert (
        opened(render(without, parse("30x20"))).tobytes()
        == opened(render(data, parse("30x20"))).tobytes()
    )


def png(
    width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG of raw scanlines."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_sixteen_bits_give_their_high_byte() -> None:
    grey = png(2, 1, 16, 0, b"\0" + struct.pack(">HH", 0x80FF, 0x1234))
    assert opened(render(grey, parse("2x1"))).tobytes() == b"\x80\x12"
    rgba = png(1, 1, 16, 6, b"\0" + struct.pack(">HHHH", 0xFF00, 0x8000, 0x0102, 0x4000))
    assert opened(render(rgba, parse("1x1"))).tobytes() == b"\xff\x80\x01\x40"


@pytest.mark.parametrize(
    "data",
    [
        png(2, 1, 8, 0, b"\0\x07\x09", (b"tRNS", b"\0\x07")),
        png(2, 1, 16, 0, b"\0\x07\x01\x09\x01", (b"tRNS", b"\x07\x01")),
        png(2, 1, 8, 2, b"\0\x07\x07\x07\x09\x09\x09", (b"tRNS", b"\0\x07\0\x07\0\x07")),
        png(2, 1, 8, 3, b"\0\0\1", (b"PLTE", b"\7\7\7\x09\x09\x09"), (b"tRNS", b"\0\xff")),
        png(2, 1, 1, 3, b"\0\x40", (b"PLTE", b"\7\7\7\x09\x09\x09"), (b"tRNS", b"\0")),
    ],
)
def test_a_transparent_colour_becomes_alpha(data: bytes) -> None:
    thumb = opened(render(data, parse("2x1"))).convert("RGBA")
    assert [thumb.getpixel((x, 0))[3] for x in (0, 1)] == [0, 255]  # type: ignore[index]
    assert thumb.getpixel((1, 0)) == (9, 9, 9, 255)


@pytest.mark.parametrize("to", ["PNG", "WEBP"])
@pytest.mark.parametrize(("size", "factor"), [("60x40", 4), ("200x0", 1), ("480x0", 1)])
def test_what_cannot_be_seen_does_not_shine_in(to: str, size: str, factor: int) -> None:
    """Green of no opacity beside faint red: averaged by weight of opacity, there is no green."""
    image = Image.new("RGBA", (240, 160), (0, 255, 0, 0))
    for x in range(0, 240, 8 * factor):
        image.paste((200, 0, 0, 9), (x, 0, x + 4 * factor, 160))
    options = {"lossless": True, "exact": True} if to == "WEBP" else {}
    thumb = opened(render(written(image, to, **options), parse(size)))
    seen = [pixel for pixel in thumb.convert("RGBA").get_flattened_data() if pixel[3] > 4]  # type: ignore[index]
    assert seen
    green = 0 if to == "PNG" else 25  # lossy WebP smears a little
    assert max(pixel[1] for pixel in seen) <= green  # type: ignore[index]
    assert min(pixel[0] for pixel in seen) > 170  # type: ignore[index]


FRAMES = [Image.new("RGB", (120, 120), colour) for colour in (RED, GREEN, BLUE)]


@pytest.mark.parametrize(
    ("to", "options", "colour"),
    [
        ("GIF", {}, "red"),
        ("WEBP", {}, "red"),
        ("PNG", {}, "red"),
        (
            "PNG",
            {"default_image": True},
            "green",
        ),  # the first picture is for those who cannot animate
    ],
)
def test_an_animation_gives_its_first_frame(to: str, options: dict[str, bool], colour: str) -> None:
    data = written(FRAMES[0], to, save_all=True, append_images=FRAMES[1:], **options)
    assert name(opened(render(data, parse("50x50"))).convert("RGB").getpixel((25, 25))) == colour


def exchanged() -> bytes:
    """An RGB profile whose red and green have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for tag, other in ((b"rXYZ", b"????"), (b"gXYZ", b"rXYZ"), (b"????", b"gXYZ")):
        profile = profile.replace(tag, other, 1)
    return profile.replace("sRGB".encode("utf-16-be"), "Mine".encode("utf-16-be")).replace(
        b"sRGB", b"Mine"
    )


@pytest.mark.parametrize("to", ["JPEG", "PNG", "WEBP"])
def test_colours_of_an_icc_profile_become_srgb(to: str) -> None:
    pure = Image.new("RGB", (120, 120), (255, 0, 0))
    thumb = opened(render(written(pure, to, icc_profile=exchanged()), parse("30x30")))
    red, green, _ = thumb.convert("RGB").getpixel((15, 15))  # type: ignore[misc]
    assert green > 240
    assert red < 30
    assert "icc_profile" not in thumb.info


def test_a_profile_leaves_opacity_alone() -> None:
    pure = Image.new("RGBA", (120, 120), (255, 0, 0, 100))
    thumb = opened(render(written(pure, "PNG", icc_profile=exchanged()), parse("30x30")))
    assert thumb.getpixel((15, 15))[1:] == pytest.approx((255, 0, 100), abs=12)  # type: ignore[index]


@pytest.mark.parametrize("profile", [b"broken", exchanged()[:200], bytes(500)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_that_is_broken_or_of_other_colours_means_nothing(
    profile: bytes, mode: str
) -> None:
    image = blocks().convert(mode)
    with_it = render(written(image, "JPEG", icc_profile=profile), parse("30x30"))
    assert with_it.body == render(written(image, "JPEG"), parse("30x30")).body


def test_the_bytes_decide_and_not_what_they_are_called() -> None:
    assert render(written(blocks(), "JPEG"), ThumbSize(30, 20)).content_type == "image/jpeg"
    with pytest.raises(ThumbFailed, match="unsupported"):
        render(written(blocks(), "BMP"), ThumbSize(30, 20))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (ThumbOptions(max_source_bytes=100), "too-many-bytes"),
        (ThumbOptions(max_pixels=240 * 160 - 1), "too-many-pixels"),
        (ThumbOptions(max_output_pixels=30 * 20 - 1), "thumb-too-large"),
    ],
)
def test_limits_come_before_decoding(options: ThumbOptions, reason: str) -> None:
    with pytest.raises(ThumbFailed, match=reason):
        render(written(blocks(), "PNG"), ThumbSize(30, 20), options)


def test_missing_memory_is_told_from_broken_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "decode", full)
    with pytest.raises(ThumbFailed, match="out-of-memory"):
        render(written(blocks(), "PNG"), ThumbSize(30, 20))
