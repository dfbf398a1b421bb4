import ctypes.util
import io
import random
from dataclasses import replace

import pytest
from PIL import Image, ImageStat, _webp

from pocketfiles.thumbs import identify
from pocketfiles.thumbs.libwebp import Decoder
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan

RED, BLUE = (200, 30, 20), (20, 40, 210)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(_webp.__file__)


def written(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (400, 100)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def task(data: bytes, size: str) -> Task:
    return plan(identify.read(data), parse(size))


@pytest.mark.parametrize("lossless", [False, True])
def test_a_part_is_decoded_and_shrunk(decoder: Decoder, *, lossless: bool) -> None:
    data = written(halves(), lossless=lossless)
    part = decoder.decode(task(data, "20x20"))
    assert (part.mode, part.size, part.box) == ("RGBX", (25, 25), (0, 0, 25, 25))
    image = Image.frombytes("RGBX", part.size, bytes(part.pixels)).convert("RGB")
    for box, colour in (((0, 0, 11, 25), RED), ((14, 0, 25, 25), BLUE)):
        assert ImageStat.Stat(image.crop(box)).mean == pytest.approx(colour, abs=6)


def test_an_odd_crop_begins_at_an_even_pixel(decoder: Decoder) -> None:
    data = written(halves(size=(406, 100)), lossless=True)
    part = decoder.decode(task(data, "100x100"))
    assert (part.size, part.box) == ((101, 100), (1, 0, 101, 100))


def test_transparency_is_kept_and_never_shrunk(decoder: Decoder) -> None:
    image = halves("RGBA")
    image.putalpha(77)
    data = written(image, lossless=True)
    part = decoder.decode(task(data, "20x0"))
    assert (part.mode, part.size) == ("RGBA", (400, 100))
    assert bytes(part.pixels) == image.tobytes()


def test_broken_data_are_refused(decoder: Decoder) -> None:
    given = task(written(halves()), "20x20")
    for stream in (given.header.stream[:40], given.header.stream[:-9]):
        cut = replace(given, header=replace(given.header, stream=stream))
        with pytest.raises(ValueError, match="broken"):
            decoder.decode(cut)


def test_damage_that_leaves_data_over_is_found(decoder: Decoder) -> None:
    """A damaged picture decodes to garbage, and hardly ever ends where its data do."""
    chance = random.Random(5)
    noise = Image.frombytes("RGB", (90, 70), chance.randbytes(90 * 70 * 3))
    given = task(written(noise, quality=50), "90x70")
    stream = given.header.stream
    made = 0
    for _ in range(60):
        damaged = bytearray(stream)
        damaged[chance.randrange(200, len(stream) - 400)] ^= chance.randrange(1, 256)
        header = replace(given.header, stream=bytes(damaged))
        try:
            decoder.decode(replace(given, header=header))
        except ValueError:
            continue
        made += 1
    assert made <= 6


def test_a_library_without_libwebp_is_refused() -> None:
    with pytest.raises(AttributeError):
        Decoder(ctypes.util.find_library("c") or "")
