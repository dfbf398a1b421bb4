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

from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.raster import Raster

_TILE_SIDE = 24
_TILES_ACROSS = 3
_TILES = _TILES_ACROSS**2
"""A sample of an image is nine tiles of 24 × 24 pixels."""

_BITS = 8
_MIN_CODE = 1
"""Bits of the shortest Huffman code."""

_SAMPLE_LEVEL = 2
"""zlib's compression level for the sample."""

_MIN_CLEARLY_DRAWN = 1 / 30
MAX_CLEARLY_DRAWN = 1 / 10
"""Shares of bytes that repetitions of pixels leave between which nothing else is tried: over many
pictures, filters would save nothing. Where less is left, whole rows may repeat, for which deflate's
matches are too short and a filter is better."""

_REPETITIONS_PAY = 0.98
"""Largest share of bytes that repetitions of pixels must leave: noise has none either way."""

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

    ``bits``: of a byte after the best filter; as compressed, if it is clearly drawn. ``size``: in
    bytes, compressed as the content suggests.
    """

    content: Content
    bits: float
    size: float


def measure(part: Raster) -> Measured:
    """What takes the fewest bytes for a sample."""
    by_repetitions = size_as_drawing(part)
    share = by_repetitions / len(part.packed)
    if _MIN_CLEARLY_DRAWN <= share <= MAX_CLEARLY_DRAWN:
        return Measured(Content.DRAWING, _BITS * share, by_repetitions)
    differences = _differences(part.image)
    entropies = {kind: image.entropy() for kind, image in differences.items()}
    best = min(entropies, key=entropies.__getitem__)
    # Pillow's entropy counts which channel a byte is of as well.
    bits = entropies[best] - math.log2(len(part.bands))
    compared = differences[best].tobytes()
    by_frequencies = len(compared) * max(_MIN_CODE, bits) / _BITS
    by_both = len(zlib.compress(compared, _SAMPLE_LEVEL))
    if by_repetitions <= min(_REPETITIONS_PAY * by_frequencies, by_both):
        return Measured(Content.DRAWING, bits, by_repetitions)
    if by_both <= _SEARCH_PAYS * by_frequencies:
        return Measured(Content.SMOOTH, bits, by_both)
    return Measured(Content.PHOTOGRAPH, bits, by_frequencies)


def size_as_drawing(part: Raster) -> int:
    """How many bytes a sample takes if only repetitions are looked for."""
    return len(zlib.compress(part.packed, _SAMPLE_LEVEL))


def best_filter(image: Image.Image) -> Filter:
    """The filter that leaves the lowest entropy in a sample of the image."""
    differences = _differences(sample(Raster.of(image)).image)
    return min(Filter, key=lambda kind: differences[kind].entropy())


def filtered(image: Image.Image, kind: Filter) -> Image.Image:
    """Each byte's difference from its prediction."""
    if kind == Filter.AVERAGE:
        return _difference_from_average(image, moved(image, 1, 0), moved(image, 0, 1))
    neighbours = moved(image, 1, 0) if kind == Filter.LEFT else moved(image, 0, 1)
    return ImageChops.subtract_modulo(image, neighbours)


def sample(raster: Raster) -> Raster:
    """Nine tiles from all over the pixels, below one another; all pixels if there are few."""
    width, height = raster.size
    side = min(_TILE_SIDE, width, height)
    if raster.pixels <= _TILES * side**2:
        return raster
    tiles = []
    for number in range(_TILES):
        row, column = divmod(number, _TILES_ACROSS)
        left = (width - side) * column // (_TILES_ACROSS - 1)
        top = (height - side) * row // (_TILES_ACROSS - 1)
        tiles.append(raster.part(Box(left, top, left + side, top + side)))
    return Raster(raster.mode, (side, _TILES * side), b"".join(tiles))


def _differences(part: Image.Image) -> dict[Filter, Image.Image]:
    """What each filter leaves of a sample."""
    left = moved(part, 1, 0)
    up = moved(part, 0, 1)
    return {
        Filter.LEFT: ImageChops.subtract_modulo(part, left),
        Filter.UP: ImageChops.subtract_modulo(part, up),
        Filter.AVERAGE: _difference_from_average(part, left, up),
    }


def _difference_from_average(
    image: Image.Image,
    left: Image.Image,
    up: Image.Image,
) -> Image.Image:
    return ImageChops.subtract_modulo(image, ImageChops.add(left, up, scale=2))


def moved(image: Image.Image, right: int, down: int) -> Image.Image:
    """Each pixel's left or upper neighbour; 0 where there is none."""
    moved = Image.new(image.mode, image.size)
    moved.paste(image, (right, down))
    return moved
