"""A picture's bytes as pixels: those of the first frame, and as few of them as a task needs.

Three decoders share the work. libvips reads JPEG and PNG, and resizes what shrinks little while it reads;
libwebp reads WebP. Pillow reads the rest, GIF, animations, CMYK and 16 bits a channel, and everything where
the other two are missing. Broken data raise a ValueError, or what Pillow's plugins raise, which is nearly
anything.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

from PIL import Image, ImageChops, ImageFile, _webp
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pocketfiles.thumbs import header, libvips, libwebp
from pocketfiles.thumbs.geometry import Box, FloatBox
from pocketfiles.thumbs.task import Task

STRIP_PIXELS = 1 << 18
"""Decoded, converted and averaged at a time: what a processor's cache holds."""

_OPAQUE = frozenset({"L", "RGB"})
_MANY_PIXELS = 1_000_000
_WALKED_AGAIN = 600_000_000  # pixels times scans that may be decoded twice more for a closer look
_FLOATS_BELOW = (
    3  # times; where more is to be shrunk, averaging before the floating-point numbers is quicker
)
_ENDS_EARLY = "truncated: the data end before the picture does"


class Picture(Protocol):
    """One of Pillow's images, or one decoded as it is asked for: then crops must run from top to bottom."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""

    def crop(self, box: Box) -> Image.Image:
        """The pixels of that box."""


# A picture, the task's box in the pixels of that, and the ICC profile
Decoded = tuple[Picture, FloatBox, bytes | None]


@contextmanager
def decoded(data: bytes, task: Task) -> Iterator[Decoded]:
    """By the decoder the header calls for; Pillow's own guessing would try dozens.

    That data are broken may show no sooner than at the end of the context.
    """
    head = task.header
    if head.format == "WEBP" and not head.animated and (webp_decoder := _libwebp()):
        yield *_by_libwebp(webp_decoder, data, task), header.webp_profile(data)
        return
    file: ImageFile.ImageFile = _FILES[head.format](io.BytesIO(data))
    if file.size != (head.width, head.height):
        raise ValueError("the decoder sees another size than the header says")
    profile = file.info.get("icc_profile")
    if _suits_libvips(file, task) and (decoder := _libvips()):
        with _by_libvips(decoder, data, task) as (picture, box):
            yield picture, box, profile
    else:
        yield *_by_pillow(file, data, task), profile


def _by_libwebp(decoder: libwebp.Decoder, data: bytes, task: Task) -> tuple[Picture, FloatBox]:
    part = decoder.part(data, task)
    return Image.frombuffer(part.mode, part.size, part.pixels, "raw", part.mode, 0, 1), part.box


@contextmanager
def _by_libvips(
    decoder: libvips.Decoder, data: bytes, task: Task
) -> Iterator[tuple[Picture, FloatBox]]:
    if resized := _resized_by_libvips(decoder, data, task):
        yield resized
        return
    try:
        with decoder.opened(data, task) as rows:
            left, top, right, bottom = task.scaled_box
            yield _Rows(rows), (left, top, min(right, rows.size[0]), min(bottom, rows.size[1]))
            _check_end(rows.last_pixel(), data, task)  # nothing may be missing below, either
    except ValueError:
        _check_png(data, task.header)
        raise


def _resized_by_libvips(
    decoder: libvips.Decoder, data: bytes, task: Task
) -> tuple[Image.Image, FloatBox] | None:
    """The thumb's pixels; None when something needs a closer look, a flaw in the data perhaps."""
    try:
        with decoder.opened(data, task, flawless=True) as rows:
            box = task.whole_box(rows.size)
            if box is None or (rows.mode not in _OPAQUE and task.shrink >= _FLOATS_BELOW):
                return None
            return _resized(rows, box, task)
    except ValueError:
        return None


def _resized(rows: libvips.Rows, box: Box, task: Task) -> tuple[Image.Image, FloatBox]:
    return Image.frombytes(rows.mode, task.target, rows.resized(box, task.target)), (
        0,
        0,
        *task.target,
    )


