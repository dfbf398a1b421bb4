import base64
from typing import Any

import pytest

from local.gateway import (
    BODY_LIMIT,
    HEADER_LIMIT,
    PAYLOAD_LIMIT,
    BadResult,
    Headers,
    Request,
    answer_of,
    event_of,
    exceeded,
    refusal,
)
from local.routing import Match, read_target
from local.template import Route

NOW = 1_700_000_000.25
ROUTE = Route("GET /files/{name}", "f")


def made(request: Request, match: Match | None = None) -> dict[str, Any]:
    return event_of(request, read_target(request.target), match or Match(ROUTE), "id-1", NOW)


def test_an_event_has_every_key_of_payload_2_0() -> None:
    request = Request(
        "GET",
        "/files/a%20b?x=1",
        (("Host", "api.example.test"), ("User-Agent", "curl/8")),
        source_ip="203.0.113.7",
    )
    assert made(request, Match(ROUTE, {"name": "a b"})) == {
        "version": "2.0",
        "routeKey": "GET /files/{name}",
        "rawPath": "/files/a b",
        "rawQueryString": "x=1",
        "headers": {
            "content-length": "0",
            "host": "api.example.test",
            "user-agent": "curl/8",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"x": "1"},
        "pathParameters": {"name": "a b"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "api.example.test",
            "domainPrefix": "api",
            "http": {
                "method": "GET",
                "path": "/files/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8",
            },
            "requestId": "id-1",
            "routeKey": "GET /files/{name}",
            "stage": "$default",
            "time": "14/Nov/2023:22:13:20 +0000",
            "timeEpoch": 1_700_000_000_250,
        },
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("sent", "name", "value"),
    [
        ((("X-Test", "1"),), "x-test", "1"),
        ((("X-Test", "1"), ("x-test", "2")), "x-test", "1,2"),
        (
            (("X-Forwarded-For", "10.0.0.1, 10.0.0.2"),),
            "x-forwarded-for",
            "10.0.0.1, 10.0.0.2, 127.0.0.1",
        ),
        ((("Content-Length", "7"),), "content-length", "0"),
        ((("X-A", "Ã©"),), "x-a", "é"),
        ((("X-A", "\xe9"),), "x-a", "é"),
        ((("Cookie", "a=1"),), "cookie", None),
    ],
)
def test_headers_are_lower_case_and_joined(sent: Headers, name: str, value: str | None) -> None:
    assert made(Request("GET", "/", sent))["headers"].get(name) == value


@pytest.mark.parametrize(
    ("sent", "cookies"),
    [
        ((), None),
        ((("Cookie", "a=1; b=2"),), ["a=1", "b=2"]),
        ((("Cookie", "a=1"), ("cookie", "b=2;")), ["a=1", "b=2"]),
    ],
)
def test_cookies_become_a_list_of_their_own(sent: Headers, cookies: list[str] | None) -> None:
    assert made(Request("GET", "/", sent)).get("cookies") == cookies


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", None),
        ("x=1&x=2&y=", {"x": "1,2", "y": ""}),
        ("a+b=c%20d", {"a b": "c d"}),
        ("flag", {"flag": ""}),
    ],
)
def test_query_parameters_are_decoded_and_joined_but_the_raw_query_stays(
    query: str, parameters: dict[str, str] | None
) -> None:
    event = made(Request("GET", f"/?{query}"))
    assert (event["rawQueryString"], event.get("queryStringParameters")) == (query, parameters)


@pytest.mark.parametrize(
    ("body", "content_type", "sent", "encoded"),
    [
        (b"", "", None, False),
        (b'{"a": 1}', "application/json", '{"a": 1}', False),
        ("é".encode(), "text/plain; charset=utf-8", "é", False),
        (b"{}", "application/problem+json", "{}", False),
        (b"plain", "", "plain", False),
        (b"\xff", "", "/w==", True),
        (b"\xff", "text/plain", "/w==", True),
        (b"a=1", "application/x-www-form-urlencoded", "YT0x", True),
        (b"\x89PNG", "image/png", "iVBORw==", True),
    ],
)
def test_a_body_that_is_not_text_is_base64(
    body: bytes, content_type: str, sent: str | None, encoded: bool
) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()
    event = made(Request("POST", "/", headers, body))
    assert (event.get("body"), event["isBase64Encoded"]) == (sent, encoded)


LINE = len("GET / HTTP/1.1")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("GET", "/", (("X", "v" * (HEADER_LIMIT - LINE)),)), None),
        (Request("GET", "/", (("X", "v" * (HEADER_LIMIT - LINE + 1)),)), 431),
        (Request("GET", "/" + "p" * (HEADER_LIMIT - LINE)), None),
        (Request("GET", "/" + "p" * (HEADER_LIMIT - LINE + 1)), 431),
        (Request("POST", "/", (), bytes(BODY_LIMIT)), None),
        (Request("POST", "/", (), bytes(BODY_LIMIT + 1)), 413),
    ],
    ids=["headers", "headers too large", "path", "path too long", "body", "body too large"],
)
def test_a_request_beyond_a_limit_is_refused(request_: Request, status: int | None) -> None:
    assert exceeded(request_) == status


