import random
import zlib

import pytest

from pocketfiles.thumbs.formats.png_deflate import inflated, max_deflated, pieces

EMPTY_STORED_BLOCK = b"\0\0\0\xff\xff"
NOISE = random.Random(1).randbytes(100_000)


@pytest.mark.parametrize("length", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_pieces_are_the_whole(length: int) -> None:
    data = bytes(length)
    found = list(pieces(zlib.decompressobj(), memoryview(zlib.compress(data) + b"rest")))
    assert b"".join(piece for piece, _ in found) == data
    assert found[-1][1] == len(zlib.compress(data))


def test_data_that_do_not_end_are_inflated_to_the_last_byte() -> None:
    packer = zlib.compressobj()
    data = packer.compress(bytes(1 << 21)) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert sum(len(piece) for piece, _ in pieces(zlib.decompressobj(), memoryview(data))) == 1 << 21


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("data", [b"", b"text", bytes(1_000_000), NOISE])
def test_honest_data_are_inflated(data: bytes, level: int) -> None:
    packed = zlib.compress(data, level)
    assert len(packed) <= max_deflated(len(data))
    assert inflated(packed, len(data)) == data


def test_data_of_blocks_that_are_ended_often_are_honest() -> None:
    packer = zlib.compressobj()
    rows = (packer.compress(NOISE[at : at + 50]) for at in range(0, len(NOISE), 50))
    packed = b"".join(row + packer.flush(zlib.Z_FULL_FLUSH) for row in rows) + packer.flush()
    assert inflated(packed, len(NOISE)) == NOISE


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no data",
        zlib.compress(NOISE)[:-5],
        zlib.compress(NOISE + b"more"),
        b"\x78\x01" + EMPTY_STORED_BLOCK * 20_000 + zlib.compress(b"")[2:],
    ],
)
def test_broken_or_long_data_and_very_many_empty_blocks_are_not_inflated(packed: bytes) -> None:
    assert inflated(packed, len(NOISE)) is None
