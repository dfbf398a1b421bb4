"""Calls libvips, which reads JPEG and PNG row by row and resizes what it reads.

Pillow inflates with the zlib of the system, unfilters and resamples byte by byte, and holds the
whole picture. libvips brings a zlib, a libpng and a resampler that use vector instructions, and
takes half the time. Only a few stable functions of its C interface are called, through ctypes.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ctypes import (
    byref,
    c_char,
    c_int,
    c_size_t,
    c_void_p,
)
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from pocketfiles.thumbs import libvips_api
from pocketfiles.thumbs.geometry import Box, FloatBox, Size, whole
from pocketfiles.thumbs.libvips_api import MIN_VERSION
from pocketfiles.thumbs.task import Task

PACKAGE = "_libvips"
"""The module whose shared library contains libvips (of the wheel pyvips-binary)."""

_SIXTEEN_BITS: Final = 16

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's modes, by bands in a pixel."""

_ACCESS_SEQUENTIAL: Final = 1
"""VipsAccess: from top to bottom, once."""

_FAIL_ON_ERROR: Final = 2
_FAIL_ON_WARNING: Final = 3
"""VipsFailOn: stop at broken data; or also where libjpeg fills in missing data."""

_FORMAT_UCHAR: Final = 0
"""VipsBandFormat: eight bits."""

_KERNEL_LINEAR: Final = 1
"""VipsKernel: the triangle filter."""

_NO_FILTER: Final = 0x08
_ALL_FILTERS: Final = 0xF8
"""VipsForeignPngFilter."""

_KEEP_NOTHING: Final = 0
"""VipsForeignKeep: no metadata."""

_DEFLATE_LEVEL: Final = 6

_PNG_HEADER_LENGTH: Final = 33
_PNG_RESOLUTION_LENGTH: Final = 21


