import pytest
from PIL import Image, ImageChops

from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.raster import Raster

BOX = Box(30, 20, 70, 60)
UPSIDE_DOWN = bytes(range(255, -1, -1))


def picture(mode: str) -> Image.Image:
    bands = [
        Image.linear_gradient("L").resize((90, 60)).rotate(180 * n) for n, _ in enumerate(mode)
    ]
    return Image.merge(mode, bands) if len(mode) > 1 else bands[0]


def both(mode: str) -> list[Raster]:
    """The same pixels, in an image and packed."""
    image = picture(mode)
    return [Raster.of(image), Raster(mode, image.size, image.tobytes())]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_pixels_are_the_same_in_either_form(mode: str) -> None:
    image = picture(mode)
    for raster in both(mode):
        assert raster.packed == image.tobytes()
        assert raster.image == image
        assert raster.part(BOX) == image.crop(BOX).tobytes()


@pytest.mark.parametrize(("step", "rows"), [(1, 60), (7, 8), (60, 1), (61, 1)])
def test_some_rows_are_rows_of_the_picture(step: int, rows: int) -> None:
    image = picture("RGB")
    all_rows = {image.crop((0, top, 90, top + 1)).tobytes() for top in range(60)}
    for raster in both("RGB"):
        some = raster.every(step)
        assert some.size == (90, rows)
        for row in range(rows):
            assert some.crop((0, row, 90, row + 1)).tobytes() in all_rows


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_levels_of_colours_are_replaced_and_alpha_stays(mode: str) -> None:
    *colours, last = picture(mode).split()
    has_alpha = mode.endswith("A")
    inverted = [ImageChops.invert(band) for band in (*colours, *([] if has_alpha else [last]))]
    bands = [*inverted, last] if has_alpha else inverted
    expected = b"".join(bytes(pixel) for pixel in zip(*(b.tobytes() for b in bands), strict=True))
    for raster in both(mode):
        assert raster.mapped(UPSIDE_DOWN).packed == expected


def test_an_image_loses_its_metadata() -> None:
    image = picture("RGB")
    image.info["comment"] = b"secret"
    assert Raster.of(image).image.info == {}
