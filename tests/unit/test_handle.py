import base64
import json
from typing import Any

import pytest

from pocketfiles import __version__, timing
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
from pocketfiles.handle import answer, refuse
from pocketfiles.http.messages import Reply, Request
from pocketfiles.log_fields import LogFields
from pocketfiles.metrics import Measured
from tests.fakes import FakeLog
from tests.fakes import payload_event as event


def body_of(answered: dict[str, Any]) -> bytes:
    assert isinstance(answered["body"], str)
    return (
        base64.b64decode(answered["body"])
        if answered["isBase64Encoded"]
        else answered["body"].encode()
    )


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
def test_a_refusal_is_uncached_json_without_its_reason(kind: type[Refusal], status: int) -> None:
    reply = refuse(kind("because of this"))
    assert reply.status == status
    assert json.loads(reply.body) == {"data": {}, "message": kind.message, "status": status}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert reply.headers.get("retry-after") == ("1" if status == 503 else None)
    assert b"because" not in reply.body
    assert reply.log_fields == LogFields(
        reason="because of this", operator_must_act=kind is StorageUnavailable
    )


def run(route: Any, **changes: Any) -> tuple[dict[str, Any], FakeLog]:
    log = FakeLog()
    return answer(event(**changes), route, log, lambda _: None), log


def test_a_request_is_logged_in_one_line_without_query_or_headers() -> None:
    answered, log = run(lambda _: Reply(200, {}, b"x", log_fields=LogFields(collection="photos")))
    assert answered["statusCode"] == 200
    (line,) = log.lines
    assert line.pop("milliseconds") is not None
    assert line == {
        "message": "answered",
        "version": __version__,
        "method": "GET",
        "status": 200,
        "bytes": 1,
        "collection": "photos",
    }


def test_a_request_is_measured_with_the_time_spent_by_service() -> None:
    measured: list[Measured] = []

    def spending(_: Request) -> Reply:
        with timing.spent_on("s3"):
            return Reply(200, {}, b"xyz", log_fields=LogFields(thumb="made"))

    answered = answer(event(), spending, FakeLog(), measured.append)
    (found,) = measured
    assert (found.status, found.length, list(found.spent)) == (200, 3, ["s3"])
    assert found.log_fields == LogFields(thumb="made")
    assert answered["headers"]["server-timing"].startswith("total;dur=")


def test_a_refusal_has_no_server_timing_and_logs_a_denial() -> None:
    def denying(_: Request) -> Reply:
        raise Denied("the view rule says no")

    answered, log = run(denying)
    assert "server-timing" not in answered["headers"]
    assert log.lines[0]["denied"] is True


def test_a_refusal_is_logged_with_its_reason_and_no_stack_trace() -> None:
    def refusing(_: Request) -> Reply:
        raise NotFound("the view rule says no")

    answered, log = run(refusing)
    assert answered["statusCode"] == 404
    assert log.lines[0]["reason"] == "the view rule says no"
    assert log.traces == []


def test_an_unexpected_exception_is_a_500_and_logged_with_its_stack_trace() -> None:
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
