from contextlib import AbstractContextManager

from PIL import Image, ImageChops, ImageStat

from pocketfiles.thumbs import identify, libvips
from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.libvips_rows import Rows
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan
from tests.unit.thumbs.pictures import written


def opened(task: Task) -> AbstractContextManager[Rows]:
    decoder = libvips.load()
    assert decoder
    return decoder.opened(task)


def picture(size: tuple[int, int]) -> Image.Image:
    across = Image.linear_gradient("L").resize(size)
    down = Image.linear_gradient("L").rotate(90).resize(size)
    return Image.merge("RGB", (across, down, ImageChops.add(across, down, 2)))


def difference_from_exact(size: tuple[int, int]) -> int:
    """The largest difference between a thumb 100 pixels wide and the exactly filtered one."""
    image = picture(size)
    given = plan(identify.read(written(image, "PNG")), parse("100x0"))
    with opened(given) as rows:
        pixels = rows.resized(Box(0, 0, *rows.size), given.target).pixels
        thumb = Image.frombytes("RGB", given.target, pixels)
    exact = image.resize(given.target, Image.Resampling.BILINEAR)
    return max(ImageChops.difference(thumb, exact).tobytes())


def test_a_large_shrink_is_averaged_and_filtered() -> None:
    assert difference_from_exact((1010, 707)) <= 2


def test_a_small_shrink_is_filtered_alone() -> None:
    assert difference_from_exact((800, 560)) <= 1


def on(ground: str, image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


def test_a_large_translucent_picture_looks_as_its_exact_thumb() -> None:
    image = picture((960, 640)).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    data = written(image, "PNG")
    given = plan(identify.read(data), parse("300x0"))
    with opened(given) as rows:
        mode, pixels = rows.resized(Box(0, 0, *rows.size), given.target)
        thumb = Image.frombytes(mode, given.target, pixels).convert("RGBA")
    for ground in ("black", "white"):
        exact = on(ground, image).resize(given.target, Image.Resampling.BILINEAR)
        difference = ImageChops.difference(on(ground, thumb), exact)
        assert max(difference.tobytes()) <= 4
        assert max(ImageStat.Stat(difference).mean) < 1


def test_a_part_that_is_not_resized_stays_exact() -> None:
    image = picture((960, 640)).convert("RGBA")
    image.putalpha(Image.effect_noise(image.size, 200))
    with opened(plan(identify.read(written(image, "PNG")), parse("100x0"))) as rows:
        pixels = bytes(rows.resized(Box(10, 20, 310, 220), (300, 200)).pixels)
    assert pixels == image.crop((10, 20, 310, 220)).tobytes()
