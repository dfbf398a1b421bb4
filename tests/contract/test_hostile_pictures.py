"""Pictures made to hurt: each gives a right thumb or none, soon, and without a warning."""

import io
import os
import random
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from functools import cache
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
from tests.unit.thumbs.pictures import written

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 2.0  # of processor time, the bound for one picture
MEGABYTES = 400  # above a process that has made a thumb: 1.5 times the largest picture allowed
MEGABYTES_OF_ROWS = 100  # where they are read one after the other
GENERATED = int(os.environ.get("GENERATED_PICTURES", "120"))
SIDE = 7745  # the largest square within the default limit of pixels
SIZE = ThumbSize(30, 30)
REASONS = {"too-many-pixels", "too-many-chunks", "unsupported", "truncated", "corrupt"}


def outcome(data: bytes, size: ThumbSize = SIZE) -> str:
    """``"made"`` or why not, in time."""
    begun = time.process_time()
    try:
        thumb = render(data, size)
    except ThumbFailed as failed:
        assert failed.reason in REASONS
        result = failed.reason
    else:
        with Image.open(io.BytesIO(thumb.body)) as image:
            image.load()
            assert image.size == (size.width, size.height)
        result = "made"
    assert time.process_time() - begun < SECONDS
    return result


def chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    )


@cache
def zeros(count: int) -> bytes:
    packer, million = zlib.compressobj(1), bytes(1 << 20)
    return (
        b"".join(packer.compress(million[: count - at]) for at in range(0, count, 1 << 20))
        + packer.flush()
    )


