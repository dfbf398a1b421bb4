import base64
import json
from typing import Any

import pytest

from pocketfiles.gateway import render, request_of
from pocketfiles.http.messages import Reply, Request
from tests.fakes import payload_event as event
from tests.fakes import request


def test_a_request_is_parsed_from_its_event() -> None:
    read = request_of(event())
    assert (read.method, read.path, read.address) == ("GET", "/api/files/c/r/a b.txt", "192.0.2.7")
    assert read.query == {"token": "x.y.z", "thumb": "1x1"}
    assert read.headers == {"host": "files.test", "x-other": "1,2"}
    assert read.body == b""


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"body": "é"}, "é".encode()),
        ({"body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}, b"\xff\x00"),
        ({"body": ""}, b""),
        ({"body": None}, b""),
    ],
)
def test_a_body_is_decoded_to_bytes(changes: dict[str, Any], body: bytes) -> None:
    assert request_of(event(**changes)).body == body


def test_cookies_are_joined_into_the_cookie_header() -> None:
    read = request_of(event(cookies=["a=1", "b=2"]))
    assert read.headers["cookie"] == "a=1; b=2"


def test_keys_missing_from_an_event_count_as_empty() -> None:
    least = {"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}
    assert request_of(least) == Request("GET", "/", {}, {}, "")


def test_any_bytes_survive_the_gateway() -> None:
    every = bytes(range(256))
    answered = render(request(), Reply(200, {"content-type": "x/y"}, every))
    assert base64.b64decode(answered["body"]) == every
    assert answered["headers"] == {"content-type": "x/y", "vary": "Origin"}
    json.dumps(answered)


@pytest.mark.parametrize(
    ("length", "named"), [(7, {"content-length": "7"}), (0, {"content-length": "0"}), (None, {})]
)
def test_head_sends_the_length_and_no_body(length: int | None, named: dict[str, str]) -> None:
    answered = render(request("HEAD"), Reply(404, {}, b"{}", length))
    assert (answered["body"], answered["isBase64Encoded"]) == ("", False)
    assert answered["headers"] == {"vary": "Origin", **named}


def test_a_get_does_not_set_content_length() -> None:
    assert "content-length" not in render(request(), Reply(416, {}, b"x", 1))["headers"]


def test_every_response_to_a_cross_origin_request_allows_it() -> None:
    headers = render(request(origin="https://app.test"), Reply(404))["headers"]
    assert headers == {"vary": "Origin", "access-control-allow-origin": "*"}
