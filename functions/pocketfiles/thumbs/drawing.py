"""Tells drawings from photographs by pixels of the source at its full size.

A thumb may look like a photograph though its source is a drawing: text becomes noise, and the cells
of a heat map become smooth shapes.
"""

from PIL import Image, ImageChops

from pocketfiles.thumbs import content
from pocketfiles.thumbs.content import Content
from pocketfiles.thumbs.raster import Raster

_TILES_ACROSS = 4
_TILE_SIDE = 16
"""A sample is sixteen tiles of 16 × 16 pixels."""

_MIN_TILES_OF_A_PHOTOGRAPH = 6
"""Busy tiles without which a sample cannot tell a photograph. A few scattered dots may look like
one."""

_MIN_BUSY = 64
"""Share of pixels, of 255, that differ from a neighbour in a tile that tells something. Charts,
screenshots and the ground of a photographed product are flat nearly everywhere else."""

_MAX_BITS = 2.0
"""Bits of a byte after the best filter, below which smooth shapes are drawn. Photographs have 2.3
and more, whatever they were before (docs/performance.md)."""

_MAX_ERROR = 1
_MIN_PLANE = 0.97
"""Share of pixels that continue their neighbours' slope, to a level, in computed gradients. In
photographs it is below 0.84, unless they were blurred."""


def sample(image: Image.Image) -> Image.Image:
    """Sixteen tiles from all over the image, below one another, on black."""
    width, height = image.size
    shortest = min(width, height)
    side = max(1, min(_TILE_SIDE, shortest // _TILES_ACROSS))  # no two overlap
    tiles = Image.new("RGB", (side, _TILES_ACROSS**2 * side))
    for number in range(_TILES_ACROSS**2):
        row, column = divmod(number, _TILES_ACROSS)
        left = _middle(width, column) - side // 2
        top = _middle(height, row) - side // 2
        tile = image.crop((left, top, left + side, top + side))
        alpha = tile if tile.mode == "RGBA" else None
        tiles.paste(tile, (0, number * side), alpha)
    return tiles


def is_drawing(tiles: Image.Image) -> bool | None:
    """Whether a sample is of a drawing: it has repetitions, little noise, or even slopes.

    None if most of it is flat, and the rest does not tell.
    """
    busy = _busy(tiles)
    if busy is None:
        return True
    red, green, blue = busy.split()
    part = red if red == green == blue else busy
    measured = content.measure(Raster.of(part))
    if measured.content == Content.DRAWING or measured.bits < _MAX_BITS:
        return True
    if _share_of_planes(part) >= _MIN_PLANE:
        return True
    tiles_left = part.height // part.width
    return False if tiles_left >= _MIN_TILES_OF_A_PHOTOGRAPH else None


def _middle(length: int, number: int) -> int:
    """The middle of one of four equal parts. Edges are often margins."""
    return (2 * number + 1) * length // (2 * _TILES_ACROSS)


def _busy(tiles: Image.Image) -> Image.Image | None:
    """The tiles that are not flat; None if all are."""
    side = tiles.width
    from_left = ImageChops.difference(tiles, ImageChops.offset(tiles, 1, 0))
    from_above = ImageChops.difference(tiles, ImageChops.offset(tiles, 0, 1))
    difference = _lightest_channel(ImageChops.lighter(from_left, from_above))
    shares = difference.point(lambda level: 255 if level else 0).reduce(side).tobytes()
    kept = [number for number, share in enumerate(shares) if share >= _MIN_BUSY]
    if not kept:
        return None
    busy = Image.new(tiles.mode, (side, len(kept) * side))
    for place, number in enumerate(kept):
        tile = tiles.crop((0, number * side, side, (number + 1) * side))
        busy.paste(tile, (0, place * side))
    return busy


def _share_of_planes(image: Image.Image) -> float:
    """How many pixels inside the tiles are where a plane through three neighbours leads, nearly."""
    left = content.moved(image, 1, 0)
    above = content.moved(image, 0, 1)
    corner = content.moved(image, 1, 1)
    expected = ImageChops.subtract_modulo(ImageChops.add_modulo(left, above), corner)
    error = ImageChops.subtract_modulo(image, expected)
    is_off = error.point(lambda level: min(level, 256 - level) > _MAX_ERROR and 255)
    is_off = _lightest_channel(is_off)
    side = image.width
    off = 0
    for top in range(0, image.height, side):
        inner = is_off.crop((1, top + 1, side, top + side))
        off += sum(inner.histogram()[1:])
    pixels = image.height // side * (side - 1) ** 2
    return 1 - off / max(1, pixels)


def _lightest_channel(image: Image.Image) -> Image.Image:
    lightest, *others = image.split()
    for channel in others:
        lightest = ImageChops.lighter(lightest, channel)
    return lightest
