import io
import random

import pytest
from PIL import Image, ImageChops

from pocketfiles.thumbs import png_writer
from pocketfiles.thumbs.raster import Raster

SIZES = [(1, 1), (7, 3), (64, 64), (65, 64), (300, 200)]


def png(image: Image.Image, tolerance: int) -> bytes:
    return png_writer.png(Raster.of(image), tolerance)


def picture(mode: str, size: tuple[int, int], kind: str) -> Image.Image:
    if kind == "noise":
        bands = [Image.effect_noise(size, 60) for _ in mode]
    elif kind == "gradient":
        bands = [
            Image.linear_gradient("L").rotate(90 * turn).resize(size) for turn, _ in enumerate(mode)
        ]
    else:
        bands = [Image.new("L", size, 60 * turn) for turn, _ in enumerate(mode)]
    return Image.merge(mode, bands) if len(mode) > 1 else bands[0]


@pytest.mark.parametrize("kind", ["noise", "gradient", "flat"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_what_is_written_reads_back(mode: str, size: tuple[int, int], kind: str) -> None:
    image = picture(mode, size, kind)
    with Image.open(io.BytesIO(png(image, 0))) as read:
        assert (read.size, read.info) == (size, {})
        assert ImageChops.difference(read.convert(mode), image).getbbox() is None


@pytest.mark.parametrize(("mode", "grey"), [("RGB", "L"), ("RGBA", "LA")])
@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_what_has_no_colour_is_written_in_grey(mode: str, grey: str, kind: str) -> None:
    image = picture(grey, (300, 200), kind)
    with Image.open(io.BytesIO(png(image.convert(mode), 0))) as read:
        assert read.mode == grey
        assert ImageChops.difference(read, image).getbbox() is None
    coloured = image.convert(mode)
    coloured.putpixel((299, 199), (1, 2, 3, 4)[: len(mode)])
    with Image.open(io.BytesIO(png(coloured, 0))) as read:
        assert read.mode == mode


def test_few_colours_stay_exact_though_a_sample_is_noisy() -> None:
    noise = Image.effect_noise((300, 200), 120).point(lambda level: level // 2)
    few = Image.merge("RGB", (noise, Image.new("L", noise.size, 7), Image.new("L", noise.size)))
    with Image.open(io.BytesIO(png(few, 1))) as read:
        assert ImageChops.difference(read, few).getbbox() is None


@pytest.mark.parametrize("width", [300, 900])  # by zlib and by libvips
def test_a_drawing_is_smaller_than_pillows(width: int) -> None:
    stripes = Image.new("RGB", (width, 200), "white")
    for x in range(0, width, 7):
        stripes.paste((10 * x % 255, 90, 0), (x, x % 90, x + 3, 200))
    plain = io.BytesIO()
    stripes.save(plain, "PNG")
    assert len(png(stripes, 1)) <= len(plain.getvalue())


def test_noise_takes_no_more_bytes_than_it_has() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((300, 200), 200) for _ in "RGB"])
    assert len(png(noise, 0)) < 1.01 * len(noise.tobytes())


def cells(side: int, palette: int, mode: str) -> Image.Image:
    """Pixel art: cells of so many pixels in some colours, made smaller."""
    chance = random.Random(7)
    colours = [chance.randbytes(len(mode)) for _ in range(palette)]
    across, down = 600 // side, 400 // side
    art = Image.frombytes(mode, (across, down), b"".join(chance.choices(colours, k=across * down)))
    art = art.resize((across * side, down * side), Image.Resampling.NEAREST)
    return art.resize((400, 267), Image.Resampling.BILINEAR)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("palette", [2, 4, 16, 200])
@pytest.mark.parametrize("side", [4, 8, 10, 12, 20, 30, 50])
def test_rounding_never_makes_pixel_art_larger(side: int, palette: int, mode: str) -> None:
    art = cells(side, palette, mode)
    assert len(png(art, 1)) <= len(png(art, 0))


@pytest.mark.parametrize("kind", ["noise", "gradient"])
def test_grey_is_never_rounded(kind: str) -> None:
    image = picture("L", (300, 200), kind)
    assert png(image, 1) == png(image, 0)
    assert png(image.convert("RGB"), 1) == png(image, 0)
