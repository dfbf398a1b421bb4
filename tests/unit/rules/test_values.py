from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.errors import RuleError
from pocketfiles.rules.values import inferred, json_text, number, text, well_formed


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
        (["a"], ""),
        ({"a": 1}, ""),
    ],
)
def test_a_value_is_written_without_exponent_and_point_zero(value: Any, expected: str) -> None:
    assert text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_the_number(value: float) -> None:
    assert float(text(value)) == value


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("5", 5.0),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+5", 5.0),
        ("1_000", 1000.0),
        ("1_0.0_1", 10.01),
        ("0x1p4", 16.0),
        ("0x_1P4", 16.0),
        ("-0X1.8p1", -3.0),
        ("inf", float("inf")),
        ("-Infinity", float("-inf")),
        ("1e-999", 0.0),
    ],
)
def test_a_number_is_read_as_go_reads_it(written: str, expected: float) -> None:
    assert number(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        " 5",
        "5 ",
        "x",
        ".",
        "+",
        "e5",
        "1e",
        "1__0",
        "_1",
        "1_",
        "1_.0",
        "1._0",
        "0x10",
        "0xp1",
        "0b1",
        "0o7",
        "1e999",
        "0x1p99999",
        "٣",
        "++5",
        "infin",
        "+nan",
    ],
)
def test_what_is_no_number_to_go_is_none(written: str) -> None:
    assert number(written) is None


def test_nan_is_a_number_to_go() -> None:
    found = number("NaN")
    assert found is not None
    assert found != found  # noqa: PLR0124 - only NaN differs from itself


@pytest.mark.parametrize("form", ["{}x", ".{}x", "1_{}_", "0x{}", "1e{}x", "{}."])
def test_a_million_digits_take_no_more_than_a_look_at_each(form: str) -> None:
    """With backtracking this would not end today."""
    assert number(form.format("1" * 1_000_000)) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("5", 5.0),
        ("-0.5", -0.5),
        ("5.0", "5.0"),
        ("007", "007"),
        ("1e3", "1e3"),
        ("", ""),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_form_value_is_a_boolean_or_number_only_if_it_is_exactly_that(
    written: str, expected: str | float
) -> None:
    found = inferred(written)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1.0, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (0.0, "0"),
        (-0.0, "-0"),
        ("<&>\u2028", r'"\u003c\u0026\u003e\u2028"'),
        ("é\n", r'"é\n"'),
        ([], "[]"),
    ],
)
def test_json_is_written_as_go_writes_it(value: Any, expected: str) -> None:
    assert json_text(value) == expected


def test_json_nested_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RuleError, match="nested too deep"):
        json_text(deep)


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert well_formed("a\ud800b😀") == "a�b😀"
