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

from PIL import Image, ImageChops, ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pocketfiles.thumbs import drawing, libvips, libwebp, resample
from pocketfiles.thumbs.canvas import Canvas
from pocketfiles.thumbs.formats import jpeg, png_rows
from pocketfiles.thumbs.geometry import (
    Box,
    FloatBox,
    Size,
)
from pocketfiles.thumbs.libvips_rows import Rows
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.resample import Reduced, reduce
from pocketfiles.thumbs.task import Task

_OPAQUE_MODES = frozenset({"L", "RGB"})
_GREY_OR_RGB = frozenset({1, 3})

_MIN_PIXELS_FOR_LIBVIPS = 1_000_000
"""Decoded pixels from which libvips is quicker than Pillow's libjpeg."""

_ROWS_AT_A_TIME = 64
"""Rows that libvips is asked for at once."""

_MAX_PIXELS_DECODED_TWICE = 600_000_000
"""Most pixels × scans of a JPEG that is decoded once more to see whether it is complete."""

_LIBJPEG_FILLING = frozenset({127, 128})
"""The levels of the grey that libjpeg puts where data are missing."""

_TRUNCATED = "truncated: the data end before the picture does"


class _JpegFile(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip the resolution: Pillow's reader warns about broken EXIF blocks."""


_FILES: dict[str, Any] = {
    "JPEG": _JpegFile,
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
        return _jpeg(task)
    if header.format == "PNG":
        return _png(task)
    return _by_pillow(task)


class _RowsAsPicture:
    """What libvips reads, as a ``resample.Picture``.

    libvips holds all the rows of a part at once, in the whole width of the source. Few are read at
    a time therefore.
    """

    def __init__(self, rows: Rows) -> None:
        self.size = rows.size
        self._rows = rows

    def crop(self, box: Box) -> Image.Image:
        mode = self._rows.mode
        part = Image.new(mode, box.size)
        for top in range(box.top, box.bottom, _ROWS_AT_A_TIME):
            rows = Box(box.left, top, box.right, min(top + _ROWS_AT_A_TIME, box.bottom))
            strip = Image.frombytes(mode, rows.size, self._rows.part(rows))
            part.paste(strip, (0, top - box.top))
        return part


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
        raise ValueError(_TRUNCATED)
    header = replace(task.header, stream=repaired)
    task = replace(task, header=header)
    return _by_libvips(decoder, task) if decoder else _by_pillow(task)


def _jpeg(task: Task) -> Reduced | Raster:
    decoder = libvips.load() if _is_jpeg_for_libvips(task) else None
    return _by_libvips(decoder, task) if decoder else _jpeg_by_pillow(task)


def _is_jpeg_for_libvips(task: Task) -> bool:
    """Whether libvips is quicker than Pillow's libjpeg.

    It is not where little is left to resize, and where several scans are read at a reduced scale.
    """
    header = task.header
    decoded_pixels = header.width * header.height / task.scale**2
    has_one_pass = header.scans == 1 or task.scale == 1
    is_large = decoded_pixels >= _MIN_PIXELS_FOR_LIBVIPS
    return header.channels in _GREY_OR_RGB and is_large and has_one_pass


def _by_libvips(decoder: libvips.Decoder, task: Task) -> Reduced | Raster:
    resized = _resized_by_libvips(decoder, task)
    if resized:
        return resized
    with decoder.opened(task) as rows:
        box = _inside(task.scaled_box, rows.size)
        reduced = reduce(_RowsAsPicture(rows), box, task)
        last_pixel = rows.last_pixel()  # reads the rows below the box, which may be broken
        if task.header.format == "JPEG" and _may_be_filling(last_pixel, task):
            _check_jpeg_is_complete(task)
        return reduced


def _resized_by_libvips(
    decoder: libvips.Decoder,
    task: Task,
) -> Raster | None:
    """The thumb's pixels; None if libvips does not suit, and if it finds any flaw in a JPEG.

    ValueError if a PNG is broken.
    """
    try:
        with decoder.opened(task, flawless=True) as rows:
            box = task.whole_box(rows.size)
            return _resized(rows, box, task) if box else None
    except ValueError:
        if task.header.format == "PNG":
            raise
        return None


def _resized(
    rows: Rows,
    box: Box,
    task: Task,
) -> Raster:
    size = task.target
    mode, pixels = rows.resized(box, size)
    if mode in _OPAQUE_MODES:
        return Raster(mode, size, bytes(pixels))
    if mode == "RGBa":  # divides by alpha on the way
        return Raster.of(Image.frombytes("RGBA", size, pixels, "raw", mode))
    image = Image.frombytes(mode, size, pixels)
    return Raster.of(image.convert("LA") if mode == "La" else image)


def _inside(box: FloatBox, size: Size) -> FloatBox:
    width, height = size
    right = min(box.right, width)
    bottom = min(box.bottom, height)
    return FloatBox(box.left, box.top, right, bottom)


def _jpeg_by_pillow(task: Task) -> Reduced | Raster:
    image = _at_scale(task, task.header.stream)
    width, height = image.size
    last_pixel = image.crop((width - 1, height - 1, width, height)).tobytes()
    if _may_be_filling(last_pixel, task):
        _check_jpeg_is_complete(task, image)
    box = task.whole_box(image.size)
    is_large = width * height >= _MIN_PIXELS_FOR_LIBVIPS
    decoder = libvips.load() if is_large and image.mode in _OPAQUE_MODES else None
    if box and decoder:
        bands = len(image.mode)
        with decoder.holding(image.tobytes(), image.size, bands) as rows:
            return _resized(rows, box, task)
    return reduce(image, task.scaled_box, task)


def _at_scale(task: Task, stream: bytes) -> Image.Image:
    """The whole JPEG, decoded at the task's scale."""
    file: ImageFile.ImageFile = _JpegFile(io.BytesIO(stream))
    file.draft(None, (task.header.width // task.scale, task.header.height // task.scale))
    file.load()
    return file


def _may_be_filling(
    last_pixel: bytes | memoryview,
    task: Task,
) -> bool:
    return task.header.is_cut or _LIBJPEG_FILLING.issuperset(last_pixel)


def _check_jpeg_is_complete(
    task: Task,
    decoded: Image.Image | None = None,
) -> None:
    """Raise ValueError if libjpeg filled in missing data, which is no error to it.

    The JPEG is decoded once more with longer data. ``decoded`` is the JPEG at the task's scale.
    """
    header = task.header
    is_large = header.width * header.height * header.scans > _MAX_PIXELS_DECODED_TWICE
    if header.is_cut and (header.lacks_scans or is_large):
        raise ValueError(_TRUNCATED)
    if is_large:
        return
    lengthened = _at_scale(task, jpeg.lengthened(header.stream))
    decoded = decoded or _at_scale(task, header.stream)
    if ImageChops.difference(decoded, lengthened).getbbox():
        raise ValueError(_TRUNCATED)


def _by_pillow(task: Task) -> Reduced:
    """Decoded whole: GIF, and PNG and WebP without their libraries."""
    header = task.header
    image: ImageFile.ImageFile = _FILES[header.format](io.BytesIO(header.stream))
    if image.size != (header.width, header.height):
        raise ValueError("the decoder reads another size than the header's")
    image.load()
    return reduce(image, task.box, task)
