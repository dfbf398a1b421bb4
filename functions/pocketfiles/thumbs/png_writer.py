"""Writes a PNG (PNG third edition §5, §9, §10).

A picture without colours is written in grey. Drawings are written without filters, so that
deflate finds repetitions: very small ones by zlib, all others by libvips, which is quicker there.
libvips writes smooth shapes with Paeth's filter. Of a photograph, each byte is predicted from its
neighbours and only the frequencies of the differences are used: looking for repetitions would take
several times as long and find none (docs/performance.md).
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from PIL import Image

from pocketfiles.thumbs import content, libvips
from pocketfiles.thumbs.content import Content, Filter, Measured
from pocketfiles.thumbs.geometry import Box, Size
from pocketfiles.thumbs.raster import Raster

_COLOUR_TYPES = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}

_NO_FILTER = 0
"""The filter type of rows as they are (§9.2)."""

_MAX_EXACT_COLOURS = 256
"""With so few colours, a picture stays exact, whatever its noise: a grey one always."""

_ROWS_APART = 8
"""Each eighth row is looked at before all rows are: often they have too many colours already."""

_MAX_PIXELS_BY_PILLOW = 1 << 17
"""Most pixels of a photograph for which Pillow chooses the filter of each row. That saves a tenth
of the bytes; in larger ones it takes too long, and one filter serves the whole picture."""

_MIN_NOISY_BITS = 2.0
"""Bits of a filtered byte above which a picture that is no drawing is noisy, so that rounding saves
bytes and cannot be seen."""

_ROUNDING_PAYS = 0.97
"""Largest share of bytes that rounding must leave; else the picture stays exact."""

_ROWS_COMPARED = 16
_MAX_REPEATED_ROWS = 0.4
"""Largest share of rows that repeat the one above in a drawing that is rounded. Enlarged pixel art
has more: rounding would change little in it, and a lower level would miss its long repetitions."""

_GOLDEN_RATIO = 0.618
"""Steps of this share of the height, modulo the height, meet no pattern of rows again and again."""

_MAX_BITS_WITH_RUNS = 2.0
"""Bits of a filtered byte up to which runs of the same difference are frequent enough to look
for."""

_MAX_PIXELS_BY_ZLIB = 1 << 14
"""Most pixels of a drawing that zlib compresses. libvips takes longer to start."""

_REPETITION_LEVEL = 6
"""zlib's level where repetitions are looked for."""

_LEVEL_AFTER_ROUNDING = 4
_LEVEL_OF_CLEAR_DRAWING = 2
"""zlib's levels for a drawing in fewer levels of colour, which then has fewer bytes than it had at
level 6. At level 2, that is so of clear drawings without alpha alone (docs/performance.md)."""

_LEVEL_OF_NOISY_SHAPES = 4
"""zlib's level for smooth shapes with noise. Level 6 takes twice the time for few bytes less
(docs/performance.md)."""

_PHOTOGRAPH_LEVEL = 7
"""With frequencies alone, zlib's level only sets the size of buffers."""

_ROWS_AT_A_TIME = 256
"""Rows of a photograph that are filtered and compressed at a time."""

_MAX_LEVEL = 255


def _without_lowest_bit(level: int) -> int:
    """The even level next to it. Odd ones go up and down by turns, so that none gets brighter;
    white stays white."""
    if level % 2 == 0 or level == _MAX_LEVEL:
        return level
    return level - 1 if level % 4 == 1 else level + 1


_ROUNDED = bytes(_without_lowest_bit(level) for level in range(256))


def png(raster: Raster, tolerance: int) -> bytes:
    """The PNG of pixels in L, LA, RGB or RGBA.

    Grey pixels in RGB become L. ``tolerance`` is 0 or 1: by how much the levels of a photograph
    may be off, except its alpha.
    """
    part = content.sample(raster)
    if _in_grey(part) and (grey := _in_grey(raster)):
        raster = grey
        part = content.sample(raster)
    measured = content.measure(part)
    is_rounded = tolerance > 0 and _may_be_rounded(raster, part, measured)
    if is_rounded:
        raster = raster.mapped(_ROUNDED)
    if measured.content == Content.DRAWING:
        level = _level_after_rounding(raster, part, measured) if is_rounded else _REPETITION_LEVEL
        return _drawing(raster, level)
    if measured.content == Content.SMOOTH:
        is_noisy = measured.bits > _MIN_NOISY_BITS
        level = _LEVEL_OF_NOISY_SHAPES if is_noisy else _REPETITION_LEVEL
        return _by_libvips(raster, level, is_filtered=True)
    strategy = zlib.Z_HUFFMAN_ONLY if measured.bits > _MAX_BITS_WITH_RUNS else zlib.Z_RLE
    if raster.pixels <= _MAX_PIXELS_BY_PILLOW:
        return _by_pillow(raster.image, strategy)
    return _photograph(raster.image, strategy)


def _in_grey(raster: Raster) -> Raster | None:
    """The same pixels in L or LA; None if any has a colour, or if there are no channels for it."""
    if raster.mode not in {"RGB", "RGBA"}:
        return None
    pixels = raster.packed
    step = len(raster.bands)
    red = pixels[::step]
    if red != pixels[1::step] or red != pixels[2::step]:
        return None
    grey = Raster("L", raster.size, red)
    if not raster.has_alpha:
        return grey
    return Raster.of(Image.merge("LA", (grey.image, raster.image.getchannel("A"))))


