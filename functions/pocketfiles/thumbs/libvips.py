"""Calls libvips, which reads JPEG and PNG row by row and resizes what it reads.

Pillow inflates with the zlib of the system, unfilters and resamples byte by byte, and holds the
whole picture. libvips brings a zlib, a libpng and a resampler that use vector instructions, and
takes half the time. Only a few stable functions of its C interface are called, through ctypes.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ctypes import (
    byref,
    c_int,
    c_size_t,
    c_void_p,
)
from functools import cache
from typing import Final

from pocketfiles.thumbs import libvips_api
from pocketfiles.thumbs.geometry import Size
from pocketfiles.thumbs.libvips_api import MIN_VERSION
from pocketfiles.thumbs.libvips_rows import FORMAT_UCHAR, Rows
from pocketfiles.thumbs.shared_library import opened
from pocketfiles.thumbs.task import Task

PACKAGE = "_libvips"
"""The module whose shared library contains libvips (of the wheel pyvips-binary)."""

_SIXTEEN_BITS: Final = 16

_ACCESS_RANDOM: Final = 0
_ACCESS_SEQUENTIAL: Final = 1
"""VipsAccess: anywhere, so that all of it is decoded first; or from top to bottom, once."""

_FAIL_ON_ERROR: Final = 2
_FAIL_ON_WARNING: Final = 3
"""VipsFailOn: stop at broken data; or also where libjpeg fills in missing data."""

_NO_FILTER: Final = 0x08
_PAETH_FILTER: Final = 0x80
"""VipsForeignPngFilter."""

_KEEP_NOTHING: Final = 0
"""VipsForeignKeep: no metadata."""

_PNG_HEADER_LENGTH: Final = 33
_PNG_RESOLUTION_LENGTH: Final = 21


class Decoder:
    """libvips, in the shared library at ``path`` or in one that it depends on.

    OSError or AttributeError if it is not there, too old or does not start.
    """

    def __init__(self, path: str, min_version: tuple[int, int] = MIN_VERSION) -> None:
        self._library = libvips_api.opened(path, min_version)
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def opened(self, task: Task, *, flawless: bool = False) -> Iterator[Rows]:
        """The whole picture: a JPEG at the task's scale, a PNG with its palette resolved.

        Of 16 bits a channel, the higher eight are kept. ValueError if the header is broken. With
        ``flawless``, reading also fails where libjpeg only warns.
        """
        header = task.header
        load = self._library.vips_pngload_buffer
        fail_on = _FAIL_ON_ERROR
        access = _ACCESS_RANDOM if task.is_held_whole else _ACCESS_SEQUENTIAL
        options = [b"access", c_int(access)]
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
        level: int,
    ) -> bytes:
        """The PNG file of these pixels: without filters, or with Paeth's in every row.

        ``level`` is zlib's, 0 to 9.
        """
        options = (
            b"compression",
            c_int(level),
            b"filter",
            c_int(_PAETH_FILTER if is_filtered else _NO_FILTER),
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
        image = new_image(pixels, len(pixels), *size, bands, FORMAT_UCHAR)
        if not image:
            raise ValueError("not as many pixels")
        resources.callback(self._library.g_object_unref, image)
        return c_void_p(image)

    @contextmanager
    def _resources(self) -> Iterator[ExitStack]:
        """Frees what is put into it, then this thread's buffers, which each picture makes anew.

        One thread at a time has them: all write their warnings to one buffer.
        """
        with self._one_at_a_time, ExitStack() as stack:
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


@cache
def load() -> Decoder | None:
    """The process's libvips; None if it is not installed. Pillow does the same more slowly."""
    with _starting:
        return opened(PACKAGE, Decoder)


_starting = threading.Lock()
