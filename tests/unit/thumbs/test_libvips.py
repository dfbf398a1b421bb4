import io
import random
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec

import pytest
from PIL import Image, ImageChops, ImageMath

from pocketfiles.thumbs import identify
from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.libvips import Decoder
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import Task, plan
from tests.unit.thumbs.pictures import written


def path() -> str:
    package = find_spec("_libvips")
    assert package
    assert package.origin
    return package.origin


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(path())


def picture(size: tuple[int, int] = (240, 160)) -> Image.Image:
    """Smooth in all channels, so that JPEG changes little of it."""
    across = Image.linear_gradient("L").resize(size)
    down = Image.linear_gradient("L").rotate(90).resize(size)
    return Image.merge("RGB", (across, down, ImageChops.add(across, down, 2)))


def task(data: bytes, size: str = "100x0") -> Task:
    return plan(identify.read(data), parse(size))


def with_stream(given: Task, stream: bytes) -> Task:
    return replace(given, header=replace(given.header, stream=stream))


def alike(pixels: memoryview, expected: Image.Image) -> int:
    """The largest difference."""
    image = Image.frombytes(expected.mode, expected.size, pixels)
    extremes = ImageChops.difference(image, expected).getextrema()
    return max(high for _, high in (extremes if isinstance(extremes[0], tuple) else (extremes,)))  # type: ignore[misc]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_parts_of_a_png_are_read_downwards(decoder: Decoder, mode: str) -> None:
    image = picture().convert(mode)
    plain = image.convert({"1": "L", "P": "RGB"}.get(mode, mode))
    data = written(image, "PNG")
    with decoder.opened(task(data)) as rows:
        assert (rows.size, rows.mode) == (image.size, plain.mode)
        for box in (Box(3, 5, 90, 60), Box(200, 60, 240, 159)):
            assert bytes(rows.part(box)) == plain.crop(box).tobytes()
        assert bytes(rows.last_pixel()) == plain.crop((239, 159, 240, 160)).tobytes()


