import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.thumbs.geometry import Plan, plan, result_size, source_box, stored_box
from pocketfiles.thumbs.size import ThumbSize, parse

side = st.integers(1, 3000)


@pytest.mark.parametrize(
    ("source", "size", "result"),
    [  # pocketbase.md §12
        ((300, 200), "10x0", (10, 7)),
        ((300, 200), "0x10", (15, 10)),
        ((300, 200), "40x20f", (30, 20)),
        ((300, 200), "100x100f", (100, 66)),
        ((300, 200), "0x1", (2, 1)),
        ((300, 200), "300x100", (300, 100)),
        ((60, 40), "100x100f", (60, 40)),
        ((60, 40), "3000x3000", (3000, 3000)),
        ((3, 1), "10x0", (10, 3)),
        ((3, 1), "0x10", (30, 10)),
        ((3, 1), "40x20f", (3, 1)),
        ((1000, 10), "10x0", (10, 1)),
        ((1000, 10), "0x1", (100, 1)),
        ((1000, 10), "40x20f", (40, 1)),
        ((7, 500), "0x10", (1, 10)),
        ((7, 500), "40x20f", (1, 20)),
        ((7, 500), "10x0", (10, 714)),
    ],
)
def test_a_thumb_is_as_large_as_pocketbase_makes_it(
    source: tuple[int, int], size: str, result: tuple[int, int]
) -> None:
    assert result_size(*source, plan(*source, parse(size))) == result


@pytest.mark.parametrize(
    ("source", "size", "steps"),
    [
        ((400, 200), "100x100", Plan(crop=(100, 0, 300, 200), resize=(100, 100))),
        ((200, 400), "100x100", Plan(crop=(0, 100, 200, 300), resize=(100, 100))),
        ((200, 400), "100x100t", Plan(crop=(0, 0, 200, 200), resize=(100, 100))),
        ((200, 400), "100x100b", Plan(crop=(0, 200, 200, 400), resize=(100, 100))),
        ((200, 200), "100x100", Plan(resize=(100, 100))),
        ((201, 100), "100x100", Plan(crop=(50, 0, 150, 100))),
        ((99, 200), "50x50", Plan(resize=(50, 101), trim=(0, 25, 50, 75))),
        ((99, 200), "50x50t", Plan(resize=(50, 101), trim=(0, 0, 50, 50))),
        ((99, 200), "50x50b", Plan(resize=(50, 101), trim=(0, 51, 50, 101))),
        ((120, 80), "120x40", Plan(trim=(0, 20, 120, 60))),
        ((120, 80), "120x80", Plan()),
        ((120, 80), "120x80f", Plan()),
        ((120, 80), "0x80", Plan()),
        ((120, 80), "60x0t", Plan(resize=(60, 40))),
    ],
)
def test_large_pictures_are_cropped_first_and_small_ones_last(
    source: tuple[int, int], size: str, steps: Plan
) -> None:
    assert plan(*source, parse(size)) == steps


@given(side, side, side, side, st.sampled_from(["", "t", "b"]))
def test_a_filled_rectangle_is_full_and_from_inside_the_picture(
    w: int, h: int, tw: int, th: int, mode: str
) -> None:
    steps = plan(w, h, parse(f"{tw}x{th}{mode}"))
    assert result_size(w, h, steps) == (tw, th)
    left, top, right, bottom = source_box(w, h, steps)
    assert 0 <= left < right <= w + 1e-6
    assert 0 <= top < bottom <= h + 1e-6


@given(side, side, side, side)
def test_a_fitted_picture_is_inside_and_never_enlarged(w: int, h: int, tw: int, th: int) -> None:
    width, height = result_size(w, h, plan(w, h, ThumbSize(tw, th, "f")))
    assert 1 <= width <= min(w, tw)
    assert 1 <= height <= min(h, th)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, (0, 0, 3, 2)),
        (2, (7, 0, 10, 2)),
        (3, (7, 4, 10, 6)),
        (4, (0, 4, 3, 6)),
        (5, (0, 0, 2, 3)),
        (6, (0, 3, 2, 6)),
        (7, (8, 3, 10, 6)),
        (8, (8, 0, 10, 3)),
    ],
)
def test_the_upper_left_of_the_upright_picture_is_found_in_the_stored_one(
    orientation: int, stored: tuple[int, int, int, int]
) -> None:
    assert stored_box((0, 0, 3, 2), 10, 6, orientation) == stored
