import pytest
from PIL import Image

from pocketfiles.thumbs.content import Content, Filter, best_filter, filtered, measure, sample
from pocketfiles.thumbs.raster import Raster


def stripes() -> Image.Image:
    image = Image.new("RGB", (200, 160), "white")
    for x in range(0, 200, 10):
        image.paste((200, x, 30), (x, x // 3, x + 4, 150))
    return image


def noise() -> Image.Image:
    """On a gradient, as in a photograph."""
    bands = [Image.effect_noise((200, 160), 6) for _ in "RGB"]
    return Image.blend(gradient(), Image.merge("RGB", bands), 0.5)


def gradient() -> Image.Image:
    bands = [Image.radial_gradient("L").resize((200, 160)).rotate(90 * turn) for turn in range(3)]
    return Image.merge("RGB", bands)


@pytest.mark.parametrize(
    ("image", "content"),
    [(stripes(), Content.DRAWING), (noise(), Content.PHOTOGRAPH), (gradient(), Content.SMOOTH)],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_contents_are_told_apart(image: Image.Image, content: Content, mode: str) -> None:
    assert measure(sample(Raster.of(image.convert(mode)))).content == content


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (31, 33)])
def test_the_smallest_images_can_be_measured(size: tuple[int, int]) -> None:
    assert measure(sample(Raster.of(Image.new("RGB", size)))).size > 0


def test_the_filter_follows_the_picture() -> None:
    columns = noise().crop((0, 0, 200, 1)).resize((200, 160))
    assert best_filter(columns) == Filter.UP
    assert best_filter(columns.rotate(90, expand=True)) == Filter.LEFT


def test_filtered_bytes_are_differences() -> None:
    image = Image.frombytes("L", (2, 2), bytes((10, 30, 20, 50)))
    assert filtered(image, Filter.LEFT).tobytes() == bytes((10, 20, 20, 30))
    assert filtered(image, Filter.UP).tobytes() == bytes((10, 30, 10, 20))
    assert filtered(image, Filter.AVERAGE).tobytes() == bytes((10, 25, 15, 25))
