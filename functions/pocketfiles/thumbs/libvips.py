"""libvips as a reader of JPEG and PNG that resizes what it reads: row by row, never the whole picture.

Pillow inflates with the zlib of the system, unfilters and resamples byte by byte, and keeps all pixels.
libvips brings a zlib, a libpng and a resampler that use vector instructions, and takes half the time. Only a
few stable functions of its C interface are called.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int, c_size_t, c_void_p
from typing import Any, Final

from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.task import Task

DEPTH: Final = 8
"""Bits a channel that can be read, at most."""

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # what a pixel of so many bytes holds
_SEQUENTIAL: Final = 1  # VipsAccess
_FAIL_ON_ERROR: Final = 2  # VipsFailOn: broken data end the reading
_FAIL_ON_WARNING: Final = 3  # and so does what libjpeg fills in for missing data
_EIGHT_BITS: Final = 0  # VipsBandFormat
_TRIANGLE: Final = 1  # VipsKernel
_NEEDED: Final = (8, 13)

_IMAGE: Final = c_void_p
_MADE: Final = POINTER(c_void_p)
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {  # what is returned, what is taken
    "vips_version": (c_int, c_int),
    # Named options follow the arguments of these in pairs, up to a null pointer.
    "vips_jpegload_buffer": (c_int, c_char_p, c_size_t, _MADE),
    "vips_pngload_buffer": (c_int, c_char_p, c_size_t, _MADE),
    "vips_image_new_from_memory": (c_void_p, c_char_p, c_size_t, c_int, c_int, c_int, c_int),
    "vips_extract_area": (c_int, _IMAGE, _MADE, c_int, c_int, c_int, c_int),
    "vips_premultiply": (c_int, _IMAGE, _MADE),
    "vips_reduce": (c_int, _IMAGE, _MADE, c_double, c_double),
    "vips_unpremultiply": (c_int, _IMAGE, _MADE),
    "vips_rint": (c_int, _IMAGE, _MADE),
    "vips_cast_uchar": (c_int, _IMAGE, _MADE),
    "vips_insert": (c_int, _IMAGE, _IMAGE, _MADE, c_int, c_int),
    "vips_image_get_width": (c_int, _IMAGE),
    "vips_image_get_height": (c_int, _IMAGE),
    "vips_image_get_bands": (c_int, _IMAGE),
    "vips_image_get_format": (c_int, _IMAGE),
    "vips_image_write_to_memory": (c_void_p, _IMAGE, POINTER(c_size_t)),
    "vips_region_new": (c_void_p, _IMAGE),
    "vips_region_fetch": (c_void_p, c_void_p, c_int, c_int, c_int, c_int, POINTER(c_size_t)),
    "g_object_unref": (None, c_void_p),
    "g_free": (None, c_void_p),
}


class Rows:
    """A picture of ``size`` pixels in ``mode``, as Pillow calls it; to be read once, from top to bottom.

    Bytes read hold until the next are, or it is closed. ValueError when its data are broken or cut short.
    """

    def __init__(self, library: ctypes.CDLL, image: c_void_p, open_for: ExitStack) -> None:
        bands = library.vips_image_get_bands(image)
        if library.vips_image_get_format(image) != _EIGHT_BITS or bands not in _MODES:
            raise ValueError("not eight bits a channel")
        self.size: tuple[int, int] = (
            library.vips_image_get_width(image),
            library.vips_image_get_height(image),
        )
        self.mode = _MODES[bands]
        self._library, self._image, self._open_for = library, image, open_for
        self._region: int | None = None
        self._read = open_for.enter_context(ExitStack())

    def part(self, box: Box) -> memoryview:
        """The pixels of ``box``."""
        left, top, right, bottom = box
        if self._region is None:
            self._region = self._library.vips_region_new(self._image)
            self._open_for.callback(self._library.g_object_unref, self._region)
        place = left, top, right - left, bottom - top
        return self._bytes(lambda size: self._library.vips_region_fetch(self._region, *place, size))

    def last_pixel(self) -> memoryview:
        """The one at the bottom right."""
        width, height = self.size
        return self.part((width - 1, height - 1, width, height))

    def resized(self, box: Box, size: tuple[int, int]) -> memoryview:
        """``box`` in that smaller size, by a triangle filter; nothing is left to read."""
        (left, top, right, bottom), (width, height) = box, size
        by = (right - left) / width, (bottom - top) / height, b"kernel", c_int(_TRIANGLE)
        area = self._image
        if box != (0, 0, *self.size):
            area = self._made("extract_area", area, left, top, right - left, bottom - top)
        if self.mode.endswith("A"):
            smaller = self._made("reduce", self._made("premultiply", area), *by)
            for operation in ("unpremultiply", "rint", "cast_uchar"):
                smaller = self._made(operation, smaller)
        else:
            smaller = self._made("reduce", area, *by)
        if bottom < self.size[1]:
            last = self._made("extract_area", self._image, self.size[0] - 1, self.size[1] - 1, 1, 1)
            # As a row of its own below the thumb: one pass over the picture then reads all of it.
            smaller = self._made("insert", smaller, last, 0, height, b"expand", c_int(1))
        pixels = self._bytes(
            lambda length: self._library.vips_image_write_to_memory(smaller, length)
        )
        return pixels[: width * height * len(self.mode)]

    def _made(self, operation: str, *arguments: Any) -> c_void_p:
        made, images = c_void_p(), [one for one in arguments if isinstance(one, c_void_p)]
        numbers = arguments[len(images) :]
        if getattr(self._library, f"vips_{operation}")(*images, byref(made), *numbers, c_void_p()):
            raise ValueError(f"{operation} failed")
        self._open_for.callback(self._library.g_object_unref, made)
        return made

    def _bytes(self, read: Callable[[Any], int | None]) -> memoryview:
        self._read.close()
        length = c_size_t()
        address = read(byref(length))
        if not address:
            raise ValueError("broken data")
        self._read.callback(self._library.g_free, address)
        return memoryview((c_char * length.value).from_address(address)).cast("B")


class Decoder:
    """libvips as found in the shared library ``path`` or in those it depends on.

    OSError or AttributeError when it is not there, too old or will not start.
    """

    def __init__(self, path: str) -> None:
        self._library = library = ctypes.CDLL(path)
        for name, (result, *arguments) in _SIGNATURES.items():
            getattr(library, name).restype = result
            getattr(library, name).argtypes = arguments
        if (library.vips_version(0), library.vips_version(1)) < _NEEDED:
            raise OSError("libvips is too old")
        library.g_setenv(
            b"VIPS_WARNING", b"0", 0
        )  # what it thinks of a stranger's profile is no news
        if library.vips_init(b"pocketfiles"):
            raise OSError("libvips will not start")
        library.vips_cache_set_max(0)
        library.vips_concurrency_set(1)  # decoding one picture is hardly ever work for two

    @contextmanager
    def opened(self, data: bytes, task: Task, *, flawless: bool = False) -> Iterator[Rows]:
        """The whole picture: a JPEG at the task's scale, a PNG with palette and transparent colour resolved.

        ValueError when its header is broken or it has more than eight bits a channel. A JPEG that is to be
        ``flawless`` counts as broken even where libjpeg has only doubts.
        """
        library, image = self._library, c_void_p()
        load, fail_on, options = (
            library.vips_pngload_buffer,
            _FAIL_ON_ERROR,
            [b"access", c_int(_SEQUENTIAL)],
        )
        if task.header.format == "JPEG":
            load = library.vips_jpegload_buffer
            options += [b"shrink", c_int(task.scale)]
            fail_on = _FAIL_ON_WARNING if flawless else fail_on
        options += [b"fail_on", c_int(fail_on)]
        with self._working() as stack:
            if load(data, len(data), byref(image), *options, c_void_p()):
                raise ValueError("broken header")
            stack.callback(library.g_object_unref, image)
            yield Rows(library, image, stack)

    @contextmanager
    def holding(self, pixels: bytes, size: tuple[int, int], bands: int) -> Iterator[Rows]:
        """A picture that is decoded already, by somebody else; ValueError if it has not as many pixels."""
        with self._working() as stack:
            image = self._library.vips_image_new_from_memory(
                pixels, len(pixels), *size, bands, _EIGHT_BITS
            )
            if not image:
                raise ValueError("not as many pixels")
            stack.callback(self._library.g_object_unref, image)
            yield Rows(self._library, c_void_p(image), stack)

    @contextmanager
    def _working(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            # This thread's buffers go, too; the next picture makes its own.
            stack.callback(self._library.vips_thread_shutdown)
            stack.callback(self._library.vips_error_clear)
            yield stack
