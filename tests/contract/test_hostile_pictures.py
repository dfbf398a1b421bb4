"""Pictures made to hurt: each gives a right thumb or none, in bounded work and without a warning.

How long they take is measured by ``benchmarks.hostile``.
"""

import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from pocketfiles.config import IDLE_MEMORY, ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import identify
from pocketfiles.thumbs.budget import check
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize, parse
from pocketfiles.thumbs.task import plan
from tests.contract.generated_pictures import pictures
from tests.contract.hostile_pictures import BOMBS, png
from tests.contract.lines_run import lines_run
from tests.contract.peak_memory import measured, megabytes
from tests.unit.thumbs.pictures import written

LINES = 2_000_000
"""Lines of the library that may run for one picture: some sixty for each of ``MAX_CHUNKS``."""

MEGABYTES = 400  # above a process that has made a thumb: 1.5 times the largest picture allowed
MEGABYTES_OF_ROWS = 100  # where they are read one after the other
GENERATED = int(os.environ.get("GENERATED_PICTURES", "120"))
SIZE = ThumbSize(30, 30)
OUT_OF_MEMORY = "out-of-memory"
REASONS = {
    "too-many-pixels",
    "too-many-chunks",
    "unsupported",
    "truncated",
    "corrupt",
    OUT_OF_MEMORY,
}


def outcome(data: bytes, size: ThumbSize = SIZE) -> str:
    """``"made"`` or why not, in bounded work."""
    result, lines = lines_run(lambda: rendered(data, size))
    assert lines < LINES
    return result


def rendered(data: bytes, size: ThumbSize) -> str:
    """``"made"`` or why not."""
    try:
        thumb = render(data, size)
    except ThumbFailed as failed:
        assert failed.reason in REASONS
        return failed.reason
    with Image.open(io.BytesIO(thumb.body)) as image:
        image.load()
        assert image.size == (size.width, size.height)
    return "made"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_outside(name: str) -> None:
    data, expected = BOMBS[name]()
    found = outcome(data)
    # Memory is limited only where one thread runs, as in the next test.
    assert expected in {found, OUT_OF_MEMORY}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_bounded_memory(name: str, tmp_path: Path) -> None:
    data, expected = BOMBS[name]()
    bomb = tmp_path / "bomb"
    bomb.write_bytes(data)
    limit = MEGABYTES_OF_ROWS if name in {"PNG", "RGBA PNG", "JPEG"} else MEGABYTES
    taken, found = measured(bomb)
    assert taken < limit
    assert found == expected


