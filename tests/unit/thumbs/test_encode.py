import random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat, JpegImagePlugin

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import identify
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
from tests.unit.thumbs.drawings import DRAWINGS, PHOTOGRAPHS
from tests.unit.thumbs.pictures import blocks, name, opened, written


@pytest.mark.parametrize("to", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_but_the_picture_is_in_a_thumb(to: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret"
    exif.get_ifd(0x8825)[1] = "N secret"
    options = {"GIF": {"comment": b"secret"}}.get(to, {"exif": exif, "xmp": b"<x>secret</x>"})
    thumb = render(written(blocks(), to, **options), parse("240x160"))
    assert b"secret" not in thumb.body
    assert not {"exif", "xmp", "comment", "icc_profile", "dpi"} & opened(thumb).info.keys()


def test_qualities_are_settings() -> None:
    for to, less in (
        ("JPEG", ThumbOptions(jpeg_quality=40)),
        ("WEBP", ThumbOptions(webp_quality=30)),
    ):
        data = written(Image.effect_noise((240, 160), 60), to)
        assert len(render(data, parse("120x0"), less).body) < len(render(data, parse("120x0")).body)


def noise(mode: str, size: tuple[int, int] = (480, 320)) -> Image.Image:
    return Image.merge(mode, [Image.effect_noise(size, 60).convert("L") for _ in mode])


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", ["240x160", "430x0"])  # by Pillow's writer and by ours
def test_noise_in_png_may_be_off_by_a_level_but_not_in_alpha(mode: str, size: str) -> None:
    data = written(noise(mode), "PNG")
    exact, near = (
        render(data, parse(size), ThumbOptions(png_tolerance=levels)) for levels in (0, 1)
    )
    assert len(near.body) < {"RGB": 0.92, "RGBA": 0.95}[mode] * len(exact.body)
    difference = ImageChops.difference(opened(exact), opened(near))
    assert difference.getextrema() == ((0, 1), (0, 1), (0, 1), (0, 0))[: len(mode)]


def test_rounded_levels_are_neither_brighter_nor_darker_on_average() -> None:
    data = written(noise("RGB"), "PNG")
    exact, near = (
        opened(render(data, parse("240x160"), ThumbOptions(png_tolerance=levels)))
        for levels in (0, 1)
    )
    for one, two in zip(ImageStat.Stat(exact).mean, ImageStat.Stat(near).mean, strict=True):
        assert one == pytest.approx(two, abs=0.03)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (noise("RGB"), "480x320"),  # not resized
        (noise("RGB").quantize(64), "480x320"),
        (noise("L").point(lambda level: level // 4), "240x160"),
    ],
)
def test_other_noise_in_png_is_exact(image: Image.Image, size: str) -> None:
    data = written(image, "PNG")
    exact, near = (
        render(data, parse(size), ThumbOptions(png_tolerance=levels)) for levels in (0, 1)
    )
    assert exact.body == near.body


@pytest.mark.parametrize(("subsampling", "sampling"), [(0, 0), (1, 2), (2, 2)])
def test_a_jpeg_without_subsampling_stays_so(subsampling: int, sampling: int) -> None:
    data = written(blocks(), "JPEG", subsampling=subsampling)
    assert JpegImagePlugin.get_sampling(opened(render(data, parse("60x0")))) == sampling


def lines() -> Image.Image:
    """Red lines, a pixel wide, on blue."""
    image = Image.new("RGB", (240, 160), (20, 30, 90))
    for x in range(5, 240, 9):
        image.paste((255, 0, 0), (x, 0, x + 1, 160))
    return image


def test_a_lossless_drawing_in_webp_stays_lossless() -> None:
    thumb = opened(render(written(lines(), "WEBP", lossless=True), parse("240x160")))
    assert ImageChops.difference(thumb.convert("RGB"), lines()).getbbox() is None


@pytest.mark.parametrize("kind", DRAWINGS)
@pytest.mark.parametrize("size", ["100x100", "300x0", "640x480f"])
def test_a_lossless_drawing_in_webp_stays_lossless_though_its_thumb_looks_like_a_photograph(
    kind: str,
    size: str,
) -> None:
    data = written(DRAWINGS[kind](), "WEBP", lossless=True)
    assert identify.read(render(data, parse(size)).body).lossless


@pytest.mark.parametrize("size", ["100x100", "300x0"])
def test_a_drawing_that_was_encoded_with_little_effort_stays_lossless(size: str) -> None:
    data = written(DRAWINGS["text"](), "WEBP", lossless=True, method=0)
    assert identify.read(render(data, parse(size)).body).lossless


def icon(side: int) -> Image.Image:
    """A disc of gradients on a transparent ground."""
    bands = [Image.radial_gradient("L"), *(Image.linear_gradient("L").rotate(n) for n in (0, 90))]
    image = Image.merge("RGB", bands).convert("RGBA")
    disc = Image.new("L", image.size)
    ImageDraw.Draw(disc).ellipse((8, 8, 248, 248), fill=255)
    image.putalpha(disc)
    return image.resize((side, side), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("side", [32, 64, 128, 256, 512])
def test_an_icon_in_lossless_webp_stays_lossless(side: int) -> None:
    data = written(icon(side), "WEBP", lossless=True)
    assert identify.read(render(data, parse("100x100")).body).lossless


@pytest.mark.parametrize("size", ["100x100", "300x0", "640x480f"])
@pytest.mark.parametrize("kind", PHOTOGRAPHS)
def test_a_lossless_photograph_in_webp_becomes_lossy(size: str, kind: str) -> None:
    data = written(PHOTOGRAPHS[kind](), "WEBP", lossless=True)
    assert not identify.read(render(data, parse(size)).body).lossless


@pytest.mark.parametrize(
    "image",
    [
        DRAWINGS["smooth map"]().quantize(250),  # a palette
        DRAWINGS["cells"](),  # less than a bit per pixel
    ],
)
def test_a_drawing_in_png_is_exact_as_webp_though_its_thumb_looks_like_a_photograph(
    image: Image.Image,
) -> None:
    data = written(image, "PNG")
    plain = opened(render(data, parse("300x0"), ThumbOptions(png_tolerance=0)))
    thumb = render(data, parse("300x0"), ThumbOptions(png_tolerance=0), "webp")
    assert thumb.content_type == "image/webp"
    assert ImageChops.difference(opened(thumb).convert("RGB"), plain).getbbox() is None


def test_a_drawing_in_png_is_exact() -> None:
    drawing = blocks()
    drawing.paste(Image.linear_gradient("L").resize((80, 80)), (20, 20))
    assert (
        ImageChops.difference(
            opened(render(written(drawing, "PNG"), parse("240x160"))), drawing
        ).getbbox()
        is None
    )


@pytest.mark.parametrize("by", [1, 10])  # of the larger one, only a part tells the palette
def test_a_gif_keeps_its_transparency(by: int) -> None:
    image = blocks().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 120, 80))
    thumb = opened(render(written(image, "GIF"), parse(f"{60 * by}x{40 * by}"))).convert("RGBA")
    assert thumb.getpixel((10 * by, 10 * by))[3] == 0  # type: ignore[index]
    colours = [name(thumb.getpixel((x * by, y * by))) for x, y in ((45, 10), (15, 30), (45, 30))]
    assert colours == ["green", "blue", "white"]


@pytest.mark.parametrize("side", [128, 400])
def test_a_gif_has_colours_of_its_own_and_no_bands(side: int) -> None:
    bands = [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)]
    source = Image.merge("RGB", bands).quantize(200)
    thumb = opened(render(written(source, "GIF"), parse(f"{side}x{side}"))).convert("RGB")
    expected = source.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    # Seen from some distance: dithering is off at each pixel, but not on average.
    assert max(ImageStat.Stat(ImageChops.difference(thumb.reduce(4), expected.reduce(4))).rms) < 4


