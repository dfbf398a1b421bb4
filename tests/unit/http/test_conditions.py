from datetime import UTC, datetime

import pytest

from pocketfiles.http import conditions

MODIFIED = datetime(2026, 11, 23, 17, 49, 22, tzinfo=UTC)
SAME = "Mon, 23 Nov 2026 17:49:22 GMT"
BEFORE = "Mon, 01 Jan 1990 00:00:00 GMT"
AFTER = "Mon, 01 Jan 2035 00:00:00 GMT"


def test_a_date_is_written_in_gmt_and_whole_seconds() -> None:
    assert conditions.http_date(MODIFIED.replace(microsecond=999_999)) == SAME


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("1994-11-06", None),
        ("", None),
        ("junk", None),
        ("Sun, 6 Nov 1994 08:49:37 GMT", None),
        ("Sunday, 6-Nov-94 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 gmt", None),
        ("Sun, 06 Nov 1994 08:49:60 GMT", None),
        ("sun, 06 nov 1994 08:49:37 GMT", 784111777),
        ("Sun,  06  Nov 1994 8:49:37.5 GMT", 784111777),
        ("Sun, 06 Nov 1994 08:49:37,25 GMT", 784111777),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:00:00 GMT", None),
    ],
)
def test_the_three_date_formats_are_parsed(text: str, seconds: int | None) -> None:
    assert conditions.parse_date(text) == seconds


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": '"a"'}, 200),
        ({"if-match": '"x", "a"'}, 200),
        ({"if-match": 'W/"a"'}, 412),
        ({"if-match": '"b"'}, 412),
        ({"if-match": "junk"}, 412),
        ({"if-match": ""}, 200),
        ({"if-match": "", "if-unmodified-since": BEFORE}, 412),
        ({"if-none-match": "", "if-modified-since": SAME}, 304),
        ({"if-match": "*", "if-unmodified-since": BEFORE}, 200),
        ({"if-unmodified-since": SAME}, 200),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": "junk"}, 200),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"a"'}, 304),
        ({"if-none-match": 'W/"a"'}, 304),
        ({"if-none-match": '"b" , "a"'}, 304),
        ({"if-none-match": '"b", junk, "a"'}, 200),
        ({"if-none-match": '"b" "a"'}, 304),
        ({"if-none-match": '"b", *'}, 304),
        ({"if-none-match": "junk, *"}, 200),
        ({"if-match": '*, "b"'}, 200),
        ({"if-match": '"b",, *'}, 200),
        ({"if-match": "junk *"}, 412),
        ({"if-none-match": '"b"', "if-modified-since": SAME}, 200),
        ({"if-none-match": "junk", "if-modified-since": SAME}, 200),
        ({"if-modified-since": SAME}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": BEFORE}, 200),
        ({"if-modified-since": "junk"}, 200),
        ({"if-match": '"b"', "if-none-match": "*"}, 412),
        ({"if-match": "*", "if-none-match": "*"}, 304),
    ],
)
def test_preconditions_are_evaluated_in_order(headers: dict[str, str], status: int) -> None:
    assert conditions.outcome(headers, '"a"', MODIFIED) == status


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
def test_date_conditions_do_not_apply_without_a_date(name: str) -> None:
    assert conditions.outcome({name: BEFORE}, '"a"', None) == 200


@pytest.mark.parametrize(
    ("if_range", "honoured"),
    [
        (None, True),
        ('"a"', True),
        ('W/"a"', False),
        ('"b"', False),
        (SAME, True),
        (BEFORE, False),
        ("x", False),
    ],
)
def test_if_range_needs_the_same_etag_or_the_same_date(
    if_range: str | None, honoured: bool
) -> None:
    assert conditions.honours_range(if_range, '"a"', MODIFIED) is honoured


def test_a_long_list_of_etags_is_parsed_to_its_end() -> None:
    assert conditions.outcome({"if-none-match": '"x",' * 2000 + '"a"'}, '"a"', MODIFIED) == 304
    assert conditions.outcome({"if-none-match": " " * 9000 + "!"}, '"a"', MODIFIED) == 200