def _may_be_rounded(
    raster: Raster,
    part: Raster,
    measured: Measured,
) -> bool:
    """Whether rounding is invisible and saves bytes. ``part`` is a sample."""
    if measured.content == Content.DRAWING:
        is_suitable = not _repeats_rows(raster)
    else:
        is_suitable = measured.bits > _MIN_NOISY_BITS
    return is_suitable and not _has_few_colours(raster) and _rounding_pays(part, measured)


def _repeats_rows(raster: Raster) -> bool:
    """Whether many rows are the same as the one above, judging by some of them."""
    width, height = raster.size
    repeated = 0
    for number in range(_ROWS_COMPARED):
        top = int(number * _GOLDEN_RATIO % 1 * (height - 1))
        rows = raster.part(Box(0, top, width, top + 2))
        repeated += rows[: raster.row_length] == rows[raster.row_length :]
    return repeated > _MAX_REPEATED_ROWS * _ROWS_COMPARED


def _has_few_colours(raster: Raster) -> bool:
    """Whether there are so few that they stay exact."""
    if raster.every(_ROWS_APART).getcolors(_MAX_EXACT_COLOURS) is None:
        return False
    return raster.image.getcolors(_MAX_EXACT_COLOURS) is not None


def _rounding_pays(part: Raster, measured: Measured) -> bool:
    """Whether a sample takes clearly fewer bytes in fewer levels, as any photograph does."""
    if measured.content == Content.PHOTOGRAPH:
        return True
    rounded = part.mapped(_ROUNDED)
    if measured.content == Content.DRAWING:
        size: float = content.size_as_drawing(rounded)
    else:
        size = content.measure(rounded).size
    return size <= _ROUNDING_PAYS * measured.size


def _level_after_rounding(
    raster: Raster,
    part: Raster,
    measured: Measured,
) -> int:
    """zlib's level. ``part`` is a sample that was measured. Little time is saved in small ones."""
    is_clear = measured.size <= content.MAX_CLEARLY_DRAWN * len(part.packed)
    is_large = raster.pixels > _MAX_PIXELS_BY_ZLIB
    if is_clear and is_large and not raster.has_alpha:
        return _LEVEL_OF_CLEAR_DRAWING
    return _LEVEL_AFTER_ROUNDING


def _by_pillow(image: Image.Image, strategy: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_type=strategy)
    return file.getvalue()


def _by_libvips(
    raster: Raster,
    level: int,
    *,
    is_filtered: bool,
) -> bytes:
    writer = libvips.load()
    if writer is None:
        return _by_pillow(raster.image, zlib.Z_DEFAULT_STRATEGY)
    bands = len(raster.bands)
    return writer.png(raster.packed, raster.size, bands, is_filtered=is_filtered, level=level)


def _drawing(raster: Raster, level: int) -> bytes:
    if raster.pixels > _MAX_PIXELS_BY_ZLIB:
        return _by_libvips(raster, level, is_filtered=False)
    scanlines = _scanlines(raster.packed, _NO_FILTER, raster.row_length)
    return _file(raster.mode, raster.size, [scanlines], zlib.compressobj(level))


def _photograph(image: Image.Image, strategy: int) -> bytes:
    kind = content.best_filter(image)
    deflate = zlib.compressobj(_PHOTOGRAPH_LEVEL, strategy=strategy)
    return _file(image.mode, image.size, _filtered_strips(image, kind), deflate)


def _filtered_strips(image: Image.Image, kind: Filter) -> Iterator[bytes]:
    """The filtered scanlines, some rows at a time, so that little memory is taken."""
    row_length = image.width * len(image.getbands())
    for top in range(0, image.height, _ROWS_AT_A_TIME):
        first = max(0, top - 1)  # the row above is needed as well
        part = image.crop((0, first, image.width, min(top + _ROWS_AT_A_TIME, image.height)))
        differences = content.filtered(part, kind).tobytes()
        yield _scanlines(differences[(top - first) * row_length :], kind, row_length)


def _scanlines(
    filtered: bytes,
    kind: int,
    row_length: int,
) -> bytes:
    """The filtered rows, each behind the byte that names the filter (§7.2)."""
    pixels = memoryview(filtered)
    rows = (pixels[start : start + row_length] for start in range(0, len(pixels), row_length))
    filter_type = bytes([kind])
    return b"".join(chain.from_iterable((filter_type, row) for row in rows))


def _file(
    mode: str,
    size: Size,
    strips: Iterable[bytes],
    deflate: "zlib._Compress",
) -> bytes:
    """The file of these scanlines; each strip's data become a chunk."""
    depth = 8
    colour_type = _COLOUR_TYPES[mode]
    compression = filtering = interlace = 0
    fields = (*size, depth, colour_type, compression, filtering, interlace)
    chunks = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))]
    for strip in strips:
        compressed = deflate.compress(strip)
        if compressed:
            chunks.append(_chunk(b"IDAT", compressed))
    chunks.append(_chunk(b"IDAT", deflate.flush()))
    chunks.append(_chunk(b"IEND", b""))
    return b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    length = struct.pack(">I", len(data))
    checksum = struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    return b"".join((length, kind, data, checksum))
