from typing import Any

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.body import parse_body

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", {}),
        ("{}", {}),
        (' \r\n\t{"a": 1}', {"a": 1.0}),
        ("null", {}),
        ('{"a":1} trailing', {"a": 1.0}),
        ('{"a":1}{"a":2}', {"a": 1.0}),
        ('{"a":1,"a":2}', {"a": 2.0}),
        ('{"a":-0,"b":1.0}', {"a": 0.0, "b": 1.0}),
        (r'{"a":"\ud800","b":["\udc00"]}', {"a": "�", "b": ["�"]}),
        ('{"a":{"b":[true,null]}}', {"a": {"b": [True, None]}}),
    ],
)
def test_json_is_read_up_to_the_end_of_its_first_value(body: str, expected: dict[str, Any]) -> None:
    assert parse_body(body.encode(), "application/json; charset=utf-8", "") == expected


def test_every_number_is_a_float() -> None:
    value = parse_body(b'{"a":5}', "application/json", "")["a"]
    assert isinstance(value, float)


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert parse_body(b'{"a":"\xff"}', "application/json", "") == {"a": "�"}


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '"a"',
        "5",
        "x",
        '{"a":1,}',
        "{'a':1}",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":1e400}',
        '{"a":' + "9" * 400 + "}",
        '{"a":' + "9" * 10_000 + "}",
        '{"a":01}',
        '{"a":"\n"}',
        "\ufeff{}",
        '{"a":' + "[" * 100_000,
    ],
)
def test_json_that_pocketbase_cannot_read_is_refused(body: str) -> None:
    with pytest.raises(RuleError):
        parse_body(body.encode(), "application/json", "")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "APPLICATION/JSON", "application/problem+json", "multipart/form-data"],
)
def test_a_body_of_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(RuleError, match="unknown type"):
        parse_body(b"{}", content_type, "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("a=x&b", {"a": "x", "b": ""}),
        ("a=1&a=true&a=%C3%A9+", {"a": [1.0, True, "é "]}),
        ("a=1&&b=%20", {"a": 1.0, "b": " "}),
        ('a=1&@jsonPayload={"a":"2","b":[3]}', {"a": "2", "b": [3.0]}),
        ("@jsonPayload=null", {}),
    ],
)
def test_the_values_of_a_form_are_those_of_the_query(query: str, expected: dict[str, Any]) -> None:
    assert parse_body(b"a=ignored", FORM, query) == expected


@pytest.mark.parametrize("query", ["a;b=1", "a=%", "a=%4", "%zz=1", "@jsonPayload={}x"])
def test_a_form_with_a_query_that_go_refuses_is_refused(query: str) -> None:
    with pytest.raises(RuleError):
        parse_body(b"a=1", FORM, query)
