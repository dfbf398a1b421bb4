import pytest

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import MAX_CHUNKS
from pocketfiles.thumbs.formats.jpeg_segments import SOS, segments
from tests.unit.thumbs.formats.samples import segment

START = b"\xff\xd8"
END = b"\xff\xd9"
COMMENT = segment(0xFE, b"a comment")
SCAN = segment(SOS, b"header")


def found(data: bytes) -> list[bytes | None]:
    """Each segment with its entropy-coded data; None for an end that is not marked."""
    whole = START + data
    return [part and whole[part.at : part.scan_end] for part in segments(whole)]


@pytest.mark.parametrize(
    "junk", [b"", b"\xff", b"\xff\xff", b"\xff\0", b"\xff\1", b"\xff\xd0", b"stray"]
)
def test_junk_between_segments_is_skipped(junk: bytes) -> None:
    assert found(junk + COMMENT + junk + COMMENT + junk + END) == [COMMENT, COMMENT]


def test_a_scan_goes_on_to_the_next_marker() -> None:
    data = b"data\xff\0\xff\xd0\xff\xff\xd7data"
    assert found(SCAN + data + COMMENT + SCAN + END) == [SCAN + data, COMMENT, SCAN]


def test_an_end_that_is_not_marked_is_told() -> None:
    assert found(SCAN + b"data") == [SCAN + b"data", None]
    assert found(SCAN + b"data" + COMMENT[:-1]) == [SCAN + b"data", None]
    assert found(COMMENT + START) == [COMMENT, None]


def test_data_that_end_in_a_segment_before_the_first_scan_are_refused() -> None:
    with pytest.raises(ThumbFailed, match="truncated"):
        found(COMMENT[:-1])


@pytest.mark.parametrize("length", [(1 << 22) - 1, 1 << 22, (1 << 22) + 1, (1 << 22) + 4095])
def test_a_marker_is_found_wherever_the_search_is_divided(length: int) -> None:
    for junk in (bytes(length), bytes(length) + b"\xff"):
        assert found(SCAN + junk + COMMENT + END)[1:] == [COMMENT]


def test_many_places_with_few_fill_bytes_are_few_fill_bytes() -> None:
    part = b"\xff" * 1000 + COMMENT
    assert len(found(part * 4000 + END)) == 4000
    with pytest.raises(ThumbFailed, match="too-many-chunks"):
        found(part * 6000 + END)


def test_segments_are_counted() -> None:
    assert len(found(COMMENT * (MAX_CHUNKS - 1) + END)) == MAX_CHUNKS - 1
    with pytest.raises(ThumbFailed, match="too-many-chunks"):
        found(COMMENT * MAX_CHUNKS + END)
