import pytest

from pocketfiles.thumbs.formats.jpeg_profile import ProfilePieces


@pytest.mark.parametrize(
    ("pieces", "profile"),
    [
        ([(1, 1, b"one"), (1, 1, b"two")], b"one"),
        ([(1, 2, b"pro"), (1, 2, b"no"), (2, 2, b"file")], b""),
        ([(1, 2, b"pro"), (2, 2, b"file"), (1, 1, b"other")], b"profile"),
        ([(1, 2, b"pro"), (2, 3, b"file")], b""),
        ([(2, 3, b"file"), (1, 1, b"other")], b""),
        ([(0, 0, b"file"), (1, 1, b"other")], b""),
        ([(0, 1, b"file"), (1, 1, b"other")], b""),
        ([(2, 1, b"file"), (1, 1, b"other")], b""),
    ],
)
def test_pieces_of_a_profile_that_contradict_each_other_are_none(
    pieces: list[tuple[int, int, bytes]], profile: bytes
) -> None:
    """As in Chromium."""
    joined = ProfilePieces()
    for number, count, data in pieces:
        joined.add(b"ICC_PROFILE\0" + bytes((number, count)) + data)
    assert joined.joined() == profile
