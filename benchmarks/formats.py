"""Thumbs in every format: bytes, SSIMULACRA2 and time, of photographs and of drawings.

    python -m benchmarks.formats [--photographs DIR] [--quick]

Scores need ``pip install -r requirements-bench.txt``; photographs need npm, or a folder of them.
Every source has four megapixels. The reference of a score is the thumb before it is encoded; what
is transparent is scored on white. Times are this process's processor time, the best of several.
"""

import argparse
import importlib.util
import io
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from PIL import Image, features

from benchmarks.drawings import DRAWINGS
from benchmarks.photographs import photographs
from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs import identify
from pocketfiles.thumbs.encode import alternative, encode
from pocketfiles.thumbs.formats.header import Format
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.render import pixels, render
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import plan

RESULT = Path(__file__).resolve().parent / "results" / "formats.json"
SIZES = ("300x300", "640x480f")
SOURCE_PIXELS = 4_000_000
SHAPES = ((2420, 1653), (1653, 2420), (2000, 2000), (2828, 1414))
"""Sizes of drawings, some four megapixels each."""

OPTIONS = ThumbOptions()
HAS_SCORES = importlib.util.find_spec("ssimulacra2") is not None
MOST_JPEG_BYTES = 0.60
MOST_PNG_BYTES = 0.15
MOST_TIME = 2.0

Encoder = Callable[[Image.Image], bytes]


def saved(image: Image.Image, to: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, to, **options)
    return file.getvalue()


def avif(quality: int, speed: int, chroma: str, **options: Any) -> Encoder:
    """An AVIF encoder without trellis quantization, unless ``options`` say otherwise."""
    settings: dict[str, Any] = {
        "max_threads": 1,
        "advanced": {"disable-trellis-quant": "1"},
    } | options
    return partial(saved, to="AVIF", quality=quality, speed=speed, subsampling=chroma, **settings)


def ours(source: Format, format_name: str = "") -> Encoder:
    """Our encoder for thumbs of that source; the plain one without a name, or where that is as
    good."""

    def encoded(image: Image.Image) -> bytes:
        if not format_name:
            return encode(Raster.of(image), source, OPTIONS)
        body = alternative(Raster.of(image), format_name, source, OPTIONS)
        return body or encode(Raster.of(image), source, OPTIONS)

    return encoded


WEBP = {
    "WebP 80": partial(saved, to="WEBP", quality=80, method=4),
    "WebP 85": partial(saved, to="WEBP", quality=85, method=4),
}
ENCODERS: dict[str, dict[str, Encoder]] = {
    "photograph": {
        "**JPEG, ours**": ours("JPEG"),
        "**WebP, ours**": ours("JPEG", "webp"),
        "**AVIF, ours**": ours("JPEG", "avif"),
        "WebP 85": WEBP["WebP 85"],
        "AVIF 60, speed 9": avif(60, 9, "4:2:0"),
        "AVIF 63, speed 9, trellis": avif(63, 9, "4:2:0", advanced={}),
        "AVIF 70, speed 9": avif(70, 9, "4:2:0"),
        "AVIF 66, speed 9, 4:4:4": avif(66, 9, "4:4:4"),
        "AVIF 60, speed 8, trellis": avif(60, 8, "4:2:0", advanced={}),
    },
    "drawing": {
        "**PNG, ours**": ours("PNG"),
        "**WebP, ours**": ours("PNG", "webp"),
        "**AVIF, ours**": ours("PNG", "avif"),
        "WebP 80": WEBP["WebP 80"],
        "AVIF 66, speed 9, 4:2:0": avif(66, 9, "4:2:0"),
        "AVIF 75, speed 9, 4:4:4": avif(75, 9, "4:4:4"),
    },
}
"""By content: encoders by name, the plain one first. The thumb of a PNG is a PNG."""


@dataclass(frozen=True)
class Source:
    """A picture of four megapixels, and its file."""

    name: str
    content: str
    format: Format
    data: bytes

    def pixels(self, size: str) -> Image.Image:
        """Its thumb before it is encoded."""
        return pixels(plan(identify.read(self.data), parse(size))).image