class Rows:
    """A picture of ``size`` pixels in ``mode`` (Pillow's name), to be read once, from top to
    bottom.

    A returned view is valid until the next read or until the picture is closed. ValueError if the
    data are broken or truncated.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        image: c_void_p,
        resources: ExitStack,
    ) -> None:
        bands = library.vips_image_get_bands(image)
        if library.vips_image_get_format(image) != _FORMAT_UCHAR or bands not in _MODES:
            raise ValueError("not eight bits a channel")
        width = library.vips_image_get_width(image)
        height = library.vips_image_get_height(image)
        self.size: Size = (width, height)
        self.mode = _MODES[bands]
        self._library = library
        self._image = image
        self._resources = resources
        self._last_read = resources.enter_context(ExitStack())
        self._region: int | None = None

    def part(self, box: Box) -> memoryview:
        """The pixels in ``box``."""
        if self._region is None:
            self._region = self._library.vips_region_new(self._image)
            self._resources.callback(self._library.g_object_unref, self._region)
        region = self._region
        area = (box.left, box.top, *box.size)
        fetch = self._library.vips_region_fetch
        return self._view(lambda length: fetch(region, *area, length))

    def last_pixel(self) -> memoryview:
        """The pixel at the bottom right."""
        width, height = self.size
        return self.part(Box(width - 1, height - 1, width, height))

    def resized(self, box: Box, size: Size) -> memoryview:
        """``box`` in that smaller size, by a triangle filter. Nothing can be read afterwards."""
        width, height = size
        area = self._area(box)
        if self.mode.endswith("A"):
            premultiplied = self._made("premultiply", area)
            reduced = self._reduced(premultiplied, box, size)
            unpremultiplied = self._made("unpremultiply", reduced)
            rounded = self._made("rint", unpremultiplied)
            resized = self._made("cast_uchar", rounded)
        else:
            resized = self._reduced(area, box, size)
        if box.bottom < self.size[1]:
            resized = self._with_last_pixel(resized, height)
        write = self._library.vips_image_write_to_memory
        pixels = self._view(lambda length: write(resized, length))
        return pixels[: width * height * len(self.mode)]

    def _area(self, box: Box) -> c_void_p:
        if box == whole(self.size):
            return self._image
        return self._made("extract_area", self._image, box.left, box.top, *box.size)

    def _reduced(
        self,
        image: c_void_p,
        box: Box,
        size: Size,
    ) -> c_void_p:
        across, down = FloatBox(*box).ratios(size)
        return self._made("reduce", image, across, down, b"kernel", c_int(_KERNEL_LINEAR))

    def _with_last_pixel(self, image: c_void_p, height: int) -> c_void_p:
        """The image with the picture's last pixel in a row below it.

        One pass then reads the whole picture, so that broken data below the box are found.
        """
        right, bottom = self.size
        last = self._made("extract_area", self._image, right - 1, bottom - 1, 1, 1)
        return self._made("insert", image, last, 0, height, b"expand", c_int(1))

    def _made(self, operation: str, *arguments: Any) -> c_void_p:
        """The result of an operation: its images come first, then the result, then the rest."""
        result = c_void_p()
        images = [argument for argument in arguments if isinstance(argument, c_void_p)]
        others = arguments[len(images) :]
        function = getattr(self._library, f"vips_{operation}")
        if function(*images, byref(result), *others, c_void_p()):
            raise ValueError(f"{operation} failed")
        self._resources.callback(self._library.g_object_unref, result)
        return result

    def _view(self, read: Callable[[Any], int | None]) -> memoryview:
        self._last_read.close()
        length = c_size_t()
        address = read(byref(length))
        if not address:
            raise ValueError("broken data")
        self._last_read.callback(self._library.g_free, address)
        buffer = (c_char * length.value).from_address(address)
        return memoryview(buffer).cast("B")


class Decoder:
    """libvips, in the shared library at ``path`` or in one that it depends on.

    OSError or AttributeError if it is not there, too old or does not start.
    """

    def __init__(self, path: str, min_version: tuple[int, int] = MIN_VERSION) -> None:
        self._library = libvips_api.opened(path, min_version)

    @contextmanager
    def opened(self, task: Task, *, flawless: bool = False) -> Iterator[Rows]:
        """The whole picture: a JPEG at the task's scale, a PNG with its palette resolved.

        Of 16 bits a channel, the higher eight are kept. ValueError if the header is broken. With
        ``flawless``, reading also fails where libjpeg only warns.
        """
        header = task.header
        load = self._library.vips_pngload_buffer
        fail_on = _FAIL_ON_ERROR
        options = [b"access", c_int(_ACCESS_SEQUENTIAL)]
        if header.format == "JPEG":
            load = self._library.vips_jpegload_buffer
            options += [b"shrink", c_int(task.scale)]
            fail_on = _FAIL_ON_WARNING if flawless else _FAIL_ON_ERROR
        options += [b"fail_on", c_int(fail_on)]
        image = c_void_p()
        with self._resources() as resources:
            if load(header.stream, len(header.stream), byref(image), *options, c_void_p()):
                raise ValueError("broken header")
            resources.callback(self._library.g_object_unref, image)
            if header.depth == _SIXTEEN_BITS:
                image = self._high_bytes(image, resources)
            yield Rows(self._library, image, resources)

    def _high_bytes(self, image: c_void_p, resources: ExitStack) -> c_void_p:
        high_bytes = c_void_p()
        if self._library.vips_msb(image, byref(high_bytes), c_void_p()):
            raise ValueError("msb failed")
        resources.callback(self._library.g_object_unref, high_bytes)
        return high_bytes

    @contextmanager
    def holding(
        self,
        pixels: bytes,
        size: Size,
        bands: int,
    ) -> Iterator[Rows]:
        """A picture that is decoded already; ValueError if it has not as many pixels."""
        with self._resources() as resources:
            image = self._in_memory(pixels, size, bands, resources)
            yield Rows(self._library, image, resources)

    def png(
        self,
        pixels: bytes,
        size: Size,
        bands: int,
        *,
        is_filtered: bool,
    ) -> bytes:
        """The PNG file of these pixels: without filters, or with the best one for each row."""
        options = (
            b"compression",
            c_int(_DEFLATE_LEVEL),
            b"filter",
            c_int(_ALL_FILTERS if is_filtered else _NO_FILTER),
            b"keep",
            c_int(_KEEP_NOTHING),
        )
        file = c_void_p()
        length = c_size_t()
        with self._resources() as resources:
            image = self._in_memory(pixels, size, bands, resources)
            save = self._library.vips_pngsave_buffer
            if save(image, byref(file), byref(length), *options, c_void_p()):
                raise ValueError("pngsave failed")
            resources.callback(self._library.g_free, file)
            return _without_resolution(ctypes.string_at(file, length.value))

    def _in_memory(
        self,
        pixels: bytes,
        size: Size,
        bands: int,
        resources: ExitStack,
    ) -> c_void_p:
        new_image = self._library.vips_image_new_from_memory
        image = new_image(pixels, len(pixels), *size, bands, _FORMAT_UCHAR)
        if not image:
            raise ValueError("not as many pixels")
        resources.callback(self._library.g_object_unref, image)
        return c_void_p(image)

    @contextmanager
    def _resources(self) -> Iterator[ExitStack]:
        """Frees what is put into it, then this thread's buffers, which each picture makes anew."""
        with ExitStack() as stack:
            stack.callback(self._library.vips_thread_shutdown)
            stack.callback(self._library.vips_error_clear)
            yield stack


def _without_resolution(png: bytes) -> bytes:
    """The PNG without its first chunk after IHDR, if that is the resolution, which libvips makes
    up."""
    is_resolution = png[_PNG_HEADER_LENGTH + 4 :].startswith(b"pHYs")
    if not is_resolution:
        return png
    return png[:_PNG_HEADER_LENGTH] + png[_PNG_HEADER_LENGTH + _PNG_RESOLUTION_LENGTH :]


def find(package: str) -> Decoder | None:
    """libvips in the shared library of that module; None if it cannot be used."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    try:
        with _starting:
            return Decoder(spec.origin)
    except (OSError, AttributeError):
        return None


@cache
def load() -> Decoder | None:
    """The process's libvips; None if it is not installed. Pillow does the same more slowly."""
    return find(PACKAGE)


_starting = threading.Lock()