def test_the_gateways_own_answer_is_a_json_message() -> None:
    answer = refusal(500)
    assert answer.body == b'{"message":"Internal Server Error"}'
    assert answer.headers == (("Content-Type", "application/json"), ("Content-Length", "35"))


PNG = base64.b64encode(b"\x89PNG").decode()


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        (
            {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "é"},
            200,
            {"content-type": "text/plain", "Content-Length": "2"},
            "é".encode(),
        ),
        (
            {
                "statusCode": 200,
                "headers": {"content-type": "image/png"},
                "body": PNG,
                "isBase64Encoded": True,
            },
            200,
            {"content-type": "image/png", "Content-Length": "4"},
            b"\x89PNG",
        ),
        (
            {"statusCode": 200, "body": "x"},
            200,
            {"Content-Type": "application/json", "Content-Length": "1"},
            b"x",
        ),
        (
            {"statusCode": 302, "headers": {"location": "/x"}},
            302,
            {"location": "/x", "Content-Length": "0"},
            b"",
        ),
        (
            {"statusCode": 200, "headers": {"Content-Length": "9"}, "body": ""},
            200,
            {"Content-Length": "0"},
            b"",
        ),
        (
            {"statusCode": 204, "headers": {"vary": "Origin"}, "body": "x"},
            204,
            {"vary": "Origin"},
            b"",
        ),
        ({"statusCode": 304, "headers": {"etag": '"a"'}, "body": ""}, 304, {"etag": '"a"'}, b""),
        (
            {"statusCode": 200, "cookies": ["a=1"]},
            200,
            {"Set-Cookie": "a=1", "Content-Length": "0"},
            b"",
        ),
        ({"statusCode": 200, "headers": {"age": 3}}, 200, {"age": "3", "Content-Length": "0"}, b""),
        (
            {"statusCode": 200, "headers": {"Connection": "close"}},
            200,
            {"Content-Length": "0"},
            b"",
        ),
        (
            {"statusCode": 200, "headers": {"x": "é"}},
            200,
            {"x": "\xc3\xa9", "Content-Length": "0"},
            b"",
        ),
        (
            {"hello": 1},
            200,
            {"Content-Type": "application/json", "Content-Length": "12"},
            b'{"hello": 1}',
        ),
        ("text", 200, {"Content-Type": "application/json", "Content-Length": "4"}, b"text"),
        (None, 200, {"Content-Type": "application/json", "Content-Length": "4"}, b"null"),
    ],
)
def test_a_result_becomes_an_answer(
    result: Any, status: int, headers: dict[str, str], body: bytes
) -> None:
    answer = answer_of(result, head=False)
    assert (answer.status, dict(answer.headers), answer.body) == (status, headers, body)


@pytest.mark.parametrize(
    ("result", "length"),
    [
        ({"statusCode": 200, "headers": {"content-length": "1234"}, "body": ""}, "1234"),
        ({"statusCode": 200, "headers": {"content-length": "1234"}, "body": "abc"}, "1234"),
        ({"statusCode": 404, "body": "abc"}, "3"),
        ({"statusCode": 404, "body": ""}, None),
        ({"statusCode": 304, "headers": {"content-length": "1234"}}, None),
    ],
)
def test_a_head_answer_keeps_the_length_that_the_function_set(
    result: Any, length: str | None
) -> None:
    answer = answer_of(result, head=True)
    assert answer.body == b""
    assert {name.lower(): value for name, value in answer.headers}.get("content-length") == length


@pytest.mark.parametrize(
    "result",
    [
        b"bytes",
        {"statusCode": 200, "body": b"bytes"},
        {"statusCode": 200, "body": 1},
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": None},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": ["1", "2"]}},
        {"statusCode": 200, "headers": {"x": None}},
        {"statusCode": 200, "headers": {"x": "1\r\ny: 2"}},
        {"statusCode": 200, "headers": {"x y": "1"}},
        {"statusCode": 200, "headers": {"": "1"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "isBase64Encoded": True, "body": "no base64!"},
        {"statusCode": 200, "isBase64Encoded": "true", "body": "eA=="},
    ],
)
def test_an_invalid_result_is_refused(result: Any) -> None:
    with pytest.raises(BadResult):
        answer_of(result, head=False)


def test_a_result_may_have_6291556_bytes_of_json_and_no_more() -> None:
    envelope = len('{"statusCode": 200, "body": ""}')
    fits = {"statusCode": 200, "body": "x" * (PAYLOAD_LIMIT - envelope)}
    assert len(answer_of(fits, head=False).body) == PAYLOAD_LIMIT - envelope
    with pytest.raises(BadResult, match="exceed 6291556"):
        answer_of({**fits, "body": fits["body"] + "x"}, head=False)  # type: ignore[operator]