def test_generated_pictures_take_bounded_memory(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, data in enumerate(pictures(GENERATED, seed=1)):
        (folder / f"{number:04}").write_bytes(data)
    assert megabytes(folder) < MEGABYTES


SMALL_LAMBDA = 512 - IDLE_MEMORY
"""Megabytes for a thumb where the function has 512."""


@pytest.mark.parametrize(
    ("format", "mode", "source", "size"),
    [
        ("PNG", "RGBA", (5000, 4000), "4000x4000f"),
        ("PNG", "RGBA", (1000, 800), "3300x3300"),
        ("PNG", "LA", (1000, 800), "3300x3300"),
        ("PNG", "RGB", (1000, 800), "4000x4000"),
        ("GIF", "RGBA", (1000, 800), "3300x3300"),
        ("WEBP", "RGBA", (1000, 800), "2600x2600"),
        ("WEBP", "RGB", (1000, 800), "4000x4000"),
        ("JPEG", "RGB", (1000, 800), "4000x4000"),
        ("JPEG", "CMYK", (1000, 800), "4000x4000"),
    ],
)
def test_a_large_thumb_takes_no_more_than_its_budget(
    format: str, mode: str, source: tuple[int, int], size: str, tmp_path: Path
) -> None:
    chance = random.Random(2)
    tile = Image.frombytes(mode, (50, 40), chance.randbytes(2000 * len(mode)))
    data = written(tile.resize(source), format)
    check(plan(identify.read(data), parse(size)), ThumbOptions(max_memory=SMALL_LAMBDA << 20))
    file = tmp_path / "large"
    file.write_bytes(data)
    assert megabytes(file, size) < SMALL_LAMBDA


@pytest.mark.parametrize(
    ("width", "depth", "size"),
    [
        (32_767, 16, "3000x2000"),  # taller than the source
        (65_535, 16, "2000x2000"),
        (32_767, 8, "8000x900f"),
        (16_383, 16, "14000x900f"),
    ],
)
def test_long_rows_take_bounded_memory(width: int, depth: int, size: str, tmp_path: Path) -> None:
    data = png(width, 59_900_000 // width, depth=depth, colour=6)
    file = tmp_path / "wide"
    file.write_bytes(data)
    check(plan(identify.read(data), parse(size)), ThumbOptions())
    assert megabytes(file, size) < MEGABYTES


def noise() -> Image.Image:
    """The same noise in every run."""
    return Image.frombytes("RGB", (60, 45), random.Random(7).randbytes(60 * 45 * 3)).resize(
        (90, 70)
    )


def small_pictures() -> Iterator[tuple[str, bytes]]:
    image, grey = noise(), noise().convert("L")
    translucent = image.convert("RGBA")
    translucent.putalpha(grey)
    yield "JPEG", written(image, "JPEG")
    yield "progressive JPEG", written(image, "JPEG", progressive=True)
    yield "PNG", written(image, "PNG")
    yield "palette PNG", written(image.quantize(64), "PNG")
    yield (
        "animated PNG",
        written(grey, "PNG", save_all=True, append_images=[grey.rotate(90)], default_image=True),
    )
    yield "GIF", written(image.quantize(64), "GIF")
    yield "WebP", written(image, "WEBP")
    yield "lossless WebP", written(translucent, "WEBP", lossless=True)
    yield "animated WebP", written(image, "WEBP", save_all=True, append_images=[image.rotate(90)])


PICTURES = dict(small_pictures())


def pixels(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(render(data, SIZE).body)).convert("RGBA")


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_cut_short_gives_no_half_a_thumb(kind: str) -> None:
    data = PICTURES[kind]
    assert outcome(data) == "made"
    whole = pixels(data)
    for length in range(0, len(data), 64):
        cut = data[:length]
        if outcome(cut) == "made":  # then checksums alone are missing
            assert max(ImageChops.difference(pixels(cut), whole).tobytes()) <= 1
            assert length > len(data) - 64


@pytest.mark.parametrize("kind", PICTURES)
def test_flipped_bytes_do_no_harm(kind: str) -> None:
    data, chance = PICTURES[kind], random.Random(kind)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        assert outcome(bytes(damaged))


def large_pictures() -> Iterator[tuple[str, bytes]]:
    image = noise().resize((1200, 1000))
    translucent = image.convert("RGBA")
    translucent.putalpha(image.convert("L"))
    yield "JPEG", written(image, "JPEG")
    yield "JPEG with restarts", written(image, "JPEG", restart_marker_blocks=40)
    yield "progressive JPEG", written(image, "JPEG", progressive=True)
    yield "PNG", written(image, "PNG", compress_level=1)
    yield "RGBA PNG", written(translucent, "PNG", compress_level=1)


LARGE = dict(large_pictures())


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize(
    "size", [ThumbSize(1100, 900), ThumbSize(1100, 300, "t"), ThumbSize(200, 200)]
)
def test_damage_to_large_pictures_does_no_harm(kind: str, size: ThumbSize) -> None:
    data, chance = LARGE[kind], random.Random(kind)
    assert outcome(data, size) == "made"
    for _ in range(15):
        damaged = bytearray(
            data[: chance.choice((len(data), len(data), chance.randrange(len(data))))]
        )
        for _ in range(chance.choice((0, 1, 4, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        assert outcome(bytes(damaged), size)
