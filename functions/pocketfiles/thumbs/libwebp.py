"""Two things libwebp can do and Pillow does not offer: decode a part, and decode at a reduced size.

Pillow decodes every WebP through the animation decoder: the whole canvas, with alpha, and copied twice.
Asking the libwebp that Pillow brings along takes a third of that time and a fraction of the memory. Layouts
and constants follow libwebp's public header ``webp/decode.h``; its version call refuses what does not fit.
"""

import ctypes
import math
from ctypes import POINTER, Structure, Union, byref, c_char, c_int, c_size_t, c_uint32, c_void_p
from dataclasses import dataclass
from typing import Final

from pocketfiles.thumbs.geometry import Box, FloatBox
from pocketfiles.thumbs.task import Task

_ABI: Final = 0x0209  # the major byte counts; fields were only ever added to the padding
_RGBA: Final = 1
_CHANNELS: Final = 4


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
    """Rows of bytes in ``mode`` RGBA, or RGBX where all is opaque, ``size`` pixels large; they hold a task's
    ``box``, given in these pixels."""

    pixels: bytearray
    size: tuple[int, int]
    mode: str
    box: FloatBox


class Decoder:
    """libwebp as found in the shared library ``path`` or in those it depends on.

    OSError or AttributeError when it is not there, or when it is one of another layout.
    """

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        self._init = library.WebPInitDecoderConfigInternal
        self._init.argtypes = [POINTER(_Config), c_int]
        self._features = library.WebPGetFeaturesInternal
        self._features.argtypes = [ctypes.c_char_p, c_size_t, POINTER(_Features), c_int]
        self._decode = library.WebPDecode
        self._decode.argtypes = [ctypes.c_char_p, c_size_t, POINTER(_Config)]
        if not self._init(byref(_Config()), _ABI):
            raise OSError("libwebp of an unknown layout")

    def part(self, data: bytes, task: Task) -> Part:
        """What a task needs of a still picture, shrunk by whole numbers only: the filter is to do the rest.

        ValueError when the data are broken, truncated or animated.
        """
        features = _Features()
        if self._features(data, len(data), byref(features), _ABI):
            raise ValueError("broken WebP header")
        alpha = bool(features.has_alpha)
        left, top, right, bottom = task.needed(task.box, (task.header.width, task.header.height))
        left, top = left & ~1, top & ~1  # chroma has half the resolution
        scale = (
            1 if alpha else task.decoder_shrink
        )  # libwebp scales colours regardless of their alpha
        width, height = math.ceil((right - left) / scale), math.ceil((bottom - top) / scale)
        pixels = self._decoded(data, (left, top, right, bottom), (width, height))
        across, down = width / (right - left), height / (bottom - top)
        x0, y0, x1, y1 = task.box
        box = (x0 - left) * across, (y0 - top) * down, (x1 - left) * across, (y1 - top) * down
        return Part(pixels, (width, height), "RGBA" if alpha else "RGBX", box)

    def _decoded(self, data: bytes, crop: Box, size: tuple[int, int]) -> bytearray:
        width, height = size
        left, top, right, bottom = crop
        pixels = bytearray(width * height * _CHANNELS)
        config = _Config()
        self._init(byref(config), _ABI)
        options, output = config.options, config.output
        options.use_cropping, options.crop_left, options.crop_top = 1, left, top
        options.crop_width, options.crop_height = right - left, bottom - top
        if size != (right - left, bottom - top):
            options.use_scaling, options.scaled_width, options.scaled_height = 1, width, height
        output.colorspace, output.is_external_memory = _RGBA, 1
        output.planes.rgba.pixels = ctypes.addressof((c_char * len(pixels)).from_buffer(pixels))
        output.planes.rgba.stride, output.planes.rgba.size = width * _CHANNELS, len(pixels)
        if self._decode(data, len(data), byref(config)):
            raise ValueError("broken WebP data")
        return pixels
