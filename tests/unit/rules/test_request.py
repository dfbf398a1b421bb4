from typing import Any

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.request import (
    NULL,
    RequestValue,
    RuleRequest,
    request_value,
    request_values,
    split_modifier,
)
from tests.unit.rules.world import ADA, BOB, DOCUMENTS, request

DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


def seen(name: str, asked: RuleRequest) -> RequestValue:
    return request_value(name, asked, DOCUMENTS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("@request.context", RequestValue("value", "protectedFile")),
        ("@request.method", RequestValue("value", "GET")),
        ("@request.query.a", RequestValue("value", "x")),
        ("@request.query.b", RequestValue("empty", "")),
        ("@request.query.c", NULL),
        ("@request.query.a.b", NULL),
        ("@request.query.a:isset", RequestValue("true")),
        ("@request.query.b:isset", RequestValue("true")),
        ("@request.query.c:isset", RequestValue("false")),
        ("@request.query.a:lower", RequestValue("value", "x")),
        ("@request.query.a:lower:x", NULL),
        ("@request.query.number", RequestValue("value", 5.0)),
        ("@request.headers.x_token", RequestValue("value", "t")),
        ("@request.headers.cf_connecting_ip", RequestValue("value", "::1")),
        ("@request.headers.host", NULL),
    ],
)
def test_query_headers_method_and_context(name: str, expected: RequestValue) -> None:
    asked = request(
        query={"a": "x", "b": "", "number": "5"},
        headers={"X-Token": "t", "x-TOKEN": "second", "Host": "h", "CF-Connecting--IP": "::1"},
    )
    assert seen(name, asked) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("5", 5.0),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("+Inf", float("inf")),
        ("1e999", "1e999"),
        ("1_000", 1000.0),
        ("0x1p4", 16.0),
        ("0x10", "0x10"),
        ("1__0", "1__0"),
        (" 5", " 5"),
        ("٣", "٣"),
        ("x", "x"),
    ],
)
def test_a_text_under_the_name_of_a_number_field_becomes_a_number(
    sent: str, expected: str | float
) -> None:
    assert seen("@request.query.number", request(query={"number": sent})) == RequestValue(
        "value", expected
    )


@pytest.mark.parametrize(
    ("name", "ada", "bob"),
    [
        ("@request.auth.id", RequestValue("value", "ada"), RequestValue("value", "bob")),
        (
            "@request.auth.collectionId",
            RequestValue("value", "users_id"),
            RequestValue("value", "users_id"),
        ),
        (
            "@request.auth.collectionName",
            RequestValue("value", "users"),
            RequestValue("value", "users"),
        ),
        ("@request.auth.email", RequestValue("value", "ada@files.test"), RequestValue("empty", "")),
        (
            "@request.auth.emailVisibility",
            RequestValue("value", True),
            RequestValue("value", False),
        ),
        ("@request.auth.verified", RequestValue("value", True), RequestValue("value", False)),
        ("@request.auth.id:isset", RequestValue("record", "ada"), RequestValue("record", "bob")),
        ("@request.auth.level", RequestValue("record", "ada"), RequestValue("record", "bob")),
        ("@request.auth.boss.id", RequestValue("record", "ada"), RequestValue("record", "bob")),
    ],
)
def test_a_value_is_read_from_the_tokens_owner(
    name: str, ada: RequestValue, bob: RequestValue
) -> None:
    assert (seen(name, request(ADA)), seen(name, request(BOB))) == (ada, bob)
    assert seen(name, request()) == NULL


def test_a_token_owner_without_a_collection_is_a_guest() -> None:
    assert seen("@request.auth.id", RuleRequest("GET", auth=ADA)) == NULL


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a", {"a": 1}, RequestValue("value", 1.0)),
        ("a", {"a": True}, RequestValue("value", True)),
        ("a", {"a": None}, NULL),
        ("a:isset", {"a": None}, RequestValue("true")),
        ("a.0.b", {"a": [{"b": "x"}]}, RequestValue("value", "x")),
        ("a.1", {"a": [1]}, NULL),
        ("a.9999999999999999999999", {"a": [1]}, NULL),
        (
            "a",
            {"a": {"z": 2.0, "b": [1.5, None, "<&>"]}},
            RequestValue("value", r'{"b":[1.5,null,"\u003c\u0026\u003e"],"z":2}'),
        ),
        ("number", {"number": "7"}, RequestValue("value", 7.0)),
        ("text", {"text": "x"}, RequestValue("value", "x")),
        ("text.a", {"text": {"a": "x"}}, RequestValue("value", "x")),
        ("text:lower", {"text": "X"}, RequestValue("value", "X")),
        ("text:lower", {}, RequestValue("empty", "")),
        ("text:lower", {"text": 2.0}, RequestValue("value", "2")),
        ("text:lower", {"text": ["X"]}, RequestValue("empty", "")),
        ("files:length", {"files": ["a", "b"]}, RequestValue("2")),
        ("files:length", {"files": "a"}, RequestValue("1")),
        ("files:length", {}, RequestValue("0")),
        ("files:each", {"files": ["a", "b"]}, RequestValue("value", '["a","b"]')),
        ("text:changed", {}, RequestValue("changed")),
        ("rel_one.name", {"rel_one": "ada"}, RequestValue("record", '["ada"]')),
        (
            "rel_many.name",
            {"rel_many": ["ada", "bob", "ada", "", 5.0, None]},
            RequestValue("record", '["ada","bob","5"]'),
        ),
        ("rel_many.name", {"rel_many": '["ada"]'}, RequestValue("record", '["ada"]')),
        ("rel_many.name", {"rel_many": '["ada",null]'}, RequestValue("record", '["ada"]')),
        (
            "rel_many.name",
            {"rel_many": '["ada",5]'},
            RequestValue("record", r'["ada","[\"ada\",5]"]'),
        ),
        ("rel_many.name", {"rel_many": "[ada"}, RequestValue("record", '["[ada"]')),
        ("rel_many.name", {"rel_many": '{"a":[1]}'}, RequestValue("record", r'["{\"a\":[1]}"]')),
        ("rel_many.name", {"rel_many": [1, {"x": 1}]}, RequestValue("record", '["1"]')),
        ("rel_many.name", {}, NULL),
    ],
)
def test_a_value_is_read_from_the_body(
    name: str, body: dict[str, Any], expected: RequestValue
) -> None:
    assert seen("@request.body." + name, request(body=body)) == expected


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("query", {}),
        ("headers", {}),
        ("body", {}),
        ("query.a:each", {}),
        ("headers.a:length", {}),
        ("query.a:changed", {}),
        ("query.a:nope", {}),
        ("body.a:each", {}),
        ("body.a:nope", {}),
        ("body.text:each", {}),
        ("body.text:length", {}),
        ("body.a", {"a": DEEP}),
    ],
)
def test_what_does_not_fit_is_a_rule_error(name: str, body: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        seen("@request." + name, request(body=body))


def test_changed_stands_for_three_operands() -> None:
    found = request_values(["@request.body.text:changed"], request(body={"text": "x"}), DOCUMENTS)
    assert found == {
        "@request.body.text:changed": RequestValue("changed"),
        "@request.body.text": RequestValue("value", "x"),
        "@request.body.text:isset": RequestValue("true"),
    }


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("a", ("a", "")),
        ("a:lower", ("a", "lower")),
        ("a:b:c", ("a:b:c", "")),
        (":each", ("", "each")),
    ],
)
def test_a_modifier_is_what_follows_the_only_colon(part: str, expected: tuple[str, str]) -> None:
    assert split_modifier(part) == expected
