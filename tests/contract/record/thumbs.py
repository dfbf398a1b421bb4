"""Records each thumb of thumbs.jsonl: its type, its dimensions and, of some, its pixels."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from tests.contract.record.pocketbase import PocketBase

ASKED = ("source", "collection", "record", "filename", "thumb")


def record(
    pocketbase: PocketBase, rows: Iterable[dict[str, Any]], out: Path
) -> Iterator[dict[str, Any]]:
    """Each row with the thumb of today; pixels go into ``thumb_pixels`` as lossless WebP."""
    pixels = out / "thumb_pixels"
    pixels.mkdir(exist_ok=True)
    for row in rows:
        path = f"/api/files/{row['collection']}/{row['record']}/{row['filename']}"
        thumb = pocketbase.ask("GET", f"{path}?thumb={row['thumb']}", {}, raw=False)
        original = pocketbase.ask("GET", path, {}, raw=False)
        answered = {name: row[name] for name in ASKED}
        answered |= {
            "status": thumb.status,
            "content_type": thumb.header("content-type"),
            "content_disposition": thumb.header("content-disposition"),
            "original_served": thumb.body == original.body,
        }
        if not answered["original_served"]:
            with Image.open(io.BytesIO(thumb.body)) as image:
                answered |= {"format": image.format, "width": image.width, "height": image.height}
                if "pixels" in row:
                    answered["pixels"] = row["pixels"]
                    rgba = image.convert("RGBA")
                    rgba.save(pixels / row["pixels"], lossless=True, exact=True, method=4)
        yield answered
