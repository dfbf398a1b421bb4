"""Pictures of all four formats and many modes from a seed, valid and damaged."""

import io
import random
import struct
from collections.abc import Iterator

from PIL import Image

MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "GIF": ("1", "L", "P", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
}


def picture(chance: random.Random, mode: str) -> Image.Image:
    """Flat, smooth or noisy, from one pixel to some millions, sometimes very long."""
    width, height = (int(2 ** chance.uniform(0, 11)) for _ in range(2))
    if chance.random() < 0.1:
        width, height = chance.choice(((1, 9000), (9000, 1), (4000, 3000), (12_000, 40)))
    plain = {"P": "RGB", "1": "L", "I;16": "L"}.get(mode, mode)
    detail = chance.choice((1, 4, 32, 256))
    noise = chance.randbytes(detail * detail * len(plain))
    image = Image.frombytes(plain, (detail, detail), noise).resize((width, height))
    if mode == "P":
        return image.quantize(chance.choice((2, 16, 256)))
    return image.convert(mode)


def options(chance: random.Random, format: str) -> dict[str, object]:
    """How to write it."""
    if format == "JPEG":
        return {
            "quality": chance.randrange(1, 101),
            "progressive": chance.random() < 0.5,
            "subsampling": chance.randrange(3),
        }
    if format == "WEBP":
        return {"lossless": chance.random() < 0.4, "method": 0, "quality": chance.randrange(101)}
    return {"interlace": chance.random() < 0.5} if format == "GIF" else {"compress_level": 1}


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Flipped, cut, repeated, longer, or with a number in its header that is not true."""
    changed = bytearray(data)
    kind = chance.choice(("flip", "cut", "repeat", "tail", "number"))
    if kind == "flip":
        for _ in range(chance.choice((1, 3, 30))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    elif kind == "cut":
        del changed[chance.randrange(len(changed)) :]
    elif kind == "repeat":
        start = chance.randrange(len(changed))
        part = changed[start : start + chance.choice((2, 20, 500))]
        changed[start:start] = part * chance.choice((1, 50))
    elif kind == "tail":
        changed += chance.randbytes(100) + data
    else:
        at = chance.randrange(min(64, len(changed)))
        number = struct.pack(chance.choice((">H", "<H", ">I", "<I")), chance.randrange(65_536))
        changed[at : at + len(number)] = number
    return bytes(changed)


def pictures(count: int, seed: int) -> Iterator[bytes]:
    """As many files, a third of them damaged."""
    chance = random.Random(seed)
    for number in range(count):
        format = tuple(MODES)[number % len(MODES)]
        file = io.BytesIO()
        image = picture(chance, chance.choice(MODES[format]))
        image.save(file, format, **options(chance, format))
        data = file.getvalue()
        yield damaged(chance, data) if chance.random() < 1 / 3 else data
