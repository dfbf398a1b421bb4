import pytest

from pocketfiles.thumbs.code_points import icc_profile


@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 7, 8, 11, 13, 14, 15, 17])
@pytest.mark.parametrize("primaries", [4, 5, 6, 7, 8, 9, 10, 11, 12, 22])
def test_code_points_make_a_profile(primaries: int, transfer: int) -> None:
    assert icc_profile(bytes((primaries, transfer, 0, 1)))


def test_srgb_needs_none() -> None:
    assert icc_profile(bytes((1, 13, 0, 1))) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes((12, 13, 0)),
        bytes((12, 13, 0, 0)),  # not the full range
        bytes((12, 13, 1, 1)),  # not RGB
        bytes((2, 13, 0, 1)),  # unspecified
        bytes((9, 16, 0, 1)),  # PQ
        bytes((9, 18, 0, 1)),  # HLG
    ],
)
def test_others_are_not_supported(data: bytes) -> None:
    assert icc_profile(data) is None
