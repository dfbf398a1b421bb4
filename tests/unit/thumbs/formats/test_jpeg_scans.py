import pytest

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.jpeg_scans import Coefficients, Scan, read
from tests.unit.thumbs.formats.test_jpeg_frame import FULL, frame


def scan(components: bytes, first: int, last: int, low_bits: int) -> Scan:
    """A scan header of a progressive picture of three components."""
    selectors = b"".join(bytes((component, 0)) for component in components)
    contents = bytes((len(components),)) + selectors + bytes((first, last, low_bits))
    return read(contents, frame((1, 1), (1, 1), (1, 1), is_progressive=True))


def test_one_scan_of_all_components_is_complete() -> None:
    told = Coefficients(3)
    assert not told.are_complete
    told.add(scan(b"\1\2\3", 0, 63, 0))
    assert told.are_complete


def test_every_component_must_be_told() -> None:
    told = Coefficients(2)
    told.add(scan(b"\1", 0, 63, 0))
    assert not told.are_complete
    told.add(scan(b"\2", 0, 63, 0))
    assert told.are_complete


def test_every_coefficient_must_be_told_to_its_lowest_bit() -> None:
    told = Coefficients(1)
    for first, last, low_bits in ((0, 0, 1), (1, 63, 2), (1, 63, 0x21), (0, 0, 0x10)):
        told.add(scan(b"\1", first, last, low_bits))
        assert not told.are_complete
    told.add(scan(b"\1", 1, 63, 0x10))
    assert told.are_complete


def test_a_header_that_is_cut_is_refused() -> None:
    with pytest.raises(IndexError):
        read(b"\1\1\0\0", frame((1, 1)))


def test_a_scan_of_a_component_that_there_is_not_is_refused() -> None:
    with pytest.raises(ThumbFailed, match="corrupt"):
        scan(b"\4", 0, 63, 0)


def test_mean_levels_are_told_by_the_first_scan_of_a_component() -> None:
    told = Coefficients(2)
    told.add(scan(b"\1", 0, 0, 1))
    told.add(scan(b"\2", 1, 63, 0))
    assert not told.have_mean_levels
    told.add(scan(b"\2", 0, 0, 1))
    assert told.have_mean_levels


def test_a_block_has_two_bits_at_least_or_one_in_a_progressive_picture() -> None:
    every = (0, 1, 2)
    assert Scan(frame(*FULL), every).min_bytes == 600 * 2 / 8
    progressive = frame(*FULL, is_progressive=True)
    assert Scan(progressive, every, first=0, last=0, low_bit=1).min_bytes == 600 / 8
    assert Scan(progressive, (0,), first=1, last=63).min_bytes == 0
    assert Scan(frame(*FULL, is_arithmetic=True), every).min_bytes == 0
