import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
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


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", ["40x30", "240x160"])  # by Pillow's writer and by ours
def test_noise_in_png_may_be_off_by_a_level(mode: str, size: str) -> None:
    noise = Image.merge(mode, [Image.effect_noise((240, 160), 30) for _ in mode])
    data = written(noise, "PNG")
    exact, near = (
        render(data, parse(size), ThumbOptions(png_tolerance=levels)) for levels in (0, 1)
    )
    assert len(near.body) < 0.92 * len(exact.body)
    extrema = ImageChops.difference(opened(exact), opened(near)).getextrema()
    assert {extrema} if mode == "L" else set(extrema) == {(0, 1)}


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
def test_a_gif_has_colours_of_its_own(side: int) -> None:
    bands = [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)]
    source = Image.merge("RGB", bands).quantize(200)
    thumb = opened(render(written(source, "GIF"), parse(f"{side}x{side}"))).convert("RGB")
    expected = source.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    assert max(ImageStat.Stat(ImageChops.difference(thumb, expected)).rms) < 6


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


def test_where_the_plain_thumb_is_smaller_it_is_taken() -> None:
    data = written(Image.new("RGB", (64, 64), (255, 255, 255)), "PNG")
    assert render(data, parse("16x16"), format_name="avif").content_type == "image/png"


def test_a_gif_stays_a_gif() -> None:
    data = written(blocks(), "GIF")
    assert render(data, parse("120x0"), format_name="avif").content_type == "image/gif"


@pytest.mark.parametrize("format_name", ["avif", "webp"])
def test_transparency_is_kept_in_every_format(format_name: str) -> None:
    picture = photograph().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((200, 200)))
    thumb = render(written(picture, "PNG"), parse("100x100"), format_name=format_name)
    assert thumb.content_type == f"image/{format_name}"
    lowest, highest = opened(thumb).convert("RGBA").getchannel("A").getextrema()
    assert lowest < 10
    assert highest > 245


def test_a_very_large_thumb_is_no_avif() -> None:
    data = written(Image.effect_noise((2000, 1500), 40), "JPEG")
    assert render(data, parse("1900x0"), format_name="avif").content_type == "image/jpeg"
