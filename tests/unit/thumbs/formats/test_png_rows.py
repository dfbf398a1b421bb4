import random
import struct
import zlib

import pytest

from pocketfiles.thumbs.formats.png_chunks import SIGNATURE
from pocketfiles.thumbs.formats.png_rows import repaired
from tests.unit.thumbs.formats.samples import chunk, thumb


def raw_png(depth: int, colour: int, *, interlace: int, missing: int) -> bytes:
    """Black, 5 × 3 pixels, in two IDAT chunks, of which ``missing`` bytes of pixels are left
    out."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = ((1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)) if interlace else ((5, 3),)
    length = sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in passes)
    stream = zlib.compress(bytes(length - missing))
    header = struct.pack(">IIBBBBB", 5, 3, depth, colour, 0, 0, interlace)
    chunks = ((b"IHDR", header), (b"IDAT", stream[:5]), (b"IDAT", stream[5:]), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in chunks)


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("depth", "colour"), [(1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (2, 3), (8, 4), (8, 6), (16, 6)]
)
def test_a_png_is_complete_when_there_are_pixels_for_every_row(
    depth: int, colour: int, interlace: int
) -> None:
    assert repaired(raw_png(depth, colour, interlace=interlace, missing=0))
    assert not repaired(raw_png(depth, colour, interlace=interlace, missing=1))


def test_rows_that_are_missing_are_found() -> None:
    assert thumb(raw_png(8, 2, interlace=0, missing=7)) == b"[truncated]"


def test_data_after_the_end_of_the_stream_are_no_rows() -> None:
    header = struct.pack(">IIBBBBB", 2000, 1000, 8, 2, 0, 0, 0)
    half = zlib.compress(bytes(500 * (1 + 3 * 2000)))
    kinds = ((b"IHDR", header), (b"IDAT", half + half), (b"IEND", b""))
    data = SIGNATURE + b"".join(chunk(kind, data) for kind, data in kinds)
    assert not repaired(data)
    assert thumb(data) == b"[truncated]"


def with_scanlines(scanlines: bytes, *, interlace: int = 0, ends: bool = True) -> bytes:
    """An RGB PNG of 5 × 3 pixels; without ``ends``, its compressed data do not say that they
    end."""
    header = struct.pack(">IIBBBBB", 5, 3, 8, 2, 0, 0, interlace)
    compressor = zlib.compressobj()
    packed = compressor.compress(scanlines)
    packed += compressor.flush(zlib.Z_FINISH if ends else zlib.Z_SYNC_FLUSH)
    kinds = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in kinds)


@pytest.mark.parametrize("filters", [b"\0\0\5", b"\5\0\0", b"\0\xff\0"])
@pytest.mark.parametrize("ends", [True, False])
def test_a_row_with_an_unknown_filter_gives_no_thumb(filters: bytes, *, ends: bool) -> None:
    data = with_scanlines(b"".join(bytes((kind,)) + bytes(15) for kind in filters), ends=ends)
    with pytest.raises(ValueError, match="filter"):
        repaired(data)
    assert thumb(data) == b"[corrupt]"


SIDE = 300
NOISE = random.Random(1).randbytes(SIDE * SIDE)


def noisy_scanlines(levels: int) -> bytes:
    """Of a grey picture with so many different levels."""
    pixels = bytes(level % levels for level in NOISE)
    return b"".join(b"\0" + pixels[at : at + SIDE] for at in range(0, len(pixels), SIDE))


def grey_png(deflated: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    kinds = ((b"IHDR", header), (b"IDAT", deflated), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in kinds)


def bytes_that_inflate_to(length: int, packed: bytes) -> int:
    """How many bytes are needed for so many, which are not the last ones."""
    inflater = zlib.decompressobj()
    for at in range(len(packed)):
        length -= len(inflater.decompress(packed[at : at + 1]))
        if length <= 0:
            return at + 1
    raise AssertionError("too few bytes")


@pytest.mark.parametrize("levels", [1, 2, 7, 256])
@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_RLE])
@pytest.mark.parametrize("level", [0, 6])
def test_data_that_stop_in_the_middle_of_a_code_are_continued(
    levels: int, strategy: int, level: int
) -> None:
    scanlines = noisy_scanlines(levels)
    packer = zlib.compressobj(level, strategy=strategy)
    packed = packer.compress(scanlines + NOISE[:9000]) + packer.flush()
    whole = thumb(grey_png(zlib.compress(scanlines)))
    end = bytes_that_inflate_to(len(scanlines), packed)
    for stop in (end, end + 1, end + 2):
        assert repaired(grey_png(packed[:stop]))
        assert thumb(grey_png(packed[:stop])) == whole
    assert not repaired(grey_png(packed[: end - 1]))
    assert thumb(grey_png(packed[: end - 1])) == b"[truncated]"


STARTS_OF_INTERLACED_ROWS = (0, 4, 8, 12, 22, 29, 36)
INTERLACED_LENGTH = 52
"""Of 5 × 3 pixels, whose third pass is empty."""


@pytest.mark.parametrize("start", STARTS_OF_INTERLACED_ROWS)
def test_an_unknown_filter_is_found_in_each_pass(start: int) -> None:
    scanlines = bytearray(b"\7" * INTERLACED_LENGTH)
    for known in STARTS_OF_INTERLACED_ROWS:
        scanlines[known] = 4
    assert repaired(with_scanlines(bytes(scanlines), interlace=1))
    scanlines[start] = 5
    with pytest.raises(ValueError, match="filter"):
        repaired(with_scanlines(bytes(scanlines), interlace=1))
