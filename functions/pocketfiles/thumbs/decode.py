"""Decodes the first frame of a picture, and no more of it than a task needs.

libwebp reads WebP. libvips reads PNG and large JPEGs, and resizes them while it reads if they
shrink little. Pillow reads the rest, GIF, animations, CMYK and 16 bits a channel, and everything
where the other two are missing.

Broken data raise ValueError, or what Pillow's plugins raise, which is nearly anything.
"""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pocketfiles.thumbs import libvips, libwebp, resample
from pocketfiles.thumbs.formats import jpeg, png, webp
from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.geometry import Box, FloatBox, Size, whole
from pocketfiles.thumbs.task import Task

_OPAQUE_MODES = frozenset({"L", "RGB"})

_MIN_PIXELS_FOR_LIBVIPS = 1_000_000
"""Decoded pixels from which libvips is quicker than Pillow's libjpeg."""

_MIN_SHRINK_TO_AVERAGE = 3
"""Shrink factor from which averaging before resizing is quicker than libvips' floating point,
with alpha."""

_MAX_PIXELS_DECODED_TWICE = 600_000_000
"""Most pixels × scans of a JPEG that is decoded once more to see whether it is complete."""

_LIBJPEG_FILLING = frozenset({127, 128})
"""The levels of the grey that libjpeg puts where data are missing."""

_TRUNCATED = "truncated: the data end before the picture does"


@dataclass(frozen=True)
class Decoded:
    """Pixels, the task's box in these pixels, and the picture's ICC profile."""

    image: Image.Image
    box: FloatBox
    icc_profile: bytes | None


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


def decode(data: bytes, task: Task) -> Decoded:
    """The pixels that the task needs, averaged down to at most 2.5 times its target."""
    header = task.header
    if header.format == "WEBP" and not header.animated:
        webp_decoder = libwebp.load()
        if webp_decoder:
            image, box = _by_libwebp(webp_decoder, data, task)
            return Decoded(image, box, webp.icc_profile(data))
    file: ImageFile.ImageFile = _FILES[header.format](io.BytesIO(data))
    if file.size != (header.width, header.height):
        raise ValueError("the decoder reads another size than the header's")
    profile = file.info.get("icc_profile")
    decoder = libvips.load() if _suits_libvips(file, task) else None
    if decoder:
        image, box = _by_libvips(decoder, data, task)
    elif header.format == "JPEG":
        image, box = _jpeg_by_pillow(file, data, task)
    else:
        image, box = _by_pillow(file, data, task)
    return Decoded(image, box, profile)


def _by_libwebp(
    decoder: libwebp.Decoder,
    data: bytes,
    task: Task,
) -> tuple[Image.Image, FloatBox]:
    part = decoder.decode(data, task)
    image = Image.frombuffer(part.mode, part.size, part.pixels, "raw", part.mode, 0, 1)
    return resample.reduce(image, part.box, task)


def _suits_libvips(file: ImageFile.ImageFile, task: Task) -> bool:
    header = task.header
    if header.format == "PNG":
        return header.depth <= libvips.MAX_DEPTH and not header.animated
    if header.format != "JPEG" or file.mode not in _OPAQUE_MODES:
        return False
    # Pillow's libjpeg is quicker where little is left to resize, and where several scans are read
    # at a reduced scale.
    decoded_pixels = header.width * header.height / task.scale**2
    has_one_pass = header.scans == 1 or task.scale == 1
    return decoded_pixels >= _MIN_PIXELS_FOR_LIBVIPS and has_one_pass


def _by_libvips(
    decoder: libvips.Decoder,
    data: bytes,
    task: Task,
) -> tuple[Image.Image, FloatBox]:
    resized = _resized_by_libvips(decoder, data, task)
    if resized:
        return resized, FloatBox(*whole(task.target))
    try:
        with decoder.opened(data, task) as rows:
            box = _inside(task.scaled_box, rows.size)
            reduced = resample.reduce(_RowsAsPicture(rows), box, task)
            last_pixel = rows.last_pixel()  # reads the rows below the box, which may be broken
            if task.header.format == "JPEG" and _may_be_filling(last_pixel):
                _check_jpeg_is_complete(data, task)
            return reduced
    except ValueError:
        _check_png_is_complete(data, task.header)
        raise


