"""What becomes of each picture in a folder: outcome, time, memory and likeness to Chromium.

    python -m benchmarks.corpus DIR [--size 300x300f] [--worst 20]

Each file's thumb is made in one process, so that a file that needs more memory than all before it
stands out. With Chromium at hand, the thumb is compared with what Chromium shows of the original:
the mean difference of the levels, on white, both scaled to at most 64 pixels. A picture counts as
shown if Chromium draws at least one pixel of it.

With Firefox at hand, those that Chromium shows and that have no thumb are shown to it as well.

A table has the pictures that Chromium shows and that have no thumb, by cause. Where the folder has
an undamaged copy, as those of ``benchmarks.damage`` do, it says how many lose no pixel in Chromium.
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
from benchmarks.damage import WHOLE
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize, parse
from tests.contract.peak_memory import peak

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".apng", ".gif", ".webp"}
COMPARED_SIDE = 64
FILES_AT_A_TIME = 200
MADE = "made"

CAUSES = {
    "damaged image data": "its data fit neither of their checksums",
    "filter": "a row has a filter that does not exist",
    "truncated": "its data end before the picture does",
    "broken": "its compressed data are damaged",
    "decompressing": "its compressed data are damaged",
    "unrecognized": "its compressed data are damaged",
}
"""Words in what decoders say of a picture, and what they mean."""


@dataclass
class Result:
    """A file and what became of it. ``difference`` is None where Chromium shows nothing.

    ``is_whole``: Chromium shows the same as of the undamaged copy; None if there is none.
    """

    path: Path
    outcome: str
    milliseconds: float
    megabytes: float
    thumb: bytes = b""
    cause: str = ""
    is_shown: bool = False
    is_shown_by_firefox: bool = False
    is_whole: bool | None = None
    difference: float | None = None

    @property
    def is_refused(self) -> bool:
        """Whether Chromium shows it, but there is no thumb."""
        return self.is_shown and self.outcome != MADE

    @property
    def picture(self) -> str:
        """The name that it shares with its undamaged copy."""
        return self.path.name.partition("~")[0]


def made(path: Path, size: ThumbSize) -> Result:
    """The outcome for a file, and what it took."""
    data = path.read_bytes()
    before = peak()
    begun = time.process_time()
    thumb = b""
    cause = ""
    try:
        thumb = render(data, size).body
        outcome = MADE
    except ThumbFailed as failed:
        outcome = failed.reason
        cause = cause_of(failed)
    milliseconds = 1000 * (time.process_time() - begun)
    return Result(path, outcome, milliseconds, peak() - before, thumb, cause)


def cause_of(failed: ThumbFailed) -> str:
    """Why there is no thumb, in words."""
    said = str(failed.__cause__ or "")
    if not said:
        return "its structure is broken"
    return next((cause for word, cause in CAUSES.items() if word in said), said)


def compare(results: list[Result], program: str) -> None:
    """Have Chromium show the originals, and note how much the thumbs differ."""
    undamaged: dict[str, Image.Image] = {}
    results = sorted(results, key=lambda result: (result.picture, WHOLE not in result.path.stem))
    for start in range(0, len(results), FILES_AT_A_TIME):
        some = results[start : start + FILES_AT_A_TIME]
        files = [result.path.read_bytes() for result in some]
        for result, shown in zip(some, browser.shown(files, program), strict=True):
            if shown is None or not is_drawn(shown.image):
                continue
            result.is_shown = True
            if result.path.stem.endswith(f"~{WHOLE}"):
                undamaged[result.picture] = shown.image
            if result.picture in undamaged:
                result.is_whole = is_same(undamaged[result.picture], shown.image)
            if result.thumb:
                result.difference = difference(result.thumb, shown.image)


def show_to_firefox(results: list[Result], program: str) -> None:
    """Note which of these Firefox shows, too."""
    for start in range(0, len(results), FILES_AT_A_TIME):
        some = results[start : start + FILES_AT_A_TIME]
        files = [result.path.read_bytes() for result in some]
        for result, shown in zip(some, browser.shown(files, program), strict=True):
            result.is_shown_by_firefox = shown is not None and is_drawn(shown.image)


def is_drawn(image: Image.Image) -> bool:
    """Whether any pixel is not transparent."""
    return image.getchannel("A").getbbox() is not None


def is_same(one: Image.Image, two: Image.Image) -> bool:
    """Whether two pictures have the same pixels."""
    return one.size == two.size and one.tobytes() == two.tobytes()


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


def table_of_causes(results: Iterable[Result]) -> str:
    """Markdown: why the pictures that Chromium shows have no thumb."""
    shown = [result for result in results if result.is_shown]
    by_cause: dict[tuple[str, str, str], list[Result]] = {}
    for result in shown:
        if result.is_refused:
            suffix = result.path.suffix.lower().lstrip(".").replace("jpeg", "jpg")
            by_cause.setdefault((suffix, result.outcome, result.cause), []).append(result)
    lines = [
        "\nShown by Chromium, without a thumb\n",
        "| format | reason | cause | files | of those shown | no pixel lost | for example |",
        "|---|---|---|---|---|---|---|",
    ]
    for (suffix, reason, cause), some in sorted(by_cause.items(), key=lambda item: -len(item[1])):
        share = len(some) / len(shown)
        whole = sum(result.is_whole is True for result in some)
        lines.append(
            f"| {suffix} | {reason} | {cause} | {len(some)} | {share:.2%} | {whole} "
            f"| {some[0].path.name} |"
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
    program = browser.find(browser.CHROMIUM)
    if program:
        compare(results, program)
        shown = [result for result in results if result.is_shown]
        refused = [result for result in shown if result.is_refused]
        corrupt = [result for result in refused if result.outcome == "corrupt"]
        whole = [result for result in refused if result.is_whole]
        for words, some in (
            ("have no thumb", refused),
            ("have none because they are corrupt", corrupt),
            ("have none although no pixel is lost", whole),
        ):
            share = len(some) / max(1, len(shown))
            print(f"of {len(shown)} that Chromium shows, {len(some)} ({share:.2%}) {words}")
        firefox = browser.find(browser.FIREFOX)
        if firefox:
            show_to_firefox(refused, firefox)
            for words, some in (("without a thumb", refused), ("that are corrupt", corrupt)):
                count = sum(result.is_shown_by_firefox for result in some)
                share = count / max(1, len(shown))
                print(f"of the {len(some)} {words}, Firefox shows {count} ({share:.2%} of all)")
        print(table_of_causes(results))
        print(table(refused[: chosen.worst], "The first of these"))
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