def png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    *,
    extra: bytes = b"",
    interlace: int = 0,
) -> bytes:
    """A black picture, or one that claims to be."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    bits = depth * {0: 1, 2: 3, 6: 4}[colour]
    rows = min(
        (height + height * interlace) * (1 + -(-width * bits // 8)), SIDE * (1 + SIDE * 8) + SIDE
    )
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zeros(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


SMALL = written(Image.new("RGB", (64, 64), (9, 120, 200)), "JPEG")
FRAME = SMALL.index(b"\xff\xc0")


def lying_jpeg(width: int, height: int) -> bytes:
    return SMALL[: FRAME + 5] + struct.pack(">HH", height, width) + SMALL[FRAME + 9 :]


GIF = written(Image.linear_gradient("L").resize((40, 30)), "GIF")
PLACE = GIF.index(b"\x2c\0\0\0\0\x28\0\x1e\0")


def gif(
    canvas: tuple[int, int] = (40, 30), frame: tuple[int, int, int, int] = (0, 0, 40, 30)
) -> bytes:
    return (
        GIF[:6]
        + struct.pack("<HH", *canvas)
        + GIF[10 : PLACE + 1]
        + struct.pack("<HHHH", *frame)
        + GIF[PLACE + 9 :]
    )


WEBP = written(Image.new("RGBA", (64, 64), (9, 120, 200, 99)), "WEBP")


def webp(width: int, height: int) -> bytes:
    """An extended header over a picture of 64 × 64."""
    return (
        WEBP[:24] + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3] + WEBP[30:]
    )


@cache
def long_progressive() -> tuple[bytes, bytes]:
    """A large progressive JPEG and the last of its scans."""
    data = written(Image.new("RGB", (7000, 7000)), "JPEG", progressive=True, quality=30)
    return data[:-2], data[data.rindex(b"\xff\xda") : -2]


EXIF = b"\xff\xe1\0\x12Exif\0\0MM\0*\0\0\0\x08\xff\xff"
"""A segment that claims 65,535 entries."""


def animated_png(width: int, height: int, frame: int = 0) -> bytes:
    """Black, with a default image that is not a frame."""
    side = frame or height
    still, first = png(width, height), png(frame or width, side)
    header = still[:33] + chunk(b"acTL", struct.pack(">II", 1, 0))
    place = struct.pack(">5IHHBB", 0, frame or width, side, 0, 0, 1, 1, 0, 0)
    data = first[41:-16]
    frames = chunk(b"fcTL", place) + chunk(b"fdAT", struct.pack(">I", 1) + data)
    return header + still[33:-12] + frames + still[-12:]


def animated_webp(
    width: int, height: int, frame: tuple[int, int] | None = None, *, real: bool = False
) -> bytes:
    """An animation of one frame, which is a picture of that size or claims to be."""
    across, down = frame or (width, height)
    image = Image.new("RGBA", (width, height) if real else (64, 64), (9, 9, 9, 99))
    still = written(image, "WEBP", lossless=True, method=0)
    place = bytes(6) + struct.pack("<I", across - 1)[:3] + struct.pack("<I", down - 1)[:3]
    picture = still[12:]
    if not (real or frame):
        bits = struct.unpack_from("<I", picture, 9)[0] & ~0xFFFFFFF | (down - 1) << 14 | across - 1
        picture = picture[:9] + struct.pack("<I", bits) + picture[13:]
    contents = place + bytes(4) + picture
    chunks = b"VP8X\n\0\0\0\x12\0\0\0" + struct.pack("<I", width - 1)[:3]
    chunks += struct.pack("<I", height - 1)[:3] + b"ANIM\6\0\0\0" + bytes(6)
    chunks += b"ANMF" + struct.pack("<I", len(contents)) + contents
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


BOMBS = {
    "PNG": lambda: (png(SIDE, SIDE), "made"),
    "RGBA PNG": lambda: (png(SIDE, SIDE, colour=6), "made"),
    "16-bit PNG": lambda: (png(SIDE, SIDE, depth=16, colour=6), "made"),
    "interlaced PNG": lambda: (png(SIDE, SIDE, interlace=1), "made"),
    "PNG of too many pixels": lambda: (png(SIDE + 2, SIDE + 2), "too-many-pixels"),
    "giant PNG": lambda: (png(2**31 - 1, 2**31 - 1), "too-many-pixels"),
    "PNG one pixel wide": lambda: (png(1, 50_000_000, colour=0), "too-many-pixels"),
    "PNG with too few rows": lambda: (
        png(90, 60)[:16] + png(90, 80)[16:33] + png(90, 60)[33:],
        "truncated",
    ),
    "interlaced PNG with too few rows": lambda: (
        png(90, 60, interlace=1)[:16]
        + png(90, 200, interlace=1)[16:33]
        + png(90, 60, interlace=1)[33:],
        "truncated",
    ),
    "PNG text": lambda: (png(10, 10, extra=chunk(b"zTXt", b"a\0\0" + zeros(1 << 26))), "made"),
    "PNG profile": lambda: (
        png(10, 10, extra=chunk(b"iCCP", b"a\0\0" + zeros(1 << 26))),
        "made",
    ),
    "deep PNG": lambda: (png(10, 10, extra=chunk(b"abCd", b"") * 4_000_000), "too-many-chunks"),
    "less deep PNG": lambda: (png(10, 10, extra=chunk(b"tEXt", b"a\0b") * 60_000), "made"),
    "JPEG": lambda: (written(Image.new("L", (15_000, 15_000)), "JPEG"), "made"),
    "JPEG of too many pixels": lambda: (lying_jpeg(65_535, 65_535), "too-many-pixels"),
    "JPEG that claims a little more": lambda: (lying_jpeg(80, 80), "truncated"),
    "JPEG that claims much more": lambda: (lying_jpeg(15_000, 15_000), "truncated"),
    "progressive JPEG": lambda: (b"".join(long_progressive()) + b"\xff\xd9", "made"),
    "progressive JPEG of sixty scans": lambda: (
        long_progressive()[0] + long_progressive()[1] * 60 + b"\xff\xd9",
        "too-many-pixels",
    ),
    "progressive JPEG of a thousand scans": lambda: (
        long_progressive()[0] + long_progressive()[1] * 1000 + b"\xff\xd9",
        "too-many-chunks",
    ),
    "deep JPEG": lambda: (SMALL[:2] + b"\xff\xe1\0\2" * 12_000_000 + SMALL[2:], "too-many-chunks"),
    "less deep JPEG": lambda: (
        SMALL[:2] + b"\xff\xe2\0\x10ICC_PROFILE\0\1\1" * 60_000 + SMALL[2:],
        "made",
    ),
    "JPEG of stuffing": lambda: (long_progressive()[0][:-99] + b"\xff\0" * 20_000_000, "truncated"),
    "GIF": lambda: (written(Image.new("L", (SIDE, SIDE)), "GIF"), "made"),
    "GIF of too many pixels": lambda: (gif((65_535, 65_535)), "too-many-pixels"),
    "small frame on a large canvas": lambda: (gif((7000, 7000)), "made"),
    "GIF frame beside its canvas": lambda: (gif(frame=(41, 0, 40, 30)), "made"),
    "GIF frame over the edge": lambda: (gif(frame=(1, 1, 40, 30)), "made"),
    "giant GIF frame": lambda: (gif(frame=(0, 0, 65_535, 65_535)), "too-many-pixels"),
    "empty GIF frame": lambda: (gif(frame=(0, 0, 0, 0)), "corrupt"),
    "deep GIF": lambda: (
        GIF[:PLACE] + b"\x21\xfe" + b"\1a" * 20_000_000 + b"\0" + GIF[PLACE:],
        "too-many-chunks",
    ),
    "WebP": lambda: (
        written(Image.new("RGB", (SIDE, SIDE)), "WEBP", lossless=True, method=0),
        "made",
    ),
    "WebP with alpha": lambda: (
        written(Image.new("RGBA", (7000, 7000), (9, 9, 9, 99)), "WEBP", lossless=True, method=0),
        "made",
    ),
    "larger WebP with alpha": lambda: (
        written(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 99)), "WEBP", lossless=True, method=0),
        "too-many-pixels",
    ),
    "giant WebP": lambda: (webp(1 << 24, 1 << 24), "corrupt"),
    "WebP that claims more": lambda: (webp(7000, 7000), "corrupt"),
    "deep WebP": lambda: (
        WEBP[:4]
        + struct.pack("<I", len(WEBP) - 8 + 8_000_000)
        + WEBP[8:30]
        + b"abcd\0\0\0\0" * 1_000_000
        + WEBP[30:],
        "too-many-chunks",
    ),
    "JPEG of many EXIF blocks": lambda: (SMALL[:2] + EXIF * 65_000 + SMALL[2:], "made"),
    "JPEG of many large EXIF blocks": lambda: (
        SMALL[:2] + (b"\xff\xe1\2\xb0Exif\0\0" + bytes(680)) * 65_000 + SMALL[2:],
        "made",
    ),
    "JPEG of stray bytes": lambda: (SMALL[:2] + b"\xff\0" * 20_000_000 + SMALL[2:], "made"),
    "PNG of many EXIF blocks": lambda: (
        png(10, 10, extra=chunk(b"eXIf", EXIF[10:]) * 65_000),
        "made",
    ),
    "interlaced 16-bit PNG": lambda: (png(SIDE, SIDE, 16, 6, interlace=1), "too-many-pixels"),
    "animated PNG with two large pictures": lambda: (animated_png(SIDE, SIDE - 2), "made"),
    "animated PNG whose frame is smaller": lambda: (animated_png(6000, 6000, 5990), "made"),
    "animated WebP that claims much": lambda: (animated_webp(16_383, 3_661), "too-many-pixels"),
    "animated WebP that claims less": lambda: (animated_webp(16_383, 2_661), "made"),
    "animated WebP of much": lambda: (animated_webp(7000, 7000, real=True), "made"),
    "wide canvas of a WebP": lambda: (animated_webp(16_383, 3_661, frame=(64, 64)), "made"),
    "empty JPEG": lambda: (lying_jpeg(0, 64), "corrupt"),
    "flat JPEG": lambda: (lying_jpeg(64, 0), "corrupt"),
    "empty PNG": lambda: (png(0, 9), "corrupt"),
    "empty GIF": lambda: (gif((0, 0)), "made"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_outside(name: str) -> None:
    data, expected = BOMBS[name]()
    assert outcome(data) == expected


def megabytes(file: Path, folder: Path, size: str = "30x30") -> float:
    """The peak in a process of its own."""
    small = folder / "small"
    small.write_bytes(SMALL)
    command = [sys.executable, "-m", "tests.contract.peak_memory", file, small, size]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("functions", "."))
    # What is freed goes back to the system at once: each glibc keeps another share of it otherwise.
    environment = os.environ | {"PYTHONPATH": path, "MALLOC_MMAP_THRESHOLD_": "65536"}
    run = subprocess.run(command, env=environment, capture_output=True, check=True)
    return float(run.stdout)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_bounded_memory(name: str, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(BOMBS[name]()[0])
    limit = MEGABYTES_OF_ROWS if name in {"PNG", "RGBA PNG", "JPEG"} else MEGABYTES
    assert megabytes(bomb, tmp_path) < limit


def test_generated_pictures_take_bounded_memory(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, data in enumerate(pictures(GENERATED, seed=1)):
        (folder / f"{number:04}").write_bytes(data)
    assert megabytes(folder, tmp_path) < MEGABYTES


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
    assert megabytes(file, tmp_path, size) < SMALL_LAMBDA


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
