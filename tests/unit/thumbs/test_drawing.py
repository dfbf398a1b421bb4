from collections.abc import Callable

import pytest
from PIL import Image

from pocketfiles.thumbs.drawing import is_drawing, sample
from tests.unit.thumbs.drawings import DRAWINGS, SIZE, photograph


@pytest.mark.parametrize("kind", DRAWINGS)
def test_a_drawing_is_told_by_its_pixels(kind: str) -> None:
    assert is_drawing(sample(DRAWINGS[kind]()))


@pytest.mark.parametrize("take", [photograph, lambda: photograph().convert("L").convert("RGB")])
def test_a_photograph_is_told_by_its_pixels(take: Callable[[], Image.Image]) -> None:
    assert is_drawing(sample(take())) is False


def test_what_is_behind_transparent_pixels_does_not_count() -> None:
    picture = photograph().convert("RGBA")
    picture.putalpha(0)
    assert is_drawing(sample(picture))


def test_a_photograph_in_a_small_part_of_a_picture_tells_nothing() -> None:
    picture = Image.new("RGB", SIZE, "white")
    part = (200, 150, 340, 260)
    picture.paste(photograph().crop(part), part)
    assert is_drawing(sample(picture)) is None


def test_a_sample_has_no_more_pixels_than_the_picture() -> None:
    assert sample(photograph()).size == (16, 256)
    assert sample(Image.new("RGB", (20, 200))).size == (5, 80)
    assert sample(Image.new("RGB", (1, 1))).size == (1, 16)
