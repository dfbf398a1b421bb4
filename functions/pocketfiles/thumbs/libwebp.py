"""Calls libwebp, which decodes a part of a WebP, and at a reduced size.

Pillow decodes every WebP through the animation decoder: the whole canvas, with alpha, copied
twice. The same libwebp, called directly through ctypes, takes a third of the time and a fraction
of the memory. Layouts and constants follow libwebp's public header ``webp/decode.h``; its own
version check refuses any other layout.
"""

import ctypes
import math
from ctypes import (
    POINTER,
    Structure,
    Union,
    byref,
    c_char,
    c_char_p,
    c_int,
    c_size_t,
    c_uint32,
    c_void_p,
)
from dataclasses import dataclass
from functools import cache
from typing import Final

from pocketfiles.thumbs import memory_limit
from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.geometry import Box, FloatBox, Size
from pocketfiles.thumbs.shared_library import opened
from pocketfiles.thumbs.task import Task

PACKAGE = "PIL._webp"
"""The module whose shared library contains libwebp, or depends on it."""

_DECODER_ABI: Final = 0x0209
"""WEBP_DECODER_ABI_VERSION. The high byte must match; fields were only ever added in the
padding."""

_MODE_RGBA: Final = 1
"""WEBP_CSP_MODE."""

_CHANNELS: Final = 4

_STATUS_OK: Final = 0
_STATUS_OUT_OF_MEMORY: Final = 1
_STATUS_SUSPENDED: Final = 5
"""VP8StatusCode: decoded; not decoded; more data are needed."""

_MEMORY_PER_PIXEL: Final = 5
_MEMORY_FOR_CODES: Final = 64 << 20
"""Bytes. Parts of a lossless picture have Huffman codes of their own, which take 12 kB each.
libwebp writes up to 2,600 of them, but a small file may have 65,536 (RFC 9649 §6.2.2)."""

_TAIL: Final = 32
"""Bytes at the end of a lossy picture without which it cannot be decoded, if it is intact.

Damaged data mislead the decoder, which then decodes garbage but rarely ends where the data do.
"""


def _ints(*names: str) -> list[tuple[str, type[c_int]]]:
    return [(name, c_int) for name in names]


class _Features(Structure):
    _fields_ = (
        *_ints("width", "height", "has_alpha", "has_animation", "format"),
        ("pad", c_uint32 * 5),
    )


class _Rgba(Structure):
    _fields_ = (("pixels", c_void_p), ("stride", c_int), ("size", c_size_t))


class _Yuva(Structure):
    _fields_ = (("planes", c_void_p * 4), ("strides", c_int * 4), ("sizes", c_size_t * 4))


class _Planes(Union):
    _fields_ = (("rgba", _Rgba), ("yuva", _Yuva))


class _Output(Structure):
    _fields_ = (
        *_ints("colorspace", "width", "height", "is_external_memory"),
        ("planes", _Planes),
        ("pad", c_uint32 * 4),
        ("private_memory", c_void_p),
    )


class _Options(Structure):
    _fields_ = (
        *_ints("bypass_filtering", "no_fancy_upsampling"),
        *_ints("use_cropping", "crop_left", "crop_top", "crop_width", "crop_height"),
        *_ints("use_scaling", "scaled_width", "scaled_height"),
        *_ints("use_threads", "dithering_strength", "flip", "alpha_dithering_strength"),
        ("pad", c_uint32 * 5),
    )


