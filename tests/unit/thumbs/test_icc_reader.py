import struct

import pytest

from pocketfiles.thumbs.icc_reader import is_valid, tags, with_used_tags
from tests.unit.thumbs.profiles import (
    PRINTER,
    fixed,
    of_grey,
    of_lut,
    of_matrix,
    table,
)

LINEAR = of_matrix(table(256))


def with_bytes(at: int, contents: bytes) -> bytes:
    """The linear profile with other bytes at that place."""
    return LINEAR[:at] + contents + LINEAR[at + len(contents) :]


@pytest.mark.parametrize(
    "profile",
    [
        LINEAR,
        PRINTER,
        LINEAR + b"behind it",
        of_matrix(table(256), version=4),
        of_grey(table(256)),
        of_lut(b"GRAY", 1, lambda level: (100 * level, 0, 0)),
        with_bytes(8, b"\0"),
        with_bytes(68, fixed(0.97, 1, 0.82)),
    ],
)
def test_profiles_that_chromium_believes(profile: bytes) -> None:
    assert is_valid(profile)


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        LINEAR[:131],
        LINEAR[:-1],
        with_bytes(8, b"\5"),  # iccMAX
        with_bytes(68, fixed(0.9505, 1, 1.089)),  # relative to D65
        with_bytes(LINEAR.rindex(b"XYZ "), b"text"),
        of_grey(table(256), connection=b"Lab "),
    ],
)
def test_profiles_that_chromium_does_not_believe(profile: bytes) -> None:
    assert not is_valid(profile)


def test_tags_are_found_by_name() -> None:
    assert set(tags(LINEAR)) == {b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
    assert tags(LINEAR)[b"gTRC"] == table(256)


@pytest.mark.parametrize(
    "entries",
    [struct.pack(">I", 2**32 - 1), struct.pack(">I4sII", 1, b"long", 100, 2**32 - 1), b""],
)
def test_impossible_entries_do_no_harm(entries: bytes) -> None:
    assert len(tags(with_bytes(128, entries))) <= 100
    assert all(len(contents) <= len(LINEAR) for contents in tags(LINEAR[:128] + entries).values())


def test_tags_that_browsers_do_not_read_are_left_out() -> None:
    found = tags(LINEAR)
    unused = LINEAR.replace(b"rTRC", b"D2B0")
    assert tags(with_used_tags(LINEAR)) == found
    assert tags(with_used_tags(unused)) == {
        name: contents for name, contents in found.items() if name != b"rTRC"
    }
    assert len(with_used_tags(unused)) == len(LINEAR)
