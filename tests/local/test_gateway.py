from typing import Any

import pytest

from local.gateway import (
    BODY_LIMIT,
    HEADER_LIMIT,
    Headers,
    Request,
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
