import json
import threading
from typing import Any

import pytest

from local.api import Api
from local.gateway import Request
from local.runtime import Context, Handler, Runtime
from local.template import Function, Route


def api(handler: Handler, *keys: str, limit: float = 30) -> Api:
    functions = {"F": Function("F", "x", 128, 25)}
    return Api(
        [Route(key, "F") for key in keys or ("$default",)],
        Runtime(functions, lambda _: handler, limit),
        lambda: 0,
    )


def echo(event: dict[str, Any], context: Context) -> dict[str, Any]:
    body = json.dumps({"id": context.aws_request_id, "event": event})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def refuses(answer_body: bytes, message: str) -> bool:
    return bool(json.loads(answer_body) == {"message": message})


def test_the_event_the_context_and_the_answer_share_one_request_id() -> None:
    answer = api(echo).respond(Request("GET", "/"))
    seen = json.loads(answer.body)
    assert (
        dict(answer.headers)["Apigw-Requestid"]
        == seen["id"]
        == seen["event"]["requestContext"]["requestId"]
    )


def test_a_request_without_a_route_is_a_404() -> None:
    answer = api(echo, "GET /a").respond(Request("GET", "/b"))
    assert answer.status == 404
    assert refuses(answer.body, "Not Found")


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (Request("GET", "/%zz"), 400, "Bad Request"),
        (Request("GET", "/" + "a" * 10_240), 431, "Request Header Fields Too Large"),
        (Request("POST", "/", (), bytes(10 * 1024 * 1024 + 1)), 413, "Request Entity Too Large"),
        (Request("POST", "/", (), b"\xff" * 5 * 1024 * 1024), 413, "Request Entity Too Large"),
    ],
    ids=["escape", "headers", "body", "body as base64"],
)
def test_a_request_that_cannot_become_an_event_is_refused(
    request_: Request, status: int, message: str
) -> None:
    answer = api(echo).respond(request_)
    assert answer.status == status
    assert refuses(answer.body, message)


def test_an_exception_an_invalid_result_and_a_large_result_are_the_same_500() -> None:
    def failing(event: dict[str, Any], context: Context) -> Any:
        raise RuntimeError("secret")

    for handler in (
        failing,
        lambda e, c: {"statusCode": "?"},
        lambda e, c: {"statusCode": 200, "body": "x" * 7_000_000},
    ):
        answer = api(handler).respond(Request("GET", "/"))
        assert answer.status == 500
        assert answer.body == b'{"message":"Internal Server Error"}'


def test_a_function_that_does_not_answer_is_a_503() -> None:
    end = threading.Event()
    answer = api(lambda e, c: end.wait(60), limit=0.05).respond(Request("GET", "/"))
    end.set()
    assert answer.status == 503
    assert refuses(answer.body, "Service Unavailable")


@pytest.mark.parametrize("target", ["/", "/%zz"])
def test_a_head_answer_has_no_body(target: str) -> None:
    assert api(echo).respond(Request("HEAD", target)).body == b""