def of_photographs(paths: Iterable[Path]) -> list[Source]:
    """Each photograph as JPEG and as PNG."""
    found = []
    for path in paths:
        image = Image.open(path).convert("RGB")
        scale = (SOURCE_PIXELS / (image.width * image.height)) ** 0.5
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
        jpeg = saved(image, "JPEG", quality=90)
        png = saved(image, "PNG", compress_level=1)
        found.append(Source(path.stem, "photograph", "JPEG", jpeg))
        found.append(Source(path.stem, "photograph", "PNG", png))
    return found


def of_drawings(shapes: Iterable[tuple[int, int]]) -> list[Source]:
    """Every kind of drawing in every shape."""
    return [
        Source(
            f"{kind} {width}x{height}",
            "drawing",
            "PNG",
            saved(draw((width, height)), "PNG", compress_level=1),
        )
        for kind, draw in DRAWINGS.items()
        for width, height in shapes
    ]


def timed(make: Callable[[], bytes], rounds: int) -> tuple[bytes, float]:
    """What is made, and the best of ``rounds`` times in milliseconds."""
    body = make()
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        make()
        times.append(1000 * (time.process_time() - begun))
    return body, min(times)


def score(reference: Image.Image, body: bytes) -> float | None:
    """SSIMULACRA2 of a file beside the picture before encoding: 100 is the same; None without the
    package."""
    if not HAS_SCORES:
        return None
    import ssimulacra2  # type: ignore  # noqa: PLC0415 - often not installed

    shown = Image.open(io.BytesIO(body))
    files = [io.BytesIO(saved(on_white(image), "PNG")) for image in (reference, shown)]
    found: float = ssimulacra2.compute_ssimulacra2(*files)
    return found


def on_white(image: Image.Image) -> Image.Image:
    """The image as it looks on a white page."""
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def encoders(sources: list[Source], size: str, rounds: int) -> list[dict[str, Any]]:
    """For each encoder of the sources' content: bytes beside the plain thumb's, scores and
    milliseconds."""
    pictures = [source.pixels(size) for source in sources]
    content = sources[0].content
    rows = []
    plain: list[int] = []
    for name, encoder in ENCODERS[content].items():
        made = [timed(partial(encoder, picture), rounds) for picture in pictures]
        lengths = [len(body) for body, _ in made]
        plain = plain or lengths
        scores = [
            found
            for picture, (body, _) in zip(pictures, made, strict=True)
            if (found := score(picture, body)) is not None
        ]
        row = {
            "content": content,
            "size": size,
            "encoder": name,
            "bytes": mean(a / b for a, b in zip(lengths, plain, strict=True)),
            "ms": mean(milliseconds for _, milliseconds in made),
            "score": mean(scores) if scores else None,
            "lowest": min(scores, default=None),
        }
        rows.append(row)
        print(encoder_line(row), flush=True)
    return rows


def served(sources: list[Source], size: str, rounds: int) -> list[dict[str, Any]]:
    """For each format that a client may name: bytes and whole time beside the plain thumb's."""
    rows = []
    plain: list[tuple[int, float]] = []
    for format_name in ("", "webp", "avif"):
        found = []
        types = set()
        for source in sources:
            make = partial(render, source.data, parse(size), OPTIONS, format_name)
            types.add(make().content_type)
            body, milliseconds = timed(lambda make=make: make().body, rounds)  # type: ignore[misc]
            found.append((len(body), milliseconds))
        plain = plain or found
        row = {
            "content": sources[0].content,
            "source": sources[0].format,
            "size": size,
            "asked": format_name or "*/*",
            "types": sorted(types),
            "bytes": mean(a / b for (a, _), (b, _) in zip(found, plain, strict=True)),
            "ms": mean(milliseconds for _, milliseconds in found),
            "time": mean(a / b for (_, a), (_, b) in zip(found, plain, strict=True)),
        }
        rows.append(row)
        print(served_line(row), flush=True)
    return rows