class _Config(Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


@dataclass(frozen=True)
class Part:
    """Decoded pixels, ``size`` large, and a task's ``box`` in these pixels.

    ``mode`` is RGBA, or RGBX if the picture has no alpha.
    """

    pixels: bytearray
    size: Size
    mode: str
    box: FloatBox


class Decoder:
    """libwebp, in the shared library at ``path`` or in one that it depends on.

    OSError or AttributeError if it is not there or has another layout.
    """

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        self._init_config = library.WebPInitDecoderConfigInternal
        self._init_config.argtypes = [POINTER(_Config), c_int]
        self._new = library.WebPIDecode
        self._new.argtypes = [c_char_p, c_size_t, POINTER(_Config)]
        self._new.restype = c_void_p
        self._update = library.WebPIUpdate
        self._update.argtypes = [c_void_p, c_char_p, c_size_t]
        self._delete = library.WebPIDelete
        self._delete.argtypes = [c_void_p]
        self._delete.restype = None
        if not self._init_config(byref(_Config()), _DECODER_ABI):
            raise OSError("libwebp of an unknown layout")

    def decode(self, task: Task) -> Part:
        """What a task needs of a still picture, shrunk by whole numbers.

        ValueError if the data are broken or truncated.
        """
        header = task.header
        needed = task.needed(task.box, (header.width, header.height))
        crop = needed._replace(left=_even(needed.left), top=_even(needed.top))
        if not header.lossless:
            crop = crop._replace(bottom=header.height)  # damage below must be found as well
        has_alpha = header.has_alpha
        crop_width, crop_height = crop.size
        scale = task.libwebp_shrink
        width = math.ceil(crop_width / scale)
        height = math.ceil(crop_height / scale)
        pixels = self._decoded(header, crop, (width, height))
        box = task.box.moved(-crop.left, -crop.top)
        scaled = FloatBox(
            box.left * (width / crop_width),
            box.top * (height / crop_height),
            box.right * (width / crop_width),
            box.bottom * (height / crop_height),
        )
        mode = "RGBA" if has_alpha else "RGBX"
        return Part(pixels, (width, height), mode, scaled)

    def _decoded(
        self,
        header: Header,
        crop: Box,
        size: Size,
    ) -> bytearray:
        """The pixels of ``crop``, scaled to ``size``."""
        config = _Config()
        self._init_config(byref(config), _DECODER_ABI)
        _set_area(config.options, crop, size)
        width, height = size
        stride = width * _CHANNELS
        pixels = bytearray(height * stride)
        output = config.output
        output.colorspace = _MODE_RGBA
        output.is_external_memory = 1
        output.planes.rgba.pixels = ctypes.addressof((c_char * len(pixels)).from_buffer(pixels))
        output.planes.rgba.stride = stride
        output.planes.rgba.size = len(pixels)
        self._run(config, header)
        return pixels

    def _run(self, config: _Config, header: Header) -> None:
        """Decode into the configured output; a lossy picture must need all of its data."""
        stream = header.stream
        decoder = self._new(None, 0, byref(config))
        if not decoder:
            raise MemoryError
        memory = header.width * header.height * _MEMORY_PER_PIXEL + _MEMORY_FOR_CODES
        try:
            with memory_limit.at_most(memory):
                if not header.lossless and len(stream) > 2 * _TAIL:
                    self._read(decoder, stream, len(stream) - _TAIL, _STATUS_SUSPENDED)
                self._read(decoder, stream, len(stream), _STATUS_OK)
        finally:
            self._delete(decoder)

    def _read(
        self,
        decoder: int,
        stream: bytes,
        length: int,
        expected: int,
    ) -> None:
        """Decode so many bytes. ValueError or MemoryError if the status is not as expected."""
        status = self._update(decoder, stream, length)
        if status == _STATUS_OUT_OF_MEMORY:
            raise MemoryError
        if status != expected:
            raise ValueError("broken WebP data")


@cache
def load() -> Decoder | None:
    """The libwebp that Pillow brings along; None if it cannot be called. Pillow is slower."""
    return opened(PACKAGE, Decoder)


def _even(edge: int) -> int:
    """The even edge at or before it: chroma has half the resolution."""
    return edge - edge % 2


def _set_area(
    options: _Options,
    crop: Box,
    size: Size,
) -> None:
    options.use_cropping = 1
    options.crop_left = crop.left
    options.crop_top = crop.top
    options.crop_width, options.crop_height = crop.size
    if size != crop.size:
        options.use_scaling = 1
        options.scaled_width, options.scaled_height = size
