import pytest

from pocketfiles.http.ranges import BadRange, Part, multipart, multipart_length, parse

MALFORMED = "invalid range"
BEYOND = "invalid range: failed to overlap"


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("bytes=0-0", [(0, 0)]),
        ("bytes=0-9", [(0, 9)]),
        ("bytes=5-", [(5, 255)]),
        ("bytes=-10", [(246, 255)]),
        ("bytes=-99999", [(0, 255)]),
        ("bytes=0-756", [(0, 255)]),
        ("bytes=0-9223372036854775807", [(0, 255)]),
        ("bytes=" + "0" * 5000 + "5-7", [(5, 7)]),
        ("bytes=-0", [(256, 255)]),
        ("bytes=", []),
        ("bytes=,", []),
        ("bytes=,0-5", [(0, 5)]),
        ("bytes= 0 - 5 ", [(0, 5)]),
        ("bytes=+1-5", [(1, 5)]),
        ("bytes=0-5, 10-15 ,-5", [(0, 5), (10, 15), (251, 255)]),
        ("bytes=0-5,300-2", [(0, 5)]),
        ("bytes=0-127,128-255", [(0, 127), (128, 255)]),
        ("bytes=0-127,100-255", []),
    ],
)
def test_a_range_header_selects_parts_of_256_bytes(
    header: str, parts: list[tuple[int, int]]
) -> None:
    assert [(part.first, part.last) for part in parse(header, 256)] == parts


@pytest.mark.parametrize(
    "header",
    [
        "bytes",
        "items=0-5",
        "Bytes=0-5",
        ",",
        "bytes=9-5",
        "bytes=a-b",
        "bytes=--5",
        "bytes=1-2-3",
        "bytes=-",
        "bytes=5",
        "bytes=0-5,x",
        "bytes=٣-٤",
        "bytes=1-" + "9" * 40,
        "",
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(BadRange) as caught:
        parse(header, 256)
    assert (caught.value.reason, caught.value.content_range) == (MALFORMED, "")


@pytest.mark.parametrize("header", ["bytes=256-", "bytes=300-400", "bytes=256-,999-1"])
def test_a_range_after_the_end_has_the_size(header: str) -> None:
    with pytest.raises(BadRange) as caught:
        parse(header, 256)
    assert (caught.value.reason, caught.value.content_range) == (BEYOND, "bytes */256")


def test_an_empty_file_is_sent_whole() -> None:
    assert parse("bytes=0-", 0) == []


def test_several_parts_are_framed_with_their_type_and_range() -> None:
    parts = [(Part(0, 1), b"ab"), (Part(4, 4), b"e")]
    assert multipart(parts, 5, "text/plain", "B") == (
        b"--B\r\nContent-Range: bytes 0-1/5\r\nContent-Type: text/plain\r\n\r\nab"
        b"\r\n--B\r\nContent-Range: bytes 4-4/5\r\nContent-Type: text/plain\r\n\r\ne"
        b"\r\n--B--\r\n"
    )


def test_the_length_of_a_multipart_body_is_known_without_its_bytes() -> None:
    parts = [(Part(0, 1), b"ab"), (Part(4, 4), b"e")]
    whole = multipart(parts, 5, "text/plain", "B")
    assert multipart_length([part for part, _ in parts], 5, "text/plain", "B") == len(whole)
