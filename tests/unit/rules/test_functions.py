import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.functions import check_call, geo_distance, strftime
from pocketfiles.rules.parser import parse
from pocketfiles.rules.query import Many, Operand, Parameter
from pocketfiles.rules.tree import Call
from tests.unit.rules.world import decide, document

FORMAT, TIME = Operand(":f", (Parameter("f"),)), Operand("t.date", rows=("t",))


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


def test_a_distance_is_strict_and_has_no_all_match() -> None:
    many = Operand("u.lon", rows=("u",), many=Many("i.lon", ()))
    found = geo_distance([many, TIME, FORMAT, TIME])
    assert (found.fallback, found.many, found.parameters) == ("never", None, FORMAT.parameters)
    assert found.rows == ("u", "t", "t")


@pytest.mark.parametrize(
    ("arguments", "kilometres"),
    [
        ("13.4, 52.5, 13.4, 52.5", (0, 0.001)),
        ("0, 0, 180, 0", (20_015, 20_016)),
        ("13.4, 52.5, 2.35, 48.85", (870, 890)),
    ],
)
def test_a_distance_is_in_kilometres(arguments: str, kilometres: tuple[float, float]) -> None:
    least, most = kilometres
    assert decide(f"geoDistance({arguments}) >= {least} && geoDistance({arguments}) <= {most}")


def test_a_distance_from_nowhere_is_null() -> None:
    assert decide("geoDistance(place.nope, 1, 2, 3) = null")


def test_a_formatted_time_may_be_null_and_has_all_match() -> None:
    many = Operand("u.date", rows=("u",), many=Many("i.date", ()))
    assert strftime([FORMAT]) == Operand("strftime(:f,:now)", FORMAT.parameters, fallback="always")
    assert strftime([FORMAT, many, FORMAT]) == Operand(
        "strftime(:f,u.date,:f)",
        FORMAT.parameters * 2,
        fallback="always",
        rows=("u",),
        many=Many("strftime(:f,i.date,:f)", (), FORMAT.parameters * 2),
    )


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("strftime('%Y-%m-%d')", "2026-11-23"),
        ("strftime('%F', 'NOW', '+1 day')", "2026-11-24"),
        ("strftime('%G-%V-%u %e|%k|%l|%I %p %P', date)", "2022-41-5 14|10|10|10 AM am"),
        ("strftime('%F', '2024-01-31', '+1 month', 'floor')", "2024-02-29"),
        ("strftime('%Y', 'bad')", ""),
    ],
)
def test_times_are_formatted_as_the_newest_sqlite_does(call: str, written: str) -> None:
    assert decide(f"{call} = '{written}'", document())
