import pytest

from pocketfiles.rules.like import pattern


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
