"""Writes a PNG (PNG third edition §5, §9, §10).

libvips writes drawings without filters, in which deflate finds repetitions, and smooth shapes
with them. Of a photograph, each byte is predicted from its neighbours and only the frequencies of
the differences are used: looking for repetitions would take several times as long and find none
(docs/performance.md).
"""

import io
import struct
import zlib
from itertools import chain

from PIL import Image

from pocketfiles.thumbs import content, libvips
from pocketfiles.thumbs.content import Content, Filter, Measured

_COLOUR_TYPES = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}

_MAX_EXACT_COLOURS = {"L": 128, "LA": 128, "RGB": 256, "RGBA": 256}
"""With so few colours, a picture stays exact, whatever its noise."""

_MAX_PIXELS_BY_PILLOW = 1 << 17
"""Most pixels of a photograph for which Pillow chooses the filter of each row. That saves a tenth
of the bytes; in larger ones it takes too long, and one filter serves the whole picture."""

_MIN_NOISY_BITS = 2.0
"""Bits of a filtered byte above which a picture is noisy, so that rounding saves bytes."""

_ROUNDING_PAYS = 0.97
"""Largest share of bytes that rounding must leave; else the picture stays exact."""

_MAX_BITS_WITH_RUNS = 2.0
"""Bits of a filtered byte up to which runs of the same difference are frequent enough to look
for."""

_DEFLATE_LEVEL = 7
"""zlib's level for photographs. With frequencies alone, it only sets the size of buffers."""

_MAX_LEVEL = 255


def _without_lowest_bit(level: int) -> int:
    """The even level next to it. Odd ones go up and down by turns, so that none gets brighter."""
    if level % 2 == 0:
        return level
    nearest = level - 1 if level % 4 == 1 else level + 1
    return min(nearest, _MAX_LEVEL - 1)


_ROUNDED = [_without_lowest_bit(level) for level in range(256)]
_EXACT = list(range(256))


def png(image: Image.Image, tolerance: int) -> bytes:
    """The PNG of an image in L, LA, RGB or RGBA.

    ``tolerance`` is 0 or 1: by how much the levels of a photograph may be off, except its alpha.
    """
    measured = content.measure(image)
    if tolerance and measured.bits > _MIN_NOISY_BITS and _has_many_colours(image):
        image, measured = _rounded_if_smaller(image, measured)
    if measured.content != Content.PHOTOGRAPH:
        return _by_repetitions(image, is_filtered=measured.content == Content.SMOOTH)
    strategy = zlib.Z_HUFFMAN_ONLY if measured.bits > _MAX_BITS_WITH_RUNS else zlib.Z_RLE
    if image.width * image.height <= _MAX_PIXELS_BY_PILLOW:
        return _by_pillow(image, strategy)
    return _photograph(image, strategy)


def _has_many_colours(image: Image.Image) -> bool:
    return image.getcolors(_MAX_EXACT_COLOURS[image.mode]) is None


def _by_pillow(image: Image.Image, strategy: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_type=strategy)
    return file.getvalue()


def _by_repetitions(
    image: Image.Image,
    *,
    is_filtered: bool,
) -> bytes:
    writer = libvips.load()
    if writer:
        bands = len(image.getbands())
        return writer.png(image.tobytes(), image.size, bands, is_filtered=is_filtered)
    return _by_pillow(image, zlib.Z_DEFAULT_STRATEGY)


def _rounded_if_smaller(
    image: Image.Image,
    measured: Measured,
) -> tuple[Image.Image, Measured]:
    """The image in fewer levels if that saves bytes, as it always does in a photograph."""
    rounded = _rounded(image)
    if measured.content == Content.PHOTOGRAPH:
        return rounded, measured
    measured_rounded = content.measure(rounded)
    if measured_rounded.size > _ROUNDING_PAYS * measured.size:
        return image, measured
    return rounded, measured_rounded


def _rounded(image: Image.Image) -> Image.Image:
    """The image in every second level: noise takes one bit less, and no level is off by more than
    1."""
    tables = [_EXACT if band == "A" else _ROUNDED for band in image.getbands()]
    return image.point(list(chain.from_iterable(tables)))


def _photograph(image: Image.Image, strategy: int) -> bytes:
    kind = content.best_filter(image)
    differences = content.filtered(image, kind).tobytes()
    deflate = zlib.compressobj(_DEFLATE_LEVEL, strategy=strategy)
    compressed = deflate.compress(_scanlines(image, kind, differences)) + deflate.flush()
    depth = 8
    colour_type = _COLOUR_TYPES[image.mode]
    compression = filtering = interlace = 0
    fields = (image.width, image.height, depth, colour_type, compression, filtering, interlace)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", *fields)),
            _chunk(b"IDAT", compressed),
            _chunk(b"IEND", b""),
        )
    )


def _scanlines(
    image: Image.Image,
    kind: Filter,
    differences: bytes,
) -> bytes:
    """The filtered rows, each behind the byte that names the filter (§7.2)."""
    pixels = memoryview(differences)
    row_length = image.width * len(image.getbands())
    rows = (pixels[start : start + row_length] for start in range(0, len(pixels), row_length))
    filter_type = bytes([kind])
    return b"".join(chain.from_iterable((filter_type, row) for row in rows))


def _chunk(kind: bytes, data: bytes) -> bytes:
    length = struct.pack(">I", len(data))
    checksum = struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    return b"".join((length, kind, data, checksum))
