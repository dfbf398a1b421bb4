import struct

import pytest

from pocketfiles.thumbs.formats.png_passes import Rows, rows_of_passes, total_length


def header(width: int, height: int, depth: int, colour: int, interlace: int) -> bytes:
    return struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


@pytest.mark.parametrize(
    ("depth", "colour", "length"),
    [(1, 0, 3), (8, 0, 10), (16, 0, 19), (8, 2, 28), (2, 3, 4), (8, 4, 19), (16, 6, 73)],
)
def test_a_row_has_its_pixels_and_a_filter(depth: int, colour: int, length: int) -> None:
    assert rows_of_passes(header(9, 4, depth, colour, 0)) == [Rows(4, length)]


def test_a_pass_has_every_eighth_fourth_or_second_pixel() -> None:
    rows = rows_of_passes(header(9, 9, 8, 0, 1))
    assert rows == [
        Rows(2, 3),
        Rows(2, 2),
        Rows(1, 4),
        Rows(3, 3),
        Rows(2, 6),
        Rows(5, 5),
        Rows(4, 10),
    ]
    assert total_length(rows) == 100


def test_a_pass_without_a_pixel_has_no_row() -> None:
    assert rows_of_passes(header(1, 1, 8, 2, 1)) == [Rows(1, 4)]
    assert rows_of_passes(header(0, 9, 8, 2, 0)) == []
