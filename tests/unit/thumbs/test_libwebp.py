import ctypes.util
import io

import pytest
from PIL import Image, ImageStat, _webp

from pocketfiles.thumbs import identify, libwebp
from pocketfiles.thumbs.libwebp import Decoder
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan

RED, BLUE = (200, 30, 20), (20, 40, 210)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(_webp.__file__)


def written(image: Image.Image, **options: bool) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (400, 100)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def task(data: bytes, size: str) -> Task:
    return plan(identify.read(data), parse(size), 10**6, 10**6)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_part_is_decoded_and_shrunk(decoder: Decoder, *, lossless: bool) -> None:
    data = written(halves(), lossless=lossless)
    part = decoder.decode(data, task(data, "20x20"))
    assert (part.mode, part.size, part.box) == ("RGBX", (25, 25), (0, 0, 25, 25))
    image = Image.frombytes("RGBX", part.size, bytes(part.pixels)).convert("RGB")
    for box, colour in (((0, 0, 11, 25), RED), ((14, 0, 25, 25), BLUE)):
        assert ImageStat.Stat(image.crop(box)).mean == pytest.approx(colour, abs=6)


def test_an_odd_crop_begins_at_an_even_pixel(decoder: Decoder) -> None:
    data = written(halves(size=(406, 100)), lossless=True)
    part = decoder.decode(data, task(data, "100x100"))
    assert (part.size, part.box) == ((101, 100), (1, 0, 101, 100))


def test_transparency_is_kept_and_never_shrunk(decoder: Decoder) -> None:
    image = halves("RGBA")
    image.putalpha(77)
    data = written(image, lossless=True)
    part = decoder.decode(data, task(data, "20x0"))
    assert (part.mode, part.size) == ("RGBA", (400, 100))
    assert bytes(part.pixels) == image.tobytes()


@pytest.mark.parametrize("damage", [slice(None, 40), slice(None, -9)])
def test_broken_data_are_refused(decoder: Decoder, damage: slice) -> None:
    data = written(halves())
    with pytest.raises(ValueError, match="broken"):
        decoder.decode(data[damage], task(data, "20x20"))


def test_an_animation_is_refused(decoder: Decoder) -> None:
    out = io.BytesIO()
    halves().save(out, "WEBP", save_all=True, append_images=[halves("L")])
    with pytest.raises(ValueError, match="broken"):
        decoder.decode(out.getvalue(), task(out.getvalue(), "20x20"))


def test_a_library_without_libwebp_is_refused() -> None:
    with pytest.raises(AttributeError):
        Decoder(ctypes.util.find_library("c") or "")


@pytest.mark.parametrize("package", ["no_such_package", "_struct"])
def test_without_its_library_there_is_no_decoder(package: str) -> None:
    assert libwebp.find(package) is None
