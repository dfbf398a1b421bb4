import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.geometry import Box, FloatBox
from pocketfiles.thumbs.resample import reduce, resize
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan


def task(size: str, width: int, height: int) -> Task:
    return plan(Header("PNG", width, height), parse(size))


def test_a_large_picture_is_averaged_in_whole_blocks() -> None:
    image = Image.linear_gradient("L").resize((1000, 800))
    reduced, box = reduce(image, FloatBox(0, 0, 1000, 800), task("100x80f", 1000, 800))
    assert (reduced.size, box) == ((200, 160), (0, 0, 200, 160))
    assert reduced.tobytes() == image.reduce(5).tobytes()


def test_a_small_picture_stays_as_it_is() -> None:
    image = Image.linear_gradient("L")
    reduced, box = reduce(image, FloatBox(0, 0, 256, 256), task("200x0", 256, 256))
    assert reduced is image
    assert box == (0, 0, 256, 256)


def test_a_box_is_given_in_the_pixels_that_are_left() -> None:
    image = Image.linear_gradient("L").resize((400, 200))
    reduced, box = reduce(image, FloatBox(100, 0, 300, 200), task("100x100", 400, 200))
    assert (reduced.size, box) == ((200, 200), (0, 0, 200, 200))


@pytest.mark.parametrize("size", ["100x80f", "70x70t", "0x33", "30x200b"])
@pytest.mark.parametrize(
    "filled",
    [
        Box(0, 0, 1000, 800),
        Box(0, 0, 1, 1),
        Box(999, 799, 1000, 800),
        Box(333, 0, 401, 800),
        Box(3, 517, 997, 519),
    ],
)
def test_only_the_filled_part_of_a_picture_is_averaged(filled: Box, size: str) -> None:
    canvas = Image.new("RGBA", (1000, 800))
    noise = Image.frombytes("RGBA", (40, 32), bytes(n * n % 251 for n in range(40 * 32 * 4)))
    canvas.paste(noise.resize(filled.size), filled[:2])
    whole = task(size, 1000, 800)
    expected = reduce(canvas, whole.box, whole)
    found = reduce(canvas, whole.box, whole, filled=filled)
    assert found.box == expected.box
    assert found.image.tobytes() == expected.image.tobytes()


@pytest.mark.parametrize("mode", ["RGBA", "RGBa"])
def test_colours_weigh_by_their_alpha(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (0, 250, 0, 0))
    image.putpixel((1, 0), (200, 0, 0, 10))
    resized = resize(image.convert(mode), FloatBox(0, 0, 2, 1), (1, 1))
    assert resized.getpixel((0, 0)) == pytest.approx((200, 0, 0, 5), abs=10)


@pytest.mark.parametrize(("mode", "plain"), [("RGBX", "RGB"), ("RGBa", "RGBA"), ("CMYK", "CMYK")])
def test_the_result_is_in_a_plain_mode(mode: str, plain: str) -> None:
    for target in ((8, 8), (4, 4)):
        assert resize(Image.new(mode, (8, 8)), (0, 0, 8, 8), target).mode == plain