def encoder_line(row: dict[str, Any]) -> str:
    """A row of the encoders' table, in Markdown."""
    scores = "| " if row["score"] is None else f"| {row['score']:.1f} | {row['lowest']:.1f}"
    return (
        f"| {row['content']}, {row['size']} | {row['encoder']} "
        f"| {row['bytes']:.2f} | {row['ms']:.1f} {scores} |"
    )


def served_line(row: dict[str, Any]) -> str:
    """A row of the table of what clients get, in Markdown."""
    return (
        f"| {row['content']} {row['source']}, {row['size']} | {row['asked']} "
        f"| {row['bytes']:.3f} | {row['ms']:.1f} | {row['time']:.2f} |"
    )


def verdicts(encoded: list[dict[str, Any]], whole: list[dict[str, Any]]) -> list[str]:
    """The targets for photographs as AVIF, and whether they are met."""

    def asked(source: str) -> list[dict[str, Any]]:
        wanted = {"content": "photograph", "source": source, "asked": "avif"}
        return [row for row in whole if wanted.items() <= row.items()]

    def scores(encoder: str) -> dict[str, float]:
        return {
            row["size"]: row["score"]
            for row in encoded
            if row["content"] == "photograph" and row["encoder"] == encoder
        }

    jpeg = mean(row["bytes"] for row in asked("JPEG"))
    png = mean(row["bytes"] for row in asked("PNG"))
    slowest = max(row["time"] for row in asked("JPEG"))
    found = [
        verdict(f"{jpeg:.3f} of our JPEG's bytes", jpeg <= MOST_JPEG_BYTES),
        verdict(f"{png:.3f} of our PNG's bytes", png <= MOST_PNG_BYTES),
        verdict(f"{slowest:.2f} times the JPEG's whole time", slowest <= MOST_TIME),
    ]
    if HAS_SCORES:
        webp = scores("**WebP, ours**")
        for size, points in scores("**AVIF, ours**").items():
            text = f"score {points:.1f} at {size}, WebP {webp[size]:.1f}"
            found.append(verdict(text, points >= webp[size]))
    return found


def versions() -> str:
    """The libraries that encode."""
    names = ("pil", "libjpeg_turbo", "webp", "avif")
    return ", ".join(f"{name} {features.version(name)}" for name in names)


def verdict(text: str, is_met: bool) -> str:
    """A line about a target."""
    return f"{'met' if is_met else 'MISSED'}: {text}"


def main() -> None:
    """Measure, print the tables and the targets, and keep the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photographs", type=Path, metavar="DIR", help="a folder of them")
    arguments.add_argument("--quick", action="store_true", help="every fifth picture, one round")
    chosen = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if not HAS_SCORES:
        print("without scores: pip install -r requirements-bench.txt")
    step = 5 if chosen.quick else 1
    rounds = 1 if chosen.quick else 3
    taken = of_photographs(photographs(chosen.photographs)[::step])
    jpegs = [source for source in taken if source.format == "JPEG"]
    pngs = [source for source in taken if source.format == "PNG"]
    drawings = of_drawings(SHAPES[::step])
    print(f"{len(jpegs)} photographs, {len(drawings)} drawings, {versions()}")
    print("\n| picture | encoder | bytes | ms | score | lowest |\n|---|---|---|---|---|---|")
    encoded = [
        row
        for sources in (jpegs, drawings)
        for size in SIZES
        for row in encoders(sources, size, rounds)
    ]
    print("\n| source | `Accept` | bytes | ms | time |\n|---|---|---|---|---|")
    whole = [
        row
        for sources in (jpegs, pngs, drawings)
        for size in SIZES
        for row in served(sources, size, rounds)
    ]
    print()
    print("\n".join(verdicts(encoded, whole)))
    if not chosen.quick and chosen.photographs is None:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps({"encoders": encoded, "served": whole}, indent=1) + "\n")


if __name__ == "__main__":
    main()