def photograph() -> Image.Image:
    """Soft shapes with a little grain, as cameras give them."""
    bands = [Image.effect_noise((200, 200), 90).filter(ImageFilter.GaussianBlur(3)) for _ in "RGB"]
    return Image.merge("RGB", bands)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("format_name", ["avif", "webp"])
def test_a_photograph_is_smaller_in_the_format_that_is_asked_for(
    source: str, format_name: str
) -> None:
    data = written(photograph().resize((320, 240)), source)
    plain = render(data, parse("160x0"))
    thumb = render(data, parse("160x0"), format_name=format_name)
    if source != "WEBP":  # its plain thumb is as small
        assert thumb.content_type == f"image/{format_name}"
    assert opened(thumb).size == opened(plain).size == (160, 120)
    assert len(thumb.body) <= len(plain.body)


def test_a_drawing_in_png_is_exact_as_webp() -> None:
    data = written(lines(), "PNG")
    plain = opened(render(data, parse("200x0")))
    thumb = render(data, parse("200x0"), format_name="webp")
    assert thumb.content_type == "image/webp"
    assert (
        ImageChops.difference(opened(thumb).convert("RGB"), plain.convert("RGB")).getbbox() is None
    )


def chroma_of_avif(body: bytes) -> str:
    """The chroma subsampling of an AV1 picture, from ``av1C`` (AV1 in ISOBMFF §2.3.3)."""
    flags = body[body.index(b"av1C") + 6]
    return {0: "4:4:4", 4: "4:2:2", 12: "4:2:0"}[flags & 12]


