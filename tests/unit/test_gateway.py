import base64
import json
from typing import Any

import pytest

from pocketfiles import timing
from pocketfiles.errors import (
    Denied,
    Forbidden,
    NotFound,
    Overloaded,
    Refusal,
    StorageUnavailable,
    TokenNotIssued,
    Unauthenticated,
    UnknownCollection,
)
from pocketfiles.gateway import Reply, Request, answer, parse_query, preflight, refuse, render
from tests.fakes import FakeLog, request


def event(**changes: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/api/files/c/r/a b.txt",
        "rawQueryString": "token=x.y.z&thumb=1x1",
        "headers": {"Host": "files.test", "x-other": "1,2"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.7"}},
        "isBase64Encoded": False,
        **changes,
    }


def test_a_request_is_read_off_its_event() -> None:
    read = Request.from_event(event())
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
def test_a_body_is_bytes(changes: dict[str, Any], body: bytes) -> None:
    assert Request.from_event(event(**changes)).body == body


def test_cookies_are_a_header_again() -> None:
    read = Request.from_event(event(cookies=["a=1", "b=2"]))
    assert read.headers["cookie"] == "a=1; b=2"


def test_an_event_may_lack_what_is_empty() -> None:
    least = {"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}
    assert Request.from_event(least) == Request("GET", "/", {}, {}, "")


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("", {}),
        ("a=1&a=2", {"a": "1"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=1", {"": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=%20b+c", {"a": " b c"}),
        ("a%3D=1", {"a=": "1"}),
        ("A=1", {"A": "1"}),
        ("a=1;b=2", {}),
        ("a=1;b=2&c=3", {"c": "3"}),
        ("a=%zz&b=1", {"b": "1"}),
        ("a=%&b=1", {"b": "1"}),
        ("a=%4&b=1", {"b": "1"}),
        ("%zz=1&b=1", {"b": "1"}),
        ("&&a=1&&", {"a": "1"}),
        ("a=%C3%A9", {"a": "é"}),
        ("a=%FF", {"a": "\ufffd"}),
        ("a=%2526", {"a": "%26"}),
        ("a=%26b", {"a": "&b"}),
    ],
)
def test_a_query_is_read_as_go_reads_it(raw: str, query: dict[str, str]) -> None:
    assert parse_query(raw) == query


def body_of(answered: dict[str, Any]) -> bytes:
    assert isinstance(answered["body"], str)
    return base64.b64decode(answered["body"]) if answered["isBase64Encoded"] else answered["body"].encode()


def test_any_bytes_survive_the_gateway() -> None:
    every = bytes(range(256))
    answered = render(request(), Reply(200, {"content-type": "x/y"}, every))
    assert body_of(answered) == every
    assert answered["headers"] == {"content-type": "x/y", "vary": "Origin"}
    json.dumps(answered)


@pytest.mark.parametrize(
    ("length", "named"), [(7, {"content-length": "7"}), (0, {"content-length": "0"}), (None, {})]
)
def test_head_tells_the_length_and_sends_no_body(length: int | None, named: dict[str, str]) -> None:
    answered = render(request("HEAD"), Reply(404, {}, b"{}", length))
    assert (answered["body"], answered["isBase64Encoded"]) == ("", False)
    assert answered["headers"] == {"vary": "Origin", **named}


def test_a_get_never_names_its_length() -> None:
    assert "content-length" not in render(request(), Reply(416, {}, b"x", 1))["headers"]


def test_every_answer_to_a_foreign_origin_may_be_read_by_it() -> None:
    headers = render(request(origin="https://app.test"), Reply(404))["headers"]
    assert headers == {"vary": "Origin", "access-control-allow-origin": "*"}


def test_a_preflight_is_an_empty_204_with_cors_headers_alone() -> None:
    asked = request("OPTIONS", origin="https://app.test", access_control_request_headers="x-y")
    answered = render(asked, preflight(asked))
    assert (answered["statusCode"], body_of(answered)) == (204, b"")
    assert set(answered["headers"]) == {
        "vary",
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NotFound, 404),
        (UnknownCollection, 404),
        (StorageUnavailable, 400),
        (TokenNotIssued, 400),
        (Unauthenticated, 401),
        (Forbidden, 403),
        (Overloaded, 503),
    ],
)
def test_a_refusal_is_json_that_nobody_keeps_and_hides_its_reason(kind: type[Refusal], status: int) -> None:
    reply = refuse(kind("because of this"))
    assert reply.status == status
    assert json.loads(reply.body) == {"data": {}, "message": kind.message, "status": status}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert reply.headers.get("retry-after") == ("1" if status == 503 else None)
    assert b"because" not in reply.body
    assert reply.facts == {"reason": "because of this"}


def run(route: Any, **changes: Any) -> tuple[dict[str, Any], FakeLog]:
    log = FakeLog()
    return answer(event(**changes), route, log, lambda *_: None), log


def test_an_answer_leaves_one_line_without_query_or_headers() -> None:
    answered, log = run(lambda _: Reply(200, {}, b"x", facts={"collection": "photos"}))
    assert answered["statusCode"] == 200
    (line,) = log.lines
    assert line.pop("milliseconds") is not None
    assert line == {
        "message": "answered",
        "method": "GET",
        "status": 200,
        "bytes": 1,
        "collection": "photos",
    }


def test_an_answer_is_measured_with_what_it_spent() -> None:
    measured = []

    def spending(_: Request) -> Reply:
        with timing.spent_on("s3"):
            return Reply(200, {}, b"xyz", facts={"thumb": "made"})

    answered = answer(event(), spending, FakeLog(), lambda *found: measured.append(found))
    ((status, length, _, facts, spent),) = measured
    assert (status, length, facts, list(spent)) == (200, 3, {"thumb": "made"}, ["s3"])
    assert answered["headers"]["server-timing"].startswith("total;dur=")


def test_a_refusal_tells_no_times_and_counts_a_denial() -> None:
    def denying(_: Request) -> Reply:
        raise Denied("the view rule says no")

    answered, log = run(denying)
    assert "server-timing" not in answered["headers"]
    assert log.lines[0]["denied"] is True


def test_a_refusal_is_logged_with_its_reason_and_no_trace() -> None:
    def refusing(_: Request) -> Reply:
        raise NotFound("the view rule says no")

    answered, log = run(refusing)
    assert answered["statusCode"] == 404
    assert log.lines[0]["reason"] == "the view rule says no"
    assert log.traces == []


def test_a_bug_is_our_own_500_and_leaves_a_trace() -> None:
    def broken(_: Request) -> Reply:
        raise KeyError("oops")

    answered, log = run(broken)
    assert answered["statusCode"] == 500
    assert json.loads(body_of(answered)) == {
        "data": {},
        "message": "Something went wrong while processing your request.",
        "status": 500,
    }
    assert b"oops" not in body_of(answered)
    assert (len(log.traces), len(log.lines)) == (1, 1)


def test_secrets_of_a_request_are_not_in_its_repr() -> None:
    shown = repr(Request.from_event(event(headers={"authorization": "abc"}, body="password")))
    assert "x.y.z" not in shown
    assert "abc" not in shown
    assert "password" not in shown
