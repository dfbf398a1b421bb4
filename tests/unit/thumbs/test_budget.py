import pytest

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.budget import check
from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.geometry import Box
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import plan

OPTIONS = ThumbOptions(max_pixels=1_000_000, max_output_pixels=250_000)


def refusal(header: Header, size: str, options: ThumbOptions = OPTIONS) -> str:
    try:
        check(plan(header, parse(size)), options)
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
        (Header("JPEG", 1000, 1000, scans=17), "100x100", ""),
        (Header("JPEG", 1000, 1000, scans=18), "100x100", "too-many-pixels"),
        (Header("JPEG", 500, 500, scans=23), "100x100", ""),
        (Header("JPEG", 500, 500, scans=24), "100x100", "too-many-pixels"),
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
    ("format", "longest"), [("JPEG", 65_500), ("PNG", 65_535), ("GIF", 65_535), ("WEBP", 16_383)]
)
def test_a_thumb_is_no_longer_than_its_format_allows(format: str, longest: int) -> None:
    header = Header(format, 100, 1)  # type: ignore[arg-type]
    assert refusal(header, f"{longest}x1", ThumbOptions()) == ""
    assert refusal(header, f"{longest + 1}x1", ThumbOptions()) == "thumb-too-large"


SIDE = 7000


@pytest.mark.parametrize(
    ("header", "megabytes"),
    [
        (Header("PNG", SIDE, SIDE), 36),
        (Header("PNG", SIDE, SIDE, depth=16, channels=4), 62),
        (Header("PNG", SIDE, SIDE, interlaced=True), 172),
        (Header("PNG", SIDE, SIDE, depth=16, channels=4, interlaced=True), 426),
        (Header("PNG", SIDE, SIDE, frame=Box(0, 0, SIDE, SIDE - 1)), 490),
        (Header("JPEG", SIDE, SIDE), 1),
        (Header("JPEG", SIDE, SIDE, scans=9, samples_per_pixel=1.5), 150),
        (Header("JPEG", SIDE, SIDE, scans=9, samples_per_pixel=3), 295),
        (Header("WEBP", SIDE, SIDE), 1),
        (Header("WEBP", SIDE, SIDE, has_alpha=True), 295),
        (Header("WEBP", SIDE, SIDE, lossless=True), 195),
        (Header("WEBP", SIDE, SIDE, lossless=True, has_alpha=True), 390),
    ],
)
def test_memory_is_what_the_formats_decoder_takes(header: Header, megabytes: int) -> None:
    def options(limit: float) -> ThumbOptions:
        return ThumbOptions(max_memory=int(limit * 1_000_000))

    assert refusal(header, "100x100", options(1.1 * megabytes + 5)) == ""
    assert megabytes == 1 or refusal(header, "100x100", options(0.9 * megabytes)) != ""


@pytest.mark.parametrize(
    ("width", "height", "depth", "size", "reason"),
    [
        (65_535, 915, 16, "14000x900f", "too-many-pixels"),
        (65_535, 915, 16, "1000x800f", "too-many-pixels"),
        (65_535, 915, 8, "14000x900f", "too-many-pixels"),
        (65_535, 915, 8, "300x300", ""),
        (32_767, 1830, 8, "1000x800f", ""),
        (65_535, 100, 16, "1000x800f", ""),
        (16_383, 3660, 16, "14000x900f", ""),
        (16_383, 3660, 16, "300x300", ""),
    ],
)
def test_long_rows_take_memory_as_well(
    width: int, height: int, depth: int, size: str, reason: str
) -> None:
    header = Header("PNG", width, height, depth=depth, channels=4, has_alpha=True)
    assert refusal(header, size, ThumbOptions()) == reason


def test_a_picture_that_is_held_whole_takes_memory_for_all_its_rows() -> None:
    header = Header("PNG", 2048, 2048, depth=16, channels=4)
    by_rows = ThumbOptions(max_memory=40_000_000)
    assert refusal(header, "100x100", by_rows) == ""
    assert refusal(header, "1024x0", by_rows) == "too-many-pixels"
    assert refusal(header, "1024x0", ThumbOptions(max_memory=80_000_000)) == ""


def test_a_thumb_takes_memory_as_well() -> None:
    header = Header("PNG", 100, 100)
    assert refusal(header, "4000x4000", ThumbOptions(max_memory=200_000_000)) == "thumb-too-large"
    assert refusal(header, "1000x1000", ThumbOptions(max_memory=200_000_000)) == ""
