import pytest
from PIL import Image, ImageChops, ImageStat

from pocketfiles.thumbs.render import Options, render
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
    for to, less in (("JPEG", Options(jpeg_quality=40)), ("WEBP", Options(webp_quality=30))):
        data = written(Image.effect_noise((240, 160), 60), to)
        assert len(render(data, parse("120x0"), less).body) < len(render(data, parse("120x0")).body)


def test_a_gif_keeps_its_transparency() -> None:
    image = blocks().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 120, 80))
    thumb = opened(render(written(image, "GIF"), parse("60x40"))).convert("RGBA")
    assert thumb.getpixel((10, 10))[3] == 0  # type: ignore[index]
    assert [name(thumb.getpixel(at)) for at in ((45, 10), (15, 30), (45, 30))] == ["green", "blue", "white"]


def test_a_gif_has_colours_of_its_own() -> None:
    bands = [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)]
    source = Image.merge("RGB", bands).quantize(200)
    thumb = opened(render(written(source, "GIF"), parse("128x128"))).convert("RGB")
    expected = source.convert("RGB").resize((128, 128), Image.Resampling.BILINEAR)
    assert max(ImageStat.Stat(ImageChops.difference(thumb, expected)).rms) < 6
