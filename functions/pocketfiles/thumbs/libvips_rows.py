"""A picture in libvips: its rows are read from top to bottom, once, or resized as they are read."""

import ctypes
from collections.abc import Callable
from contextlib import ExitStack
from ctypes import (
    byref,
    c_char,
    c_double,
    c_int,
    c_size_t,
    c_void_p,
)
from typing import Any, Final, NamedTuple

from pocketfiles.thumbs.geometry import Box, FloatBox, Size, whole

FORMAT_UCHAR: Final = 0
"""VipsBandFormat: eight bits."""

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's modes, by bands in a pixel."""

_PREMULTIPLIED_MODES: Final = {"LA": "La", "RGBA": "RGBa"}

_JPEG_LACKS_DATA: Final = b"premature end of data segment"
"""libjpeg's warning JWRN_HIT_MARKER, which libvips keeps where it does not fail as well."""

_KERNEL_LINEAR: Final = 1
"""VipsKernel: the triangle filter."""

_GAP: Final = 2.0
"""Source pixels per thumb pixel that averaging leaves to the triangle filter, at least."""

_NO_AVERAGING: Final = 0.0
_MAX_SHRINK_WITHOUT_AVERAGING: Final = 8
"""Source pixels per thumb pixel up to which the triangle filter alone takes less time, if there is
no alpha."""

_MIN_PIXELS_IN_EIGHT_BITS: Final = 1 << 18
"""Pixels of a picture from which premultiplied colours are kept in eight bits, as browsers keep
them. In smaller ones, floating point keeps the colours of nearly transparent pixels as well."""


class Resized(NamedTuple):
    """Pixels in ``mode`` (Pillow's name); in RGBa and La, alpha is multiplied into the colours."""

    mode: str
    pixels: memoryview


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
        if library.vips_image_get_format(image) != FORMAT_UCHAR or bands not in _MODES:
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

    @property
    def lacks_data(self) -> bool:
        """Whether the data of a JPEG ended too early for what has been read; libjpeg fills that in.

        Arithmetic-coded data never end too early.
        """
        return _JPEG_LACKS_DATA in self._library.vips_error_buffer()

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

    def resized(self, box: Box, size: Size) -> Resized:
        """``box`` in that smaller size, averaged and then resized by a triangle filter. Nothing
        can be read afterwards."""
        width, height = size
        mode = self.mode
        resized = self._area(box)
        if size != box.size and mode.endswith("A"):
            mode, resized = self._reduced_with_alpha(resized, box, size)
        elif size != box.size:
            shrink = max(FloatBox(*box).ratios(size))
            gap = _NO_AVERAGING if shrink <= _MAX_SHRINK_WITHOUT_AVERAGING else _GAP
            resized = self._reduced(resized, box, size, gap)
        if box.bottom < self.size[1]:
            resized = self._with_last_pixel(resized, height)
        write = self._library.vips_image_write_to_memory
        pixels = self._view(lambda length: write(resized, length))
        return Resized(mode, pixels[: width * height * len(mode)])

    def _area(self, box: Box) -> c_void_p:
        if box == whole(self.size):
            return self._image
        return self._made("extract_area", self._image, box.left, box.top, *box.size)

    def _reduced(
        self,
        image: c_void_p,
        box: Box,
        size: Size,
        gap: float = _GAP,
    ) -> c_void_p:
        across, down = FloatBox(*box).ratios(size)
        options = (b"kernel", c_int(_KERNEL_LINEAR), b"gap", c_double(gap))
        return self._made("reduce", image, across, down, *options)

    def _reduced_with_alpha(
        self,
        image: c_void_p,
        box: Box,
        size: Size,
    ) -> tuple[str, c_void_p]:
        """The image and its mode, in which alpha may be multiplied into the colours."""
        width, height = self.size
        premultiplied = self._made("premultiply", image)
        if width * height >= _MIN_PIXELS_IN_EIGHT_BITS:
            in_eight_bits = self._made("cast_uchar", premultiplied)
            return _PREMULTIPLIED_MODES[self.mode], self._reduced(in_eight_bits, box, size)
        reduced = self._reduced(premultiplied, box, size)
        unpremultiplied = self._made("unpremultiply", reduced)
        rounded = self._made("rint", unpremultiplied)
        return self.mode, self._made("cast_uchar", rounded)

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
