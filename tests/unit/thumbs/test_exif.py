import struct

import pytest

from pocketfiles.thumbs.exif import orientation


def block(order: str, value: int, *, kind: int = 3, count: int = 1) -> bytes:
    """An EXIF block whose first directory holds a maker's name and an orientation."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")
    entries += struct.pack(order + "HHIHH", 0x0112, kind, count, value, 0)
    return head + struct.pack(order + "IH", 8, 2) + entries + struct.pack(order + "I", 0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_all_eight_are_read_in_both_byte_orders(order: str, value: int) -> None:
    assert orientation(block(order, value)) == value


def test_an_orientation_behind_many_entries_counts() -> None:
    entries = struct.pack(">HHIHH", 0x0100, 3, 1, 1, 0) * 65_534
    entries += struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    assert orientation(b"MM\0*" + struct.pack(">IH", 8, 65_535) + entries) == 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"PNG?" + block("<", 6)[4:],
        block("<", 0),
        block("<", 9),
        block(">", 65535),
        block("<", 6, kind=4),
        block("<", 6)[:-8],
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
    ],
)
def test_anything_else_is_upright(data: bytes) -> None:
    assert orientation(data) == 1
