import pytest

from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.size import parse
from pocketfiles.thumbs.task import plan


@pytest.mark.parametrize(
    ("width", "scale"),
    [(50, 1), (100, 1), (249, 1), (250, 2), (499, 2), (500, 4), (999, 4), (1000, 8), (9999, 8)],
)
def test_a_jpeg_is_decoded_at_least_a_quarter_larger_than_its_thumb(width: int, scale: int) -> None:
    assert plan(Header("JPEG", width, 100), parse("100x0")).scale == scale


def test_a_crop_needs_no_neighbours_and_a_part_of_a_whole_does() -> None:
    crop = plan(Header("PNG", 400, 200), parse("50x50"))
    assert crop.needed(crop.box, (400, 200)) == (100, 0, 300, 200)
    part = plan(Header("PNG", 400, 50), parse("25x25"))
    assert part.box == (174, 0, 224, 50)
    assert part.needed(part.box, (400, 50)) == (172, 0, 226, 50)


def test_a_picture_on_its_side_is_planned_upright() -> None:
    task = plan(Header("JPEG", 400, 200, orientation=6), parse("100x0"))
    assert (task.box, task.target) == ((0, 0, 400, 200), (200, 100))


@pytest.mark.parametrize(
    ("head", "size", "expected"),
    [
        (Header("PNG", 400, 200), "50x50", (100, 0, 300, 200)),
        (Header("PNG", 401, 203), "100x0", (0, 0, 401, 203)),
        (Header("PNG", 401, 203), "150x0", (0, 0, 401, 203)),
        (Header("PNG", 40, 20), "50x0", None),  # to be made larger
        (Header("PNG", 400, 200), "7x7", None),  # the edge would count for too much
        (Header("PNG", 400, 50), "25x25", None),  # resized, then trimmed: neighbours shine in
        (Header("JPEG", 801, 402), "100x0", (0, 0, 200, 100)),  # at a quarter: 200.25 × 100.5
        (Header("JPEG", 1002, 402), "100x100", (150, 0, 351, 201)),  # at a half: 150 to 351
    ],
)
def test_whole_pixels_are_taken_where_they_are_exact_enough(
    head: Header, size: str, expected: tuple[int, int, int, int] | None
) -> None:
    task = plan(head, parse(size))
    assert task.whole_box((head.width // task.scale, head.height // task.scale)) == expected


@pytest.mark.parametrize(
    ("header", "size", "is_held_whole"),
    [
        (Header("PNG", 800, 600), "640x480f", True),
        (Header("PNG", 800, 600), "300x300", True),  # half as large
        (Header("PNG", 800, 600), "299x299", False),
        (Header("PNG", 2048, 2048), "1500x1500", True),
        (Header("PNG", 2049, 2048), "1500x1500", False),
        (Header("JPEG", 800, 600), "640x480f", False),
    ],
)
def test_a_small_png_that_shrinks_little_is_held_whole(
    header: Header, size: str, is_held_whole: bool
) -> None:
    assert plan(header, parse(size)).is_held_whole is is_held_whole


@pytest.mark.parametrize(
    ("header", "shrink"),
    [
        (Header("WEBP", 1000, 1000), 8),
        (Header("WEBP", 1000, 1000, has_alpha=True), 1),
        (Header("WEBP", 1000, 1000, lossless=True, stream=bytes(900_000)), 8),  # a photograph
        (Header("WEBP", 1000, 1000, lossless=True, stream=bytes(400_000)), 1),
        (Header("WEBP", 1000, 1000, lossless=True, drawn=True, stream=bytes(400_000)), 8),
        (Header("WEBP", 5000, 4000, lossless=True, stream=bytes(400_000)), 32),
    ],
)
def test_libwebp_decodes_all_pixels_where_they_have_to_tell_what_the_picture_is(
    header: Header,
    shrink: int,
) -> None:
    assert plan(header, parse("100x100")).libwebp_shrink == shrink