@pytest.mark.parametrize(
    ("to", "options", "chroma"),
    [
        ("JPEG", {"subsampling": "4:2:0"}, "4:2:0"),
        ("JPEG", {"subsampling": "4:4:4"}, "4:4:4"),
        ("PNG", {}, "4:4:4"),
        ("WEBP", {"lossless": True}, "4:4:4"),
        ("WEBP", {}, "4:2:0"),
    ],
)
def test_an_avif_has_the_chroma_of_its_source(
    to: str, options: dict[str, object], chroma: str
) -> None:
    data = written(photograph().resize((640, 480)), to, **options)
    thumb = render(data, parse("320x0"), ThumbOptions(avif_quality=20), "avif")
    assert thumb.content_type == "image/avif"
    assert chroma_of_avif(thumb.body) == chroma


def test_where_the_plain_thumb_is_smaller_it_is_taken() -> None:
    data = written(Image.new("RGB", (64, 64), (255, 255, 255)), "PNG")
    assert render(data, parse("16x16"), format_name="avif").content_type == "image/png"


@pytest.mark.parametrize(
    ("side", "content_type"),
    [(32_768, "image/avif"), (32_769, "image/jpeg")],
)
@pytest.mark.parametrize("is_wide", [True, False])
def test_an_avif_is_no_longer_than_chromium_shows(
    side: int, content_type: str, *, is_wide: bool
) -> None:
    noise = Image.frombytes("L", (8192, 3), random.Random(3).randbytes(8192 * 3)).convert("RGB")
    image = noise if is_wide else noise.transpose(Image.Transpose.ROTATE_90)
    size = f"{side}x3" if is_wide else f"3x{side}"
    thumb = render(written(image, "JPEG"), parse(size), format_name="avif")
    assert thumb.content_type == content_type


@pytest.mark.parametrize("format_name", ["avif", "webp"])
def test_where_the_other_encoder_fails_the_plain_thumb_is_taken(format_name: str) -> None:
    refused = ThumbOptions(avif_quality=1000, webp_quality=1000)
    data = written(photograph(), "JPEG")
    thumb = render(data, parse("100x100"), refused, format_name)
    assert thumb == render(data, parse("100x100"))


def test_a_gif_stays_a_gif() -> None:
    data = written(blocks(), "GIF")
    assert render(data, parse("120x0"), format_name="avif").content_type == "image/gif"


@pytest.mark.parametrize("format_name", ["avif", "webp"])
def test_transparency_is_kept_in_every_format(format_name: str) -> None:
    picture = photograph().convert("RGBA")
    disc = Image.radial_gradient("L").point(lambda level: 255 if level < 128 else 0)
    picture.putalpha(disc.resize((200, 200)))
    thumb = render(written(picture, "PNG"), parse("100x100"), format_name=format_name)
    assert thumb.content_type == f"image/{format_name}"
    lowest, highest = opened(thumb).convert("RGBA").getchannel("A").getextrema()
    assert lowest < 10
    assert highest > 245


def test_a_picture_with_much_translucency_is_no_avif() -> None:
    """Chromium shows it wrong; the pictures in browsers compare it."""
    picture = photograph().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((200, 200)))
    data = written(picture, "PNG")
    assert render(data, parse("100x100"), format_name="avif").content_type == "image/png"
    assert render(data, parse("100x100"), format_name="webp").content_type == "image/webp"


@pytest.mark.parametrize(("format_name", "width"), [("avif", 1900), ("webp", 2500)])
def test_a_very_large_thumb_is_in_its_own_format(format_name: str, width: int) -> None:
    data = written(Image.effect_noise((2600, 2000), 40), "JPEG")
    thumb = render(data, parse(f"{width}x0"), format_name=format_name)
    assert thumb.content_type == "image/jpeg"


def test_a_gif_of_few_colours_keeps_them() -> None:
    source = blocks().quantize(8)
    thumb = opened(render(written(source, "GIF"), parse("240x160"))).convert("RGB")
    assert ImageChops.difference(thumb, source.convert("RGB")).getbbox() is None


def test_a_gif_keeps_small_vivid_colours() -> None:
    source = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * n) for n in range(3)])
    source = source.point(lambda level: 90 + level // 4)
    source.paste((255, 0, 0), (100, 100, 112, 112))
    thumb = opened(render(written(source.quantize(256, method=1), "GIF"), parse("128x0")))
    red, green, blue = thumb.convert("RGB").getpixel((53, 53))  # type: ignore[misc]
    assert red > 225
    assert max(green, blue) < 45


@pytest.mark.parametrize(
    ("to", "size", "thumb"),
    [("WEBP", (8000, 2), "16384x0"), ("JPEG", (30_000, 1), "65504x0")],
)
def test_a_thumb_longer_than_its_format_allows_is_too_large(
    to: str, size: tuple[int, int], thumb: str
) -> None:
    with pytest.raises(ThumbFailed, match="thumb-too-large"):
        render(written(Image.new("RGB", size), to), parse(thumb))


@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_a_png_may_be_very_wide(kind: str) -> None:
    image = noise("RGBA", (17_000, 20)) if kind == "noise" else Image.new("RGBA", (17_000, 20))
    assert opened(render(written(image, "PNG"), parse("16500x0"))).size == (16_500, 19)
