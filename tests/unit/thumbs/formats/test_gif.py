import pytest

from pocketfiles.thumbs.formats.gif import read
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from tests.unit.thumbs.formats.samples import SIZE, reason, written

GIF = written("GIF", mode="L")
FRAME = GIF.index(b"\x2c\0\0\0\0\x28\0\x1e\0")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (GIF, Header("GIF", *SIZE)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_a_first_frame_smaller_than_its_canvas_is_told() -> None:
    smaller = GIF[:FRAME] + b"\x2c\x02\0\x03\0\x0a\0\x05\0" + GIF[FRAME + 9 :]
    assert read(smaller).frame == (2, 3, 12, 8)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (GIF[:6] + bytes(4) + GIF[10:], "corrupt"),
        (GIF[:FRAME] + b"\x2c\x01\0" + GIF[FRAME + 3 :], "corrupt"),  # a frame outside the canvas
        (GIF[:FRAME] + b"\x2c\0\0\0\0\0\0\0\0" + GIF[FRAME + 9 :], "corrupt"),
        (GIF[:FRAME] + b"\x99" + GIF[FRAME:], "corrupt"),
        (GIF[:10] + b"\0" + GIF[11:13] + GIF[FRAME:], "corrupt"),  # no colour table
        (GIF[:FRAME], "truncated"),
        (GIF[:8], "truncated"),
        (GIF[:FRAME] + b"\x21\xfe" + b"\1a" * MAX_CHUNKS + b"\0" + GIF[FRAME:], "too-many-chunks"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
