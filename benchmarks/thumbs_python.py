"""A worker of ``benchmarks.thumbs``: JSON jobs on standard input, JSON figures on standard output.

    python -m benchmarks.thumbs_python ours|pyvips|pillow

Times are this process's processor time in milliseconds, walls what a clock shows.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, features
from PIL import __version__ as pillow_version

from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs import geometry
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse

Make = Callable[[bytes, dict[str, Any]], bytes]
UNLIMITED = ThumbOptions(max_source_bytes=1 << 40, max_pixels=1 << 40)
WRITTEN: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 85, "subsampling": "4:2:0", "optimize": True},
    "PNG": {},
    "WEBP": {"quality": 80, "method": 4},
    "GIF": {},
}


def ours() -> tuple[Make, dict[str, str]]:
    """What ships."""
    built = {name: str(features.version(name)) for name in ("libjpeg_turbo", "zlib", "webp")}
    return lambda data, job: render(data, parse(job["size"]), UNLIMITED).body, {
        "pillow": pillow_version
    } | built


def pillow() -> tuple[Make, dict[str, str]]:
    """What one would write first."""
    Image.MAX_IMAGE_PIXELS = None

    def make(data: bytes, job: dict[str, Any]) -> bytes:
        image: Image.Image = Image.open(io.BytesIO(data))
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        steps = geometry.plan(*image.size, parse(job["size"]))
        image = image.crop(steps.crop) if steps.crop else image
        image = image.resize(steps.resize, Image.Resampling.BILINEAR) if steps.resize else image
        out = io.BytesIO()
        image = image.quantize(256) if job["format"] == "GIF" else image
        image.save(out, job["format"], **WRITTEN[job["format"]])
        return out.getvalue()

    return make, {}


def pyvips() -> tuple[Make, dict[str, str]]:
    """libvips from Python."""
    import pyvips as vips  # type: ignore  # noqa: PLC0415 - often not installed

    writers: dict[str, tuple[str, dict[str, Any]]] = {
        "JPEG": (".jpg", {"Q": 85, "subsample_mode": "on", "optimize_coding": True}),
        "PNG": (".png", {}),
        "WEBP": (".webp", {"Q": 80, "effort": 4}),
        "GIF": (".gif", {}),
    }
    vips.cache_set_max(0)

    def make(data: bytes, job: dict[str, Any]) -> bytes:
        width, height = job["width"], job["height"]
        fill = {} if job["fit"] or not (width and height) else {"crop": "centre"}
        bounds = {"height": height or 10_000_000} | fill
        image = vips.Image.thumbnail_buffer(data, width or 10_000_000, **bounds)
        suffix, options = writers[job["format"]]
        body: bytes = image.write_to_buffer(suffix, **options)
        return body

    return make, {
        "pyvips": vips.__version__,
        "libvips of pyvips": ".".join(str(vips.version(i)) for i in range(3)),
    }


def main() -> None:
    """Answer until the input ends."""
    try:
        make, versions = {"ours": ours, "pillow": pillow, "pyvips": pyvips}[sys.argv[1]]()
    except (ImportError, OSError) as error:
        print(json.dumps({"missing": str(error).splitlines()[0]}), flush=True)
        return
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        data = Path(job["file"]).read_bytes()
        times, walls, body = [], [], b""
        for _ in range(job["runs"]):
            seen = time.perf_counter()
            begun = time.process_time()
            body = make(data, job)
            times.append(1000 * (time.process_time() - begun))
            walls.append(1000 * (time.perf_counter() - seen))
        print(json.dumps({"times": times, "walls": walls, "bytes": len(body)}), flush=True)


if __name__ == "__main__":
    main()
