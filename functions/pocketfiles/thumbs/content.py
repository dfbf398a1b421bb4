"""Tells photographs, drawings and smooth shapes apart, which compress in different ways.

In a photograph, neighbouring pixels are alike but never the same: the difference from its
neighbours takes few bits, and repetitions are rare. In a drawing, deflate finds repetitions.
Smooth shapes, such as gradients and enlarged pictures, have repetitions among the differences.
"""

import math
import zlib
from dataclasses import dataclass
from enum import Enum, IntEnum

from PIL import Image, ImageChops

_TILE_SIDE = 32
_TILES_ACROSS = 3
_TILES = _TILES_ACROSS**2
"""A sample of an image is nine tiles of 32 × 32 pixels."""

_BITS = 8
_MIN_CODE = 1
"""Bits of the shortest Huffman code."""

_SAMPLE_LEVEL = 2
"""zlib's compression level for the sample."""

_SEARCH_PAYS = 0.95
"""Largest share of bytes that repetitions of differences must leave to be worth the search."""


class Filter(IntEnum):
    """What a byte is predicted from, by PNG's numbers of filter types (PNG third edition §9.2)."""

    LEFT = 1
    UP = 2
    AVERAGE = 3


class Content(Enum):
    """What an image looks like to a compressor."""

    PHOTOGRAPH = "few bits for the differences"
    DRAWING = "repetitions"
    SMOOTH = "repetitions of differences"


@dataclass(frozen=True)
class Measured:
    """The content of an image, and what a sample of it takes.

    ``bits``: of a byte after the best filter. ``size``: in bytes, compressed as the content
    suggests.
    """

    content: Content
    bits: float
    size: float


def measure(image: Image.Image) -> Measured:
    """What takes the fewest bytes for a sample of the image."""
    sample = _sample(image)
    pixels = sample.tobytes()
    by_repetitions = len(zlib.compress(pixels, _SAMPLE_LEVEL))
    differences = filtered(sample, _best_filter(sample))
    # Pillow's entropy counts which channel a byte is of as well.
    bits = differences.entropy() - math.log2(len(sample.getbands()))
    by_frequencies = len(pixels) * max(_MIN_CODE, bits) / _BITS
    by_both = len(zlib.compress(differences.tobytes(), _SAMPLE_LEVEL))
    if by_repetitions <= min(by_frequencies, by_both):
        return Measured(Content.DRAWING, bits, by_repetitions)
    if by_both <= _SEARCH_PAYS * by_frequencies:
        return Measured(Content.SMOOTH, bits, by_both)
    return Measured(Content.PHOTOGRAPH, bits, by_frequencies)


def best_filter(image: Image.Image) -> Filter:
    """The filter that leaves the lowest entropy in a sample of the image."""
    return _best_filter(_sample(image))


def filtered(image: Image.Image, kind: Filter) -> Image.Image:
    """Each byte's difference from its prediction."""
    left = Image.new(image.mode, image.size)
    left.paste(image, (1, 0))
    if kind == Filter.LEFT:
        return ImageChops.subtract_modulo(image, left)
    up = Image.new(image.mode, image.size)
    up.paste(image, (0, 1))
    if kind == Filter.UP:
        return ImageChops.subtract_modulo(image, up)
    average = ImageChops.add(left, up, scale=2)
    return ImageChops.subtract_modulo(image, average)


def _best_filter(sample: Image.Image) -> Filter:
    return min(Filter, key=lambda kind: filtered(sample, kind).entropy())


def _sample(image: Image.Image) -> Image.Image:
    """Nine tiles from all over the image, below one another; all of a small image."""
    side = min(_TILE_SIDE, *image.size)
    if image.width * image.height <= _TILES * side**2:
        return image
    sample = Image.new(image.mode, (side, _TILES * side))
    for number in range(_TILES):
        row, column = divmod(number, _TILES_ACROSS)
        left = (image.width - side) * column // (_TILES_ACROSS - 1)
        top = (image.height - side) * row // (_TILES_ACROSS - 1)
        tile = image.crop((left, top, left + side, top + side))
        sample.paste(tile, (0, number * side))
    return sample