def _resized_by_libvips(
    decoder: libvips.Decoder,
    data: bytes,
    task: Task,
) -> Image.Image | None:
    """The thumb's pixels; None if libvips does not suit, and if it finds any flaw in the data."""
    try:
        with decoder.opened(data, task, flawless=True) as rows:
            box = task.whole_box(rows.size)
            has_alpha = rows.mode not in _OPAQUE_MODES
            if box is None or (has_alpha and task.shrink >= _MIN_SHRINK_TO_AVERAGE):
                return None
            return _resized(rows, box, task)
    except ValueError:
        return None


def _resized(
    rows: libvips.Rows,
    box: Box,
    task: Task,
) -> Image.Image:
    return Image.frombytes(rows.mode, task.target, rows.resized(box, task.target))


class _RowsAsPicture:
    """What libvips reads, as a ``resample.Picture``."""

    def __init__(self, rows: libvips.Rows) -> None:
        self.size = rows.size
        self._rows = rows

    def crop(self, box: Box) -> Image.Image:
        return Image.frombytes(self._rows.mode, box.size, self._rows.part(box))


def _inside(box: FloatBox, size: Size) -> FloatBox:
    width, height = size
    right = min(box.right, width)
    bottom = min(box.bottom, height)
    return FloatBox(box.left, box.top, right, bottom)


def _jpeg_by_pillow(
    file: ImageFile.ImageFile, data: bytes, task: Task
) -> tuple[Image.Image, FloatBox]:
    image = _at_scale(file, task)
    last_pixel = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    if _may_be_filling(last_pixel.tobytes()):
        _check_jpeg_is_complete(data, task, image)
    box = task.whole_box(image.size)
    is_large = image.width * image.height >= _MIN_PIXELS_FOR_LIBVIPS
    if box and is_large and image.mode in _OPAQUE_MODES:
        decoder = libvips.load()
        if decoder:
            with decoder.holding(image.tobytes(), image.size, len(image.mode)) as rows:
                return _resized(rows, box, task), FloatBox(*whole(task.target))
    return resample.reduce(image, task.scaled_box, task)


def _by_pillow(
    file: ImageFile.ImageFile,
    data: bytes,
    task: Task,
) -> tuple[Image.Image, FloatBox]:
    image = _first_frame(file, task)
    last_row = image.crop((0, image.height - 1, *image.size))
    if not any(last_row.tobytes()):
        _check_png_is_complete(data, task.header)
    return resample.reduce(image, task.box, task)


def _first_frame(file: ImageFile.ImageFile, task: Task) -> Image.Image:
    has_separate_default = getattr(file, "default_image", False)
    if has_separate_default:  # an animated PNG's picture for programs that do not animate
        file.seek(1)
    file.load()
    if task.header.frame is None:
        return file
    # Around the frame the canvas is transparent, whatever background colour the file names.
    canvas = Image.new("RGBA", file.size)
    canvas.paste(file.convert("RGBA").crop(task.header.frame), task.header.frame)
    return canvas


def _at_scale(file: ImageFile.ImageFile, task: Task) -> Image.Image:
    """The whole JPEG, decoded at the task's scale."""
    file.draft(None, (task.header.width // task.scale, task.header.height // task.scale))
    file.load()
    return file


def _may_be_filling(last_pixel: bytes | memoryview) -> bool:
    return _LIBJPEG_FILLING.issuperset(last_pixel)


def _check_jpeg_is_complete(
    data: bytes,
    task: Task,
    decoded: Image.Image | None = None,
) -> None:
    """Raise ValueError if libjpeg filled in missing data, which is no error to it.

    The JPEG is decoded once more with longer data. ``decoded`` is the JPEG at the task's scale.
    """
    header = task.header
    if header.width * header.height * header.scans > _MAX_PIXELS_DECODED_TWICE:
        return
    lengthened = _at_scale(_JpegFile(io.BytesIO(jpeg.lengthened(data))), task)
    decoded = decoded or _at_scale(_JpegFile(io.BytesIO(data)), task)
    if ImageChops.difference(decoded, lengthened).getbbox():
        raise ValueError(_TRUNCATED)


def _check_png_is_complete(data: bytes, header: Header) -> None:
    if header.format == "PNG" and not png.is_complete(data):
        raise ValueError(_TRUNCATED)
