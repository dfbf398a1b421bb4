from pocketfiles.thumbs.formats.png_chunks import (
    SIGNATURE,
    chunks,
    has_right_crc,
    is_unknown,
    packed,
)
from tests.unit.thumbs.formats.samples import chunk

TEXT = chunk(b"tEXt", b"a\0b")
END = chunk(b"IEND")


def test_chunks_are_found_with_their_data() -> None:
    data = SIGNATURE + TEXT + END
    text, end = chunks(data)
    assert (text.type, data[text.start : text.end], text.is_cut) == (b"tEXt", b"a\0b", False)
    assert (end.type, end.start, end.end, end.is_cut) == (
        b"IEND",
        len(data) - 4,
        len(data) - 4,
        False,
    )


def test_a_chunk_that_ends_after_the_file_is_cut() -> None:
    for length in range(1, 8):
        (text,) = chunks((SIGNATURE + TEXT)[:-length])
        assert text.is_cut


def test_a_chunk_of_impossible_length_is_unknown_and_the_last() -> None:
    (last,) = chunks(SIGNATURE + b"\xff" * 4 + TEXT[4:] + END)
    assert is_unknown(last)


def test_unknown_chunks_may_be_skipped_if_their_type_says_so() -> None:
    kinds = (b"IDAT", b"tEXt", b"abCd", b"ABCD", b"AbCd")
    found = chunks(SIGNATURE + b"".join(chunk(kind) for kind in kinds))
    assert [is_unknown(each) for each in found] == [False, False, False, True, True]


def test_a_checksum_fits_its_chunk_alone() -> None:
    data = SIGNATURE + packed(b"tEXt", b"a\0b") + END[:-1] + b"\0"
    assert [has_right_crc(data, each) for each in chunks(data)] == [True, False]
    assert packed(b"tEXt", b"a\0b") == TEXT
