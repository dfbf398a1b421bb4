import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.rules.like import pattern, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a__b", r"%a_\_b%"),
        ("a___b", r"%a\__\_b%"),
        (r"a\_b", r"%a\_b%"),
        ("_", r"%\_%"),
        ("%_%", "%_%"),
        ("", "%%"),
        ("%", "%"),
        (r"\%", r"%\%%"),
        (r"\\%", r"\\%"),
        ("x", "%x%"),
        ("x\\", "%x\\\\%"),
        (5.0, "%5%"),
        (True, "%true%"),
        (None, "%%"),
    ],
)
def test_a_value_becomes_a_pattern(value: str | float | None, expected: str) -> None:
    assert pattern(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-0.5, "-0.5"),
        (100.0, "100"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_a_value_is_written_without_exponent_and_point_zero(
    value: str | float | None, expected: str
) -> None:
    assert text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_the_number(value: float) -> None:
    assert float(text(value)) == value
