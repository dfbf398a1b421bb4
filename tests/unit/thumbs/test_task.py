import pytest

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import plan

PIXELS, OUTPUT = 1_000_000, 250_000


def refusal(head: Header, size: str) -> str:
    try:
        plan(head, parse(size), PIXELS, OUTPUT)
    except ThumbFailed as failed:
        return failed.reason
    return ""


@pytest.mark.parametrize(
    ("head", "size", "reason"),
    [
        (Header("PNG", 1000, 1000), "100x100", ""),
        (Header("PNG", 1001, 1000), "100x100", "too-many-pixels"),
        (Header("GIF", 1001, 1000), "100x100", "too-many-pixels"),
        (Header("WEBP", 1001, 1000), "100x100", "too-many-pixels"),
        (Header("JPEG", 2000, 2000), "100x100", ""),  # decoded at an eighth
        (Header("JPEG", 2001, 2000), "100x100", "too-many-pixels"),
        (Header("JPEG", 1400, 1400), "0x500f", ""),
        (Header("JPEG", 1001, 1000), "1000x250", "too-many-pixels"),  # not reduced at all
        (
            Header("JPEG", 1001, 1000, scans=2),
            "100x100",
            "too-many-pixels",
        ),  # progressive: kept whole
        (Header("JPEG", 1000, 1000, scans=16), "100x100", ""),
        (Header("JPEG", 1000, 1000, scans=17), "100x100", "too-many-pixels"),
        (Header("PNG", 1, 65_536), "10x10", "too-many-pixels"),
        (Header("PNG", 100, 100), "500x500", ""),
        (Header("PNG", 100, 100), "501x500", "thumb-too-large"),
        (Header("PNG", 1, 1000), "16x0", "thumb-too-large"),
        (Header("PNG", 1000, 1, orientation=6), "16x0", "thumb-too-large"),
    ],
)
def test_limits_count_what_would_be_decoded_and_made(head: Header, size: str, reason: str) -> None:
    assert refusal(head, size) == reason


@pytest.mark.parametrize(
    ("width", "scale"),
    [(50, 1), (100, 1), (249, 1), (250, 2), (499, 2), (500, 4), (999, 4), (1000, 8), (9999, 8)],
)
def test_a_jpeg_is_decoded_at_least_a_quarter_larger_than_its_thumb(width: int, scale: int) -> None:
    assert plan(Header("JPEG", width, 100), parse("100x0"), PIXELS, OUTPUT).scale == scale


def test_a_crop_needs_no_neighbours_and_a_part_of_a_whole_does() -> None:
    crop = plan(Header("PNG", 400, 200), parse("50x50"), PIXELS, OUTPUT)
    assert crop.needed(crop.box, (400, 200)) == (100, 0, 300, 200)
    part = plan(Header("PNG", 400, 50), parse("25x25"), PIXELS, OUTPUT)
    assert part.box == (174, 0, 224, 50)
    assert part.needed(part.box, (400, 50)) == (172, 0, 226, 50)


def test_a_picture_on_its_side_is_planned_upright() -> None:
    task = plan(Header("JPEG", 400, 200, orientation=6), parse("100x0"), PIXELS, OUTPUT)
    assert (task.box, task.target) == ((0, 0, 400, 200), (200, 100))


@pytest.mark.parametrize(
    ("head", "size", "expected"),
    [
        (Header("PNG", 400, 200), "50x50", (100, 0, 300, 200)),
        (Header("PNG", 401, 203), "100x0", None),  # by more than four
        (Header("PNG", 401, 203), "150x0", (0, 0, 401, 203)),
        (Header("PNG", 40, 20), "50x0", None),  # to be made larger
        (Header("PNG", 400, 50), "25x25", None),  # resized, then trimmed: neighbours shine in
        (Header("JPEG", 801, 402), "100x0", (0, 0, 200, 100)),  # at a quarter: 200.25 × 100.5
        (Header("JPEG", 1002, 402), "100x100", (150, 0, 351, 201)),  # at a half: 150 to 351
    ],
)
def test_whole_pixels_are_taken_where_they_are_exact_enough(
    head: Header, size: str, expected: tuple[int, int, int, int] | None
) -> None:
    task = plan(head, parse(size), PIXELS, OUTPUT)
    assert task.whole_box((head.width // task.scale, head.height // task.scale)) == expected
