"""Decodes the first frame of a picture, no more of it than a task needs, and resizes it.

libwebp reads WebP. libvips reads PNG and large JPEGs, and resizes them while it reads if they
shrink little. Pillow reads the rest, GIF, small JPEGs and CMYK, and everything where the other
two are missing.

Broken data raise ValueError, or what Pillow's plugins raise, which is nearly anything.
"""

import io
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from PIL import Image, ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pocketfiles.thumbs import (
    decode_jpeg,
    drawing,
    libvips,
    libvips_task,
    libwebp,
    resample,
)
from pocketfiles.thumbs.canvas import Canvas
from pocketfiles.thumbs.formats import png_rows
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.resample import Reduced, reduce
from pocketfiles.thumbs.task import Task

_FILES: dict[str, Any] = {
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
}
"""Pillow's plugins by format. Left to itself, Pillow would try dozens."""


class Decoded(NamedTuple):
    """A thumb's pixels, and pixels of the source by which drawings are told from photographs.

    There is a sample only of a task that asks for one.
    """

    raster: Raster
    sample: Image.Image | None = None


def decode(task: Task) -> Decoded:
    """The thumb's pixels, not yet upright and in the colours of the picture."""
    header = task.header
    if header.frame:
        frame = decode(task.for_frame())
        canvas = Canvas(frame.raster.image, header.frame, (header.width, header.height))
        reduced = reduce(canvas, task.box, task, filled=header.frame)
        return Decoded(_finished(reduced, task), frame.sample)
    if header.format == "WEBP":
        return _webp(task)
    return Decoded(_finished(_decoded(task), task))


def _finished(found: Reduced | Raster, task: Task) -> Raster:
    if isinstance(found, Raster):
        return found
    return Raster.of(resample.resize(found.image, found.box, task.target))


def _decoded(task: Task) -> Reduced | Raster:
    """The thumb's pixels, or the pixels it needs, averaged down to at most 2.5 times its size."""
    header = task.header
    if header.format == "JPEG":
        return decode_jpeg.decode(task)
    if header.format == "PNG":
        return _png(task)
    return _by_pillow(task)


def _webp(task: Task) -> Decoded:
    decoder = libwebp.load()
    if decoder is None:
        return Decoded(_finished(_by_pillow(task), task))
    part = decoder.decode(task)
    image = Image.frombuffer(part.mode, part.size, part.pixels, "raw", part.mode, 0, 1)
    sample = drawing.sample(image) if task.is_sampled else None
    return Decoded(_finished(reduce(image, part.box, task), task), sample)


def _png(task: Task) -> Reduced | Raster:
    decoder = libvips.load()
    if decoder:
        with suppress(ValueError):
            return _by_libvips(decoder, task)
    repaired = png_rows.repaired(task.header.stream)
    if repaired is None:
        raise ValueError("truncated: rows are missing")
    header = replace(task.header, stream=repaired)
    task = replace(task, header=header)
    return _by_libvips(decoder, task) if decoder else _by_pillow(task)


def _by_libvips(decoder: libvips.Decoder, task: Task) -> Reduced | Raster:
    with decoder.opened(task) as rows:
        return libvips_task.read(rows, task)


def _by_pillow(task: Task) -> Reduced:
    """Decoded whole: GIF, and PNG and WebP without their libraries."""
    header = task.header
    image: ImageFile.ImageFile = _FILES[header.format](io.BytesIO(header.stream))
    if image.size != (header.width, header.height):
        raise ValueError("the decoder reads another size than the header's")
    image.load()
    return reduce(image, task.box, task)
