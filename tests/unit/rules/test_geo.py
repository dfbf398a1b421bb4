import pytest

from pocketfiles.rules.geo import distance


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ((0, 0, 0, 0), 0.0),
        ((23.32, 42.69, -0.12, 51.5), 2019.0),
        (("23.32", " 42.69 ", "-1.2e-1", 51.5), 2019.0),
        ((0, 0, 180, 0), 20015.0),
    ],
)
def test_a_distance_is_in_kilometres(points: tuple[object, ...], expected: float) -> None:
    assert distance(*points) == pytest.approx(expected, abs=5)


@pytest.mark.parametrize("odd", [None, "", "x", "1x", "%5%", b"1", float("inf")])
def test_what_is_no_number_gives_null(odd: object) -> None:
    assert distance(0, odd, 0, 0) is None
    assert distance(odd, 0, 0, 0) is None


def test_a_cosine_rounded_past_one_gives_null_as_in_sqlite() -> None:
    assert any(distance(x / 7, y / 7, x / 7, y / 7) is None for x in range(60) for y in range(60))
