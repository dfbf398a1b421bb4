"""What becomes of each picture in a folder: outcome, time, memory and likeness to Chromium.

    python -m benchmarks.corpus DIR [--size 300x300f] [--worst 20]

Each file's thumb is made in one process, so that a file that needs more memory than all before it
stands out. With Chromium at hand, the thumb is compared with what Chromium shows of the original:
the mean difference of the levels, on white, both scaled to at most 64 pixels.
"""

import argparse
import io
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from benchmarks import browser
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize, parse
from tests.contract.peak_memory import peak

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".apng", ".gif", ".webp"}
COMPARED_SIDE = 64
FILES_AT_A_TIME = 200


@dataclass
class Result:
    """A file and what became of it. ``difference`` is None where Chromium shows nothing."""

    path: Path
    outcome: str
    milliseconds: float
    megabytes: float
    thumb: bytes = b""
    is_shown: bool = False
    difference: float | None = None


def made(path: Path, size: ThumbSize) -> Result:
    """The outcome for a file, and what it took."""
    data = path.read_bytes()
    before = peak()
    begun = time.process_time()
    thumb = b""
    try:
        thumb = render(data, size).body
        outcome = "made"
    except ThumbFailed as failed:
        outcome = failed.reason
    milliseconds = 1000 * (time.process_time() - begun)
    return Result(path, outcome, milliseconds, peak() - before, thumb)


def compare(results: list[Result], program: str) -> None:
    """Have Chromium show the originals, and note how much the thumbs differ."""
    for start in range(0, len(results), FILES_AT_A_TIME):
        some = results[start : start + FILES_AT_A_TIME]
        files = [result.path.read_bytes() for result in some]
        for result, shown in zip(some, browser.shown(files, program), strict=True):
            result.is_shown = shown is not None
            if shown and result.thumb:
                result.difference = difference(result.thumb, shown.image)


def difference(thumb: bytes, shown: Image.Image) -> float:
    """The mean difference of the levels, 0 to 255; 255 if the pictures have other shapes."""
    ours = Image.open(io.BytesIO(thumb)).convert("RGBA")
    ratio = (ours.width * shown.height) / (ours.height * shown.width)
    nearly_square = max(1, min(*ours.size, *shown.size) / 4)
    if abs(ratio - 1) > 1 / nearly_square + 0.02:
        return 255.0
    side = min(COMPARED_SIDE, *ours.size, *shown.size)
    one, two = (on_white(image).resize((side, side)) for image in (ours, shown))
    return max(ImageStat.Stat(ImageChops.difference(one, two)).mean)


def on_white(image: Image.Image) -> Image.Image:
    """The image as it looks on a white page."""
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def table(results: Iterable[Result], title: str) -> str:
    """Markdown, a row for each file."""
    lines = [f"\n{title}\n", "| file | outcome | ms | MB | difference |", "|---|---|---|---|---|"]
    for result in results:
        off = "" if result.difference is None else f"{result.difference:.1f}"
        lines.append(
            f"| {result.path.name} | {result.outcome} | {result.milliseconds:.0f} "
            f"| {result.megabytes:.0f} | {off} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the outcomes and the worst files."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--size", default="300x300f")
    arguments.add_argument("--worst", type=int, default=20)
    chosen = arguments.parse_args()
    paths = sorted(path for path in chosen.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    results = [made(path, parse(chosen.size)) for path in paths]
    print(f"{len(results)} files:", dict(Counter(result.outcome for result in results)))
    program = browser.find()
    if program:
        compare(results, program)
        shown = [result for result in results if result.is_shown]
        refused = [result for result in shown if result.outcome != "made"]
        print(f"{len(shown)} are shown by Chromium, {len(refused)} of them have no thumb")
        print(table(refused[: chosen.worst], "Shown by Chromium, but without a thumb"))
        unlike = sorted(results, key=lambda result: -(result.difference or 0))
        print(table(unlike[: chosen.worst], "Least like what Chromium shows"))
    else:
        print("Chromium is not installed: nothing is compared")
    slow = sorted(results, key=lambda result: -result.milliseconds)
    print(table(slow[: chosen.worst], "Slowest"))
    large = sorted(results, key=lambda result: -result.megabytes)
    print(table(large[: chosen.worst], "Most memory"))


if __name__ == "__main__":
    main()
