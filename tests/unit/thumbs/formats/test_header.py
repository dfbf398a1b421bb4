import pytest

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import big_endian, little_endian


def test_numbers_are_read_in_both_byte_orders() -> None:
    assert big_endian(b"-\1\2-", 1, 2) == 0x0102
    assert little_endian(b"-\1\2-", 1, 2) == 0x0201


@pytest.mark.parametrize("start", [2, 3, 4, 99])
def test_a_number_that_is_cut_off_is_truncated(start: int) -> None:
    with pytest.raises(ThumbFailed, match="truncated"):
        big_endian(b"1234", start, 3)
