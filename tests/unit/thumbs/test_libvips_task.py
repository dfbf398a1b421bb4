import pytest
from PIL import Image

from pocketfiles.thumbs import identify, libvips, libvips_task
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.resample import Reduced, resize
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan
from tests.unit.thumbs.pictures import written

DECODER = libvips.load()
pytestmark = pytest.mark.skipif(DECODER is None, reason="without libvips")

SOURCE = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
PNG = written(SOURCE, "PNG")


def task(size: str, data: bytes = PNG) -> Task:
    return plan(identify.read(data), parse(size))


def read(wanted: Task) -> Reduced | Raster:
    assert DECODER
    with DECODER.opened(wanted) as rows:
        return libvips_task.read(rows, wanted)


def test_a_thumb_is_resized_while_it_is_read() -> None:
    found = read(task("100x75"))
    assert isinstance(found, Raster)
    assert found.size == (100, 75)


def test_where_libvips_does_not_suit_the_pixels_are_averaged() -> None:
    found = read(task("5x0"))
    assert isinstance(found, Reduced)
    assert resize(found.image, found.box, (5, 4)).size == (5, 4)


@pytest.mark.parametrize("size", ["100x75", "5x0", "400x10t"])
def test_rows_below_the_thumb_are_read_as_well(size: str) -> None:
    broken = PNG[: len(PNG) * 4 // 5] + bytes(20) + PNG[len(PNG) * 4 // 5 + 20 :]
    with pytest.raises(ValueError, match="broken"):
        read(task(size, broken))
