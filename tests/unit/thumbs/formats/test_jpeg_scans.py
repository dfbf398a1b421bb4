import pytest

from pocketfiles.thumbs.formats.jpeg_scans import Coefficients


def scan(components: bytes, first: int, last: int, low_bits: int) -> bytes:
    selectors = b"".join(bytes((component, 0)) for component in components)
    return bytes((len(components),)) + selectors + bytes((first, last, low_bits))


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
        Coefficients(1).add(b"\1\1\0\0")
