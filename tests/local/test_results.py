import base64
from typing import Any

import pytest

from local.results import PAYLOAD_LIMIT, BadResult, answer_of

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