def _by_pillow(file: ImageFile.ImageFile, data: bytes, task: Task) -> tuple[Picture, FloatBox]:
    if task.header.format == "JPEG":
        image = _drafted(file, task)
        _check_end(
            image.crop((image.width - 1, image.height - 1, *image.size)).tobytes(),
            data,
            task,
            image,
        )
        box = task.whole_box(image.size)
        many = image.width * image.height >= _MANY_PIXELS
        if box and many and image.mode in _OPAQUE and (decoder := _libvips()):
            with decoder.holding(image.tobytes(), image.size, len(image.mode)) as rows:
                return _resized(rows, box, task)
        return image, task.scaled_box
    image = _first_frame(file, task)
    if not any(image.crop((0, image.height - 1, *image.size)).tobytes()):
        _check_png(data, task.header)
    return image, task.box


def _suits_libvips(file: ImageFile.ImageFile, task: Task) -> bool:
    head = task.header
    if head.format == "JPEG":
        # Pillow's libjpeg is the faster one, which counts where little is left to be resized, or where many
        # scans are read for fewer pixels.
        many = head.width * head.height >= _MANY_PIXELS * task.scale**2
        return file.mode in _OPAQUE and many and (head.scans == 1 or task.scale == 1)
    return head.format == "PNG" and head.depth <= libvips.DEPTH and not head.animated


class _Rows:
    """What libvips reads, as a picture."""

    def __init__(self, rows: libvips.Rows) -> None:
        self.size = rows.size
        self._rows = rows

    def crop(self, box: Box) -> Image.Image:
        left, top, right, bottom = box
        mode, size = self._rows.mode, (right - left, bottom - top)
        return Image.frombytes(mode, size, self._rows.part(box))


class _JpegFile(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nobody asks for the resolution, and Pillow's reader warns about broken EXIF data."""


_FILES: dict[str, Any] = {
    "JPEG": _JpegFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
}


def _drafted(file: ImageFile.ImageFile, task: Task) -> Image.Image:
    file.draft(None, (task.header.width // task.scale, task.header.height // task.scale))
    file.load()
    return file


def _check_end(
    last_pixel: bytes | memoryview, data: bytes, task: Task, drafted: Image.Image | None = None
) -> None:
    """That a JPEG does not end in what libjpeg fills in for missing data, which is no error to it."""
    head = task.header
    walked = head.width * head.height * head.scans
    if head.format == "JPEG" and {127, 128}.issuperset(last_pixel) and walked <= _WALKED_AGAIN:
        longer = _drafted(_JpegFile(io.BytesIO(header.longer(data))), task)
        drafted = drafted or _drafted(_JpegFile(io.BytesIO(data)), task)
        if ImageChops.difference(drafted, longer).getbbox():
            raise ValueError(_ENDS_EARLY)


def _check_png(data: bytes, head: header.Header) -> None:
    if head.format == "PNG" and not header.png_is_complete(data):
        raise ValueError(_ENDS_EARLY)


def _first_frame(image: ImageFile.ImageFile, task: Task) -> Image.Image:
    if getattr(image, "default_image", False):  # an animated PNG whose first picture is not a frame
        image.seek(1)
    image.load()
    if task.header.frame is None:
        return image
    canvas = Image.new(
        "RGBA", image.size
    )  # empty around the frame, whatever the background colour says
    canvas.paste(image.convert("RGBA").crop(task.header.frame), task.header.frame)
    return canvas


@cache
def _libwebp() -> libwebp.Decoder | None:
    """Pillow's own libwebp, if it can be reached; if not, Pillow's slower way is there."""
    try:
        return libwebp.Decoder(_webp.__file__)
    except (OSError, AttributeError):
        return None


_starting = threading.Lock()


@cache
def _libvips() -> libvips.Decoder | None:
    """libvips, if it is installed; if not, Pillow's slower way is there, too."""
    package = find_spec("_libvips")
    if package is None or package.origin is None:
        return None
    try:
        with _starting:
            return libvips.Decoder(package.origin)
    except (OSError, AttributeError):
        return None