def test_a_transparent_colour_becomes_alpha(decoder: Decoder) -> None:
    data = written(Image.new("RGB", (50, 40), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    with decoder.opened(task(data)) as rows:
        assert (rows.mode, bytes(rows.last_pixel())) == ("RGBA", bytes((1, 2, 3, 0)))


@pytest.mark.parametrize("size", ["60x60", "100x0", "90x30t", "90x30b", "239x0"])
@pytest.mark.parametrize("to", ["JPEG", "PNG"])
def test_a_part_is_resized_as_pillow_would(decoder: Decoder, to: str, size: str) -> None:
    data = written(picture(), to)
    given = task(data, size)
    with decoder.opened(given) as rows:
        box = given.whole_box(rows.size)
        assert box
        pixels = rows.resized(box, given.target).pixels
        whole = Image.open(io.BytesIO(data)).convert("RGB")
        expected = whole.resize(given.target, Image.Resampling.BILINEAR, given.box)
        assert alike(pixels, expected) <= (2 if to == "PNG" else 6)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_decoded_pixels_are_resized(decoder: Decoder, mode: str) -> None:
    image = picture().convert(mode)
    with decoder.holding(image.tobytes(), image.size, len(mode)) as rows:
        pixels = rows.resized(Box(20, 10, 220, 110), (130, 65)).pixels
        expected = image.crop((20, 10, 220, 110)).resize((130, 65), Image.Resampling.BILINEAR)
        assert alike(pixels, expected) <= 2


def test_too_few_pixels_are_refused(decoder: Decoder) -> None:
    with pytest.raises(ValueError, match="pixels"), decoder.holding(bytes(99), (10, 10), 1):
        pass


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_faint_pixels_keep_their_colours(decoder: Decoder, mode: str) -> None:
    image = picture().convert(mode)
    faint = ImageChops.add(
        Image.linear_gradient("L").resize(image.size), image.getchannel(0), 20, 1
    )
    image.putalpha(faint)  # 1 to 26
    data = written(image, "PNG")
    given = task(data, "130x0")

    def resized(band: Image.Image) -> Image.Image:
        return band.convert("F").resize(given.target, Image.Resampling.BILINEAR)

    weighted = [
        ImageMath.lambda_eval(lambda of: of["a"] * of["b"], a=band, b=faint)
        for band in image.split()
    ]
    colours = [
        ImageMath.lambda_eval(
            lambda of: of["a"] / of["b"] + 0.5, a=resized(band), b=resized(faint)
        ).convert("L")
        for band in weighted[:-1]
    ]
    alpha = resized(faint).point(lambda value: value + 0.5).convert("L")
    with decoder.opened(given) as rows:
        pixels = rows.resized(Box(0, 0, *rows.size), given.target).pixels
        assert alike(pixels, Image.merge(mode, [*colours, alpha])) <= 1


@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
def test_a_jpeg_is_read_at_the_scale_of_its_task(decoder: Decoder, shrink: int) -> None:
    data = written(picture((403, 203)), "JPEG")
    given = task(data, f"{403 // shrink * 4 // 5}x0")
    assert given.scale == shrink
    with decoder.opened(given) as rows:
        assert rows.size == (403 // shrink, 203 // shrink)


def test_the_higher_byte_of_sixteen_bits_is_read(decoder: Decoder) -> None:
    data = written(Image.new("I;16", (30, 20), 0x1234), "PNG")
    with decoder.opened(task(data)) as rows:
        assert (rows.mode, bytes(rows.last_pixel())) == ("L", b"\x12")


@pytest.mark.parametrize("is_filtered", [False, True])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_is_written_without_metadata(
    decoder: Decoder, mode: str, *, is_filtered: bool
) -> None:
    image = picture().convert(mode)
    file = decoder.png(image.tobytes(), image.size, len(mode), is_filtered=is_filtered, level=6)
    read = Image.open(io.BytesIO(file))
    assert (read.mode, read.size, read.tobytes()) == (mode, image.size, image.tobytes())
    assert read.info == {}


@pytest.mark.parametrize("size", ["30x20", "30x20t"])
@pytest.mark.parametrize("to", ["JPEG", "PNG"])
def test_broken_data_are_refused_wherever_they_are(decoder: Decoder, to: str, size: str) -> None:
    data = written(Image.effect_noise((240, 160), 60), to)
    given = task(data, size)
    cut = with_stream(given, data[: len(data) // 2])
    with decoder.opened(cut) as rows, pytest.raises(ValueError, match="broken"):
        rows.part(Box(0, 0, *rows.size))
    with decoder.opened(cut) as rows, pytest.raises(ValueError, match="broken"):
        rows.resized(Box(0, 0, 60, 40), (30, 20))  # there is enough for that, but not for all
    with pytest.raises(ValueError, match="broken"), decoder.opened(with_stream(given, data[:9])):
        pass


def test_it_is_silent_about_what_it_does_not_like(
    decoder: Decoder, capfd: pytest.CaptureFixture[str]
) -> None:
    data = written(picture(), "PNG", icc_profile=zlib.compress(b"none"), exif=b"Exif\0\0none")
    with decoder.opened(task(data)) as rows:
        rows.last_pixel()
    assert capfd.readouterr() == ("", "")


def test_threads_do_not_disturb_each_other(decoder: Decoder) -> None:
    pictures = [written(picture((240 + number, 160)), "PNG") for number in range(8)]

    def pixels(data: bytes) -> bytes:
        given = task(data)
        with decoder.opened(given) as rows:
            return bytes(rows.resized(Box(0, 0, *rows.size), given.target).pixels)

    alone = [pixels(data) for data in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pixels, pictures * 10)) == alone * 10


def test_a_warning_is_that_of_the_picture_which_is_read(decoder: Decoder) -> None:
    """All threads of libvips write to one buffer, which each picture clears at its end."""
    noise = Image.frombytes("L", (320, 240), random.Random(2).randbytes(320 * 240))
    whole = task(written(noise, "JPEG"), "320x240")
    cut = with_stream(whole, whole.header.stream[:-200] + b"\xff\xd9")
    png = task(written(noise, "PNG"))

    def read_png() -> None:
        with decoder.opened(png) as rows:
            rows.last_pixel()

    other = threading.Thread(target=read_png)
    with decoder.opened(cut) as rows:
        rows.last_pixel()
        other.start()
        other.join(0.2)  # in vain: it waits for this picture
        assert rows.lacks_data
    other.join()
