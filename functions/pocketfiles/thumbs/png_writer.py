"""Chooses how to filter and compress a PNG, and writes it (PNG third edition §5, §9, §10).

Pillow weighs five filters for each row and compresses in one way. One filter for the whole
picture, and the zlib strategy that suits it, take half the time for photographs, and drawings
become smaller.
"""

import io
import struct
import zlib

from PIL import Image, ImageChops

_NONE = 0
_SUB = 1
_UP = 2
_AVERAGE = 3
"""Filter types (§9.2)."""

_COLOUR_TYPES = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}

_MAX_PIXELS_BY_PILLOW = 1 << 12
"""Up to so many pixels, Pillow's own PNG is the smaller one, and as quick."""

_MAX_PIXELS_TO_SEARCH = 1 << 21
"""Most pixels of a drawing that is compressed under every filter; more would take too long."""

_TILE_SIDE = 32
_TILES_ACROSS = 3
_TILES = _TILES_ACROSS**2
"""A sample of a picture is nine tiles of 32 × 32 pixels."""

_MIN_NOISY_ENTROPY = 4
"""Bits in a filtered byte. A picture below is a drawing, whose repetitions zlib finds."""

_MAX_LEVEL = 255
_EVERY_SECOND_LEVEL = [min(_MAX_LEVEL, (level + 1) // 2 * 2) for level in range(256)]

_MATCHES_PAY = 0.9
"""Largest size with matches, in sizes with runs alone, at which a search for matches is worth its
time."""

_RUNS_PAY = 0.99
"""Largest size with runs, in sizes with byte frequencies alone, at which looking for runs is
worth it."""

_SAMPLE_LEVEL = 4
_LEVEL = 7
"""zlib's compression levels."""


def png(image: Image.Image, tolerance: int) -> bytes:
    """The PNG of an image in L, LA, RGB or RGBA, whose levels may be off by ``tolerance``, 0 or
    1."""
    sample = _sample(image)
    filter_type, entropy = _best_filter(sample)
    is_rounded = tolerance > 0 and entropy > _MIN_NOISY_ENTROPY
    if is_rounded:
        image = _rounded(image)
    if image.width * image.height <= _MAX_PIXELS_BY_PILLOW:
        return _by_pillow(image)
    if is_rounded:
        sample = _rounded(sample)
        filter_type, _ = _best_filter(sample)
    strategy = _best_strategy(_scanlines(sample, filter_type))
    stream = _compressed(_scanlines(image, filter_type), strategy)
    if strategy == zlib.Z_DEFAULT_STRATEGY and image.width * image.height <= _MAX_PIXELS_TO_SEARCH:
        stream = _shortest(image, filter_type, stream)
    return _file(image, stream)


def _by_pillow(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _rounded(image: Image.Image) -> Image.Image:
    """The image in every second level: noise takes one bit less, and no level is off by more than
    1."""
    return image.point(_EVERY_SECOND_LEVEL * len(image.mode))


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


def _best_filter(image: Image.Image) -> tuple[int, float]:
    """The filter that leaves the lowest entropy, and that entropy in bits a byte."""
    entropies = {kind: _filtered(image, kind).entropy() for kind in (_SUB, _UP, _AVERAGE)}
    best = min(entropies, key=lambda kind: entropies[kind])
    return best, entropies[best]


def _filtered(image: Image.Image, filter_type: int) -> Image.Image:
    """Each byte's difference from what the filter predicts (§9.2)."""
    if filter_type == _NONE:
        return image
    left = Image.new(image.mode, image.size)
    left.paste(image, (1, 0))
    if filter_type == _SUB:
        return ImageChops.subtract_modulo(image, left)
    up = Image.new(image.mode, image.size)
    up.paste(image, (0, 1))
    if filter_type == _UP:
        return ImageChops.subtract_modulo(image, up)
    average = ImageChops.add(left, up, scale=2)
    return ImageChops.subtract_modulo(image, average)


def _scanlines(image: Image.Image, filter_type: int) -> memoryview:
    """The filtered rows, each behind the byte that names the filter (§7.2)."""
    stride = image.width * len(image.getbands()) + 1
    rows = _filtered(image, filter_type).tobytes("raw", image.mode, stride, 1)
    lines = bytearray(len(rows) + 1)
    lines[1:] = rows
    lines[::stride] = bytes([filter_type]) * (image.height + 1)
    return memoryview(lines)[:-1]


def _best_strategy(sample: memoryview) -> int:
    """zlib's strategy for scanlines of which these are a sample.

    In photographs only the frequencies of bytes can be used; in drawings, matches are worth the
    search.
    """
    frequencies = len(_compressed(sample, zlib.Z_HUFFMAN_ONLY, _SAMPLE_LEVEL))
    runs = len(_compressed(sample, zlib.Z_RLE, _SAMPLE_LEVEL))
    matches = len(_compressed(sample, zlib.Z_DEFAULT_STRATEGY, _SAMPLE_LEVEL))
    if matches <= _MATCHES_PAY * runs:
        return zlib.Z_DEFAULT_STRATEGY
    if runs <= _RUNS_PAY * frequencies:
        return zlib.Z_RLE
    return zlib.Z_HUFFMAN_ONLY


def _shortest(
    image: Image.Image,
    tried: int,
    stream: bytes,
) -> bytes:
    """The shortest of ``stream``, made with filter ``tried``, and the streams with other
    filters."""
    filter_types = (kind for kind in (_NONE, _SUB, _UP) if kind != tried)
    others = (_scanlines(image, kind) for kind in filter_types)
    return min(stream, *(_compressed(lines, zlib.Z_DEFAULT_STRATEGY) for lines in others), key=len)


def _compressed(
    lines: memoryview,
    strategy: int,
    level: int = _LEVEL,
) -> bytes:
    compressor = zlib.compressobj(
        level, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy
    )
    return compressor.compress(lines) + compressor.flush()


def _file(image: Image.Image, stream: bytes) -> bytes:
    """A PNG of eight bits a channel, not interlaced."""
    depth = 8
    compression = filtering = interlace = 0
    colour_type = _COLOUR_TYPES[image.mode]
    fields = (image.width, image.height, depth, colour_type, compression, filtering, interlace)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", *fields)),
            _chunk(b"IDAT", stream),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    length = struct.pack(">I", len(data))
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return b"".join((length, kind, data, checksum))
