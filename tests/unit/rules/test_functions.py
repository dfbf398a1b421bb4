import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.functions import (
    check_call,
    geo_distance,
    is_now,
    reads_like_new_sqlite,
    strftime,
)
from pocketfiles.rules.parser import parse
from pocketfiles.rules.query import Operand, Parameter
from pocketfiles.rules.tree import Call

FORMAT, TIME = Operand(":f", (Parameter("f"),)), Operand("j0.date")


def call(text: str) -> Call:
    found = parse(f"{text} = 1").comparisons[0].left
    assert isinstance(found, Call)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "geoDistance(1, a, b.c, -2)",
        "strftime('%Y')",
        "strftime('%Y', 'now')",
        "strftime('%Y', 1)",
        "strftime('%Y', a, '+1 day', 'utc')",
        "strftime('%Y', a, '1', '2', '3', '4', '5', '6', '7', '8')",
    ],
)
def test_a_good_call_passes(text: str) -> None:
    check_call(call(text))


@pytest.mark.parametrize(
    "text",
    [
        "geoDistance(1, 2, 3)",
        "geoDistance(1, 2, 3, 4, 5)",
        "geoDistance(1, 2, 3, '4')",
        "geoDistance(1, 2, 3, strftime('%s'))",
        "geodistance(1, 2, 3, 4)",
        "strftime()",
        "strftime(a)",
        "strftime('%Y', strftime('%Y'))",
        "strftime('%Y', a, b)",
        "strftime('%Y', a, 1)",
        "strftime('%Y', a, '1', '2', '3', '4', '5', '6', '7', '8', '9')",
        "nope()",
    ],
)
def test_a_bad_call_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        check_call(call(text))


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("'%Y'", True),
        ("'%Y', 'NOW'", True),
        ("'%Y', now", False),
        ("'%Y', 'x'", False),
        ("'%Y', a, 'now'", False),
    ],
)
def test_a_strftime_without_time_is_about_now(text: str, now: bool) -> None:
    assert is_now(call(f"strftime({text})")) is now


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("'%Y-%m-%d %H:%M:%f'", False),
        ("'%%F'", False),
        ("'%F'", True),
        ("'%Y%%%p'", True),
        ("'%Y', a, '+1 day'", False),
        ("'%Y', a, 'SUBSEC'", True),
        ("'%Y', a, '+0001-00-00'", True),
    ],
)
def test_what_old_sqlite_does_not_know_is_recognised(text: str, new: bool) -> None:
    assert reads_like_new_sqlite(call(f"strftime({text})")) is new


def test_a_distance_is_strict_and_has_no_all_match() -> None:
    many = Operand("j1.lon", many="SELECT 1 AS value")
    found = geo_distance([many, TIME, FORMAT, TIME])
    assert found == Operand(
        "geo_distance(j1.lon, j0.date, :f, j0.date)", FORMAT.parameters, strict=True
    )


def test_a_formatted_time_may_be_null_and_has_all_match() -> None:
    many = Operand("j1.date", many="SELECT 1 AS value")
    assert strftime([FORMAT], at_now=True) == Operand(
        "strftime(:f, :now)", FORMAT.parameters, nullable=True
    )
    assert strftime([FORMAT, many, FORMAT], at_now=False) == Operand(
        "strftime(:f, j1.date, :f)",
        FORMAT.parameters * 2,
        nullable=True,
        many="SELECT strftime(:f, times.value, :f) AS value FROM (SELECT 1 AS value) AS times",
    )
