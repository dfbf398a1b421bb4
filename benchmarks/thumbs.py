"""Thumbs: processor time, peak memory and bytes, against sharp, pyvips and plain Pillow.

    python -m benchmarks.thumbs [--quick] [--only FORMAT,…] [--engines NAME,…] [--rounds N]

All on one core, each in a process of its own; rounds alternate between them, and medians are
kept. sharp wants node and npm, pyvips ``pip install "pyvips[binary]"``; what is missing is named
and left out.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

from PIL import Image, ImageOps

from benchmarks.drawings import DRAWINGS
from local.template import parse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULT = HERE / "results" / "thumbs.json"
PICTURES = Path(tempfile.gettempdir()) / "pocketfiles-benchmark-pictures"
SHARP = "sharp@0.35.5"

DRAWN = {"0.5": (800, 600), "1": (1280, 800), "4.4": (2420, 1815)}
"""Megapixels of drawings, and their sizes."""

MEGAPIXELS = {"0.3": (640, 480), "4.4": (2420, 1815), "12": (4000, 3000), "50": (8165, 6124)}
SIZES = ("100x100", "300x300", "640x480f", "1280x0")
SOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 90}),
    "progressive JPEG": ("JPEG", {"quality": 90, "progressive": True}),
    "PNG": ("PNG", {}),
    "RGBA PNG": ("PNG", {}),
    "GIF": ("GIF", {}),
    "WebP": ("WEBP", {"quality": 80, "method": 2}),
    "lossless WebP": ("WEBP", {"lossless": True, "quality": 20, "method": 1}),
    **dict.fromkeys(DRAWINGS, ("PNG", {})),
}
ENGINES = ("ours", "sharp", "pyvips", "pillow")
PINNED = {"UV_THREADPOOL_SIZE": "1", "VIPS_CONCURRENCY": "1", "OMP_NUM_THREADS": "1"}
DEPLOYED = parse((ROOT / "template.yaml").read_text()).environment()
MEMORY = {name: value for name, value in DEPLOYED.items() if name.startswith("MALLOC_")}


@dataclass(frozen=True)
class Row:
    """A source and a size."""

    kind: str
    megapixels: str
    size: str

    @property
    def file(self) -> Path:
        """Where its picture is."""
        return PICTURES / f"{self.kind.replace(' ', '-')}-{self.megapixels}"

    def job(self, runs: int) -> dict[str, Any]:
        """What a worker is told."""
        width, height = self.size.removesuffix("f").split("x")
        return {
            "file": str(self.file),
            "size": self.size,
            "width": int(width),
            "height": int(height),
            "fit": self.size.endswith("f"),
            "format": SOURCES[self.kind][0],
            "runs": runs,
        }


class Worker:
    """An engine in a process of its own that answers jobs, a JSON line each."""

    def __init__(self, engine: str) -> None:
        command = [sys.executable, "-m", "benchmarks.thumbs_python", engine]
        if engine == "sharp":
            command = [shutil.which("node") or "node", str(HERE / "thumbs_sharp.mjs")]
        environment = (
            os.environ | PINNED | MEMORY | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"}
        )
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._input, self._output = (
            cast("IO[str]", self._process.stdin),
            cast("IO[str]", self._process.stdout),
        )
        self.greeting = self._line()

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have a job done, and its figures."""
        self._input.write(json.dumps(job) + "\n")
        self._input.flush()
        return self._line()

    def memory(self, field: str) -> float:
        """``VmRSS`` (held now) or ``VmHWM`` (at most so far) of the process in megabytes; 0 but
        on Linux."""
        status = Path(f"/proc/{self._process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _line(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._output.readline() or '{"missing": "it ended"}')
        return answer


def scene(base: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The photograph at that size, and its own tiles over it: large shapes and fine detail both."""
    width, height = base.size
    quad = Image.new("RGB", (2 * width, 2 * height))
    for x, row in enumerate((base, ImageOps.mirror(base))):
        for y, part in enumerate((row, ImageOps.flip(row))):
            quad.paste(part, (x * width, y * height))
    tiles = Image.new("RGB", size)
    for top in range(0, size[1], quad.height):
        for left in range(0, size[0], quad.width):
            tiles.paste(quad, (left, top))
    return Image.blend(base.resize(size, Image.Resampling.BICUBIC), tiles, 0.35)


def draw(rows: list[Row]) -> None:
    """Write the source pictures that are not there yet."""
    PICTURES.mkdir(exist_ok=True)
    [photo] = (ROOT / "local/demo/pb_data/storage").glob("*/*/photo_ik2461xl3x.png")
    base = Image.open(photo).convert("RGB")
    for megapixels in dict.fromkeys(row.megapixels for row in rows):
        missing = {
            r.kind: r.file for r in rows if r.megapixels == megapixels and not r.file.exists()
        }
        if not missing:
            continue
        print(f"drawing pictures of {megapixels} megapixels", flush=True)
        if any(kind not in DRAWINGS for kind in missing):
            image = scene(base, MEGAPIXELS[megapixels])
        for kind, file in missing.items():
            if kind in DRAWINGS:
                DRAWINGS[kind](DRAWN[megapixels]).save(file, "PNG")
                continue
            source, (to, options) = image, SOURCES[kind]
            if kind == "RGBA PNG":
                source = image.copy()
                source.putalpha(ImageOps.invert(Image.radial_gradient("L").resize(image.size)))
            elif kind == "GIF":
                source = image.quantize(256)
            source.save(file, to, **options)


def start(engines: Iterable[str]) -> dict[str, Worker]:
    """Those of the engines that are there; the others are named."""
    if shutil.which("npm") and not (HERE / "node_modules" / "sharp").exists():
        command = ["npm", "install", "--silent", "--no-save", "--prefix", str(HERE), SHARP]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers = {}
    for engine in engines:
        try:
            worker = Worker(engine)
        except FileNotFoundError as error:
            print(f"{engine} is left out: {error}")
            continue
        if "missing" in worker.greeting:
            print(f"{engine} is left out: {worker.greeting['missing']}")
            worker.close()
        else:
            workers[engine] = worker
    return workers


def measure(row: Row, workers: dict[str, Worker], rounds: int) -> dict[str, Any]:
    """Each engine's median processor time and wall time in milliseconds, bytes, and peak memory in
    megabytes over an idle process."""
    runs = {"0.3": 5, "4.4": 2}.get(row.megapixels, 1)
    times: dict[str, list[float]] = {engine: [] for engine in workers}
    walls: dict[str, list[float]] = {engine: [] for engine in workers}
    found: dict[str, Any] = {}
    for _ in range(rounds):
        for engine, worker in workers.items():
            answer = worker.ask(row.job(runs))
            times[engine] += answer["times"]
            walls[engine] += answer["walls"]
            found[engine] = {"bytes": answer["bytes"]}
    for engine in workers:
        alone = Worker(engine)
        idle = alone.memory("VmRSS")
        alone.ask(row.job(1))
        found[engine] |= {
            "ms": round(median(times[engine]), 2),
            "wall_ms": round(median(walls[engine]), 2),
            "peak_mb": round(alone.memory("VmHWM") - idle, 1),
        }
        alone.close()
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: a row a source, a column a size."""
    sizes = [size for size in SIZES if any(r["size"] == size for r in results)]
    lines = ["| source | " + " | ".join(sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    for kind in SOURCES:
        for megapixels in dict.fromkeys((*MEGAPIXELS, *DRAWN)):
            cells = []
            for size in sizes:
                key = {"source": kind, "megapixels": megapixels, "size": size}
                found = next((r["engines"] for r in results if key.items() <= r.items()), None)
                cells.append(cell(found) if found else "")
            if any(cells):
                lines.append(f"| {kind}, {megapixels} MP | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(found: dict[str, Any]) -> str:
    """Our milliseconds, and how many times sharp's they, the wall time and the bytes are."""
    ours = found["ours"]
    if "sharp" not in found:
        return f"{ours['ms']:.1f} ms"
    time = ours["ms"] / found["sharp"]["ms"]
    wall = ours["wall_ms"] / found["sharp"]["wall_ms"]
    size = ours["bytes"] / found["sharp"]["bytes"]
    return f"{ours['ms']:.1f} ms, **{time:.2f}**, {wall:.2f}, {size:.2f}"


def versions(workers: dict[str, Worker]) -> dict[str, str]:
    """Of everything that was measured, and the machine."""
    known = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": processor(),
    }
    for worker in workers.values():
        known |= worker.greeting["versions"]
    return known


def processor() -> str:
    """Its name as Linux gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")),
        platform.processor(),
    )


def main() -> None:
    """Measure, write the figures and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--quick", action="store_true", help="pictures up to 4.4 megapixels, one round"
    )
    arguments.add_argument(
        "--only", default="", metavar="FORMAT,…", help=f"of {', '.join(SOURCES)}"
    )
    arguments.add_argument(
        "--engines",
        default=",".join(ENGINES),
        metavar="NAME,…",
        help=f"of {', '.join(ENGINES)}",
    )
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    kinds = chosen.only.split(",") if chosen.only else list(SOURCES)
    sizes = list(MEGAPIXELS)[: 2 if chosen.quick else None]
    rows = [
        Row(kind, megapixels, size)
        for kind in kinds
        for megapixels in (DRAWN if kind in DRAWINGS else sizes)
        for size in (SIZES[:3] if kind in DRAWINGS else SIZES)
    ]
    draw(rows)
    workers = start(chosen.engines.split(","))
    results = []
    for row in rows:
        found = measure(row, workers, 1 if chosen.quick else chosen.rounds)
        results.append(
            {"source": row.kind, "megapixels": row.megapixels, "size": row.size, "engines": found}
        )
        figures = "  ".join(
            f"{engine} {f['ms']:.1f} ms {f['peak_mb']:.0f} MB {f['bytes']} B"
            for engine, f in found.items()
        )
        print(f"{row.kind} {row.megapixels} MP → {row.size}:  {figures}", flush=True)
    print(f"\n{table(results)}")
    if not (chosen.quick or chosen.only) and set(workers) == set(ENGINES):
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(
            json.dumps({"versions": versions(workers), "rows": results}, indent=1) + "\n"
        )
    for worker in workers.values():
        worker.close()


if __name__ == "__main__":
    main()
