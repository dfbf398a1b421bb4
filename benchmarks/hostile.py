"""Pictures made to hurt: processor time beside three JPEGs of 12 megapixels, and peak memory.

    python -m benchmarks.hostile [--size 300x300] [NAME ...]

They are those of ``tests.contract.hostile_pictures``. It fails if one takes longer than the three
JPEGs that has neither pixels nor data for it. After each, the JPEG is timed again, so that
both see the same load of the machine; a time is the best of two. Memory is that of a process of its
own, above one that has made a small thumb.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from PIL import Image

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import identify
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize, parse
from tests.contract.hostile_pictures import BOMBS, WITH_PIXELS, WITH_SLOW_DATA
from tests.contract.peak_memory import megabytes
from tests.unit.thumbs.pictures import written

JPEGS = 3
MAX_SHARE = 1.0
"""Of the three JPEGs' time, that a picture without pixels may take."""

MEGA = 1_000_000


def jpeg_of_12_megapixels() -> bytes:
    """Soft noise, about as detailed as a photograph; the same in every run."""
    noise = random.Random(1).randbytes(3 * 400 * 300)  # noqa: S311 - nothing is secret
    small = Image.frombytes("RGB", (400, 300), noise)
    return written(small.resize((4000, 3000), Image.Resampling.BICUBIC), "JPEG", quality=85)


def timed(data: bytes, size: ThumbSize) -> tuple[str, float]:
    """What became of the thumb, and the milliseconds of processor time that it took."""
    begun = time.process_time()
    try:
        render(data, size)
        outcome = "made"
    except ThumbFailed as failed:
        outcome = failed.reason
    return outcome, 1000 * (time.process_time() - begun)


def megapixels(data: bytes) -> float:
    """As many as the header says; 0 if it cannot be read."""
    try:
        header = identify.read(data)
    except ThumbFailed:
        return 0.0
    return header.width * header.height / MEGA


def main() -> None:
    """Print a row for each picture."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--size", default="300x300")
    chosen = arguments.parse_args()
    unknown = sorted(set(chosen.names) - set(BOMBS))
    if unknown:
        arguments.error(f"there is no picture {', '.join(unknown)}")
    size = parse(chosen.size)
    jpeg = jpeg_of_12_megapixels()
    timed(jpeg, size)
    jpeg_times = []
    slow = []
    print("| picture | thumb | ms | of three JPEGs | megapixels | ms a megapixel | MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.names or BOMBS:
            data, _ = BOMBS[name]()
            outcome, first = timed(data, size)
            _, second = timed(data, size)
            milliseconds = min(first, second)
            jpeg_time = min(timed(jpeg, size)[1], timed(jpeg, size)[1])
            jpeg_times.append(jpeg_time)
            share = milliseconds / (JPEGS * jpeg_time)
            if share > MAX_SHARE and name not in WITH_PIXELS | WITH_SLOW_DATA:
                slow.append(name)
            pixels = megapixels(data)
            price = f"{milliseconds / pixels:.1f}" if pixels >= 1 else ""
            file = Path(folder) / "picture"
            file.write_bytes(data)
            memory = megabytes(file, chosen.size)
            print(
                f"| {name} | {outcome} | {milliseconds:.0f} | {share:.1f} | {pixels:.0f} "
                f"| {price} | {memory:.0f} |",
                flush=True,
            )
    print(f"\nA JPEG of 12 megapixels takes {median(jpeg_times):.1f} ms.")
    if slow:
        sys.exit(f"These take longer than {JPEGS} JPEGs without having pixels: {', '.join(slow)}.")


if __name__ == "__main__":
    main()
