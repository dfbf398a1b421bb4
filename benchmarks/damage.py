"""Writes small pictures of every format and mode, and damaged copies of them, into a folder.

    python -m benchmarks.damage DIR [--copies 60] [--seed 1]

A picture is ``NAME~whole.EXT`` and a damaged copy of it ``NAME~NUMBER.EXT``. By these names
``benchmarks.corpus`` tells whether the damage loses pixels.
"""

import argparse
import io
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.contract.generated_pictures import MODES, damaged, options

SIZE = (128, 96)
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}
WHOLE = "whole"
KINDS_OF_EACH_MODE = 3


def picture(chance: random.Random, mode: str) -> Image.Image:
    """Gradients with soft noise, in which a lost pixel shows."""
    gradients = [Image.linear_gradient("L").rotate(90 * turn).resize(SIZE) for turn in range(3)]
    width, height = SIZE
    grain = (width // 4, height // 4)
    noise = Image.frombytes("RGB", grain, chance.randbytes(3 * grain[0] * grain[1])).resize(SIZE)
    image = Image.blend(Image.merge("RGB", gradients), noise, 0.4)
    if mode == "P":
        return image.quantize(64)
    if mode == "I;16":
        return image.convert("L").convert(mode)
    image = image.convert(mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(Image.radial_gradient("L").resize(SIZE))
    return image


def files(copies: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents: each picture, then so many damaged copies of it."""
    chance = random.Random(seed)  # noqa: S311 - the same files in every run
    for format_name, modes in MODES.items():
        for mode in modes:
            for kind in range(KINDS_OF_EACH_MODE):
                file = io.BytesIO()
                picture(chance, mode).save(file, format_name, **options(chance, format_name))
                name = f"{format_name}-{mode.replace(';', '')}-{kind}"
                suffix = SUFFIXES[format_name]
                yield f"{name}~{WHOLE}.{suffix}", file.getvalue()
                for number in range(copies):
                    yield f"{name}~{number}.{suffix}", damaged(chance, file.getvalue())


def main() -> None:
    """Write the files."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--copies", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name, data in files(chosen.copies, chosen.seed):
        (chosen.folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
