import io
import random
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from pocketfiles.thumbs import png_writer


@pytest.mark.parametrize("mode", png_writer.COLOUR_TYPES)
def test_what_is_written_reads_back(mode: str) -> None:
    channels = len(mode)
    pixels = random.Random(1).randbytes(3 * 2 * channels)
    rows = b"".join(pixels[row * 3 * channels :][: 3 * channels] + b"\0" for row in range(2))
    lines = png_writer.scanlines(png_writer.NONE, rows, 3 * channels + 1)
    written = png_writer.file((3, 2), mode, zlib.compress(lines))
    with Image.open(io.BytesIO(written)) as image:
        assert (image.mode, image.size, image.tobytes(), image.info) == (mode, (3, 2), pixels, {})


def test_each_scanline_begins_with_the_filter() -> None:
    assert png_writer.scanlines(png_writer.UP, b"ab\0cd\0", 3) == b"\x02ab\x02cd"


NOISE, PATTERN = random.Random(2).randbytes(50_000), bytes(range(250)) * 200


@pytest.mark.parametrize(
    ("lines", "strategy"),
    [
        (NOISE, zlib.Z_HUFFMAN_ONLY),
        (b"".join(bytes([value]) * 9 for value in NOISE[:5000]), zlib.Z_RLE),
        (PATTERN, zlib.Z_DEFAULT_STRATEGY),
    ],
)
def test_a_sample_tells_the_strategy(lines: bytes, strategy: int) -> None:
    assert png_writer.strategy(lines) == strategy


def test_noise_is_deflated_once_and_repetition_under_every_filter() -> None:
    flat, asked = bytes(50_000), []

    def others() -> Iterator[bytes]:
        asked.append(True)
        yield flat

    assert zlib.decompress(png_writer.deflate(zlib.Z_HUFFMAN_ONLY, NOISE, others())) == NOISE
    assert asked == []
    assert zlib.decompress(png_writer.deflate(zlib.Z_DEFAULT_STRATEGY, PATTERN, others())) == flat


@pytest.mark.parametrize("lines", [b"", b"\0", b"\0\1\2"])
def test_the_smallest_pictures_have_enough_to_sample(lines: bytes) -> None:
    assert zlib.decompress(png_writer.deflate(png_writer.strategy(lines), lines, [])) == lines
