import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.api import Api
from local.gateway import Request
from local.runtime import Context, Runtime
from local.template import Function, Route
from tests.serving import serving

TOGETHER = 4
barrier = threading.Barrier(TOGETHER, timeout=60)


def handler(event: dict[str, Any], context: Context) -> Any:
    """One function with a behaviour a path."""
    match event["rawPath"]:
        case "/raise":
            raise RuntimeError
        case "/large":
            return {"statusCode": 200, "body": "x" * 6_291_600}
        case "/together":
            barrier.wait()
        case "/sized":
            return {"statusCode": 200, "headers": {"content-length": "1234"}, "body": ""}
        case "/gone":
            return {"statusCode": 304, "headers": {"etag": '"a"'}, "body": ""}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(event),
    }


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    functions = {"F": Function("F", "x", 128, 25)}
    api = Api([Route("$default", "F")], Runtime(functions, lambda _: handler))
    with serving(api.respond) as port:
        yield port


def ask(port: int, method: str, target: str, body: bytes | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, target, body)
    answer = connection.getresponse()
    answer.kept = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def kept(answer: http.client.HTTPResponse) -> Any:
    return json.loads(answer.kept)  # type: ignore[attr-defined]


def exchange(port: int, raw: bytes) -> bytes:
    """Everything the server says to some bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE", "BREW"])
def test_every_method_reaches_the_function(port: int, method: str) -> None:
    event = kept(ask(port, method, "/a%20b?x=%2F"))
    assert event["requestContext"]["http"]["method"] == method
    assert (event["rawPath"], event["rawQueryString"]) == ("/a b", "x=%2F")
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_double_slashes_reach_the_function(port: int) -> None:
    assert kept(ask(port, "GET", "//a//b"))["rawPath"] == "//a//b"


def test_whitespace_around_a_header_value_is_stripped(port: int) -> None:
    answer = exchange(
        port, b"GET / HTTP/1.1\r\nHost: x\r\nX: \t a b \t\r\nConnection: close\r\n\r\n"
    )
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["x"] == "a b"


def test_a_body_reaches_the_function(port: int) -> None:
    event = kept(ask(port, "POST", "/", b"\xff\x00"))
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("/raise", 500, "Internal Server Error"),
        ("/large", 500, "Internal Server Error"),
        ("/%zz", 400, "Bad Request"),
        ("/" + "a" * 10_240, 431, "Request Header Fields Too Large"),
    ],
)
def test_the_gateway_refuses_with_a_json_message(
    port: int, target: str, status: int, message: str
) -> None:
    answer = ask(port, "GET", target)
    assert (answer.status, kept(answer)) == (status, {"message": message})


def test_head_has_the_length_that_the_function_set_and_no_body(port: int) -> None:
    head = b"HEAD /sized HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(port, head)
    assert b"\r\nContent-Length: 1234\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_304_has_neither_length_nor_body(port: int) -> None:
    answer = ask(port, "GET", "/gone")
    assert (answer.status, answer.getheader("ETag"), answer.getheader("Content-Length")) == (
        304,
        '"a"',
        None,
    )


def test_a_connection_serves_request_after_request(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sockets = set()
    for method, target in [
        ("GET", "/a"),
        ("HEAD", "/sized"),
        ("GET", "/gone"),
        ("GET", "/raise"),
        ("GET", "/b"),
    ]:
        connection.request(method, target)
        answer = connection.getresponse()
        sockets.add(id(connection.sock))
        body = answer.read()
    connection.close()
    assert len(sockets) == 1
    assert json.loads(body)["rawPath"] == "/b"


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    answer = exchange(
        port,
        b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b'"rawPath": "/1"') < answer.index(b'"rawPath": "/2"')


def test_requests_run_at_the_same_time(port: int) -> None:
    ask(port, "GET", "/warm")
    with ThreadPoolExecutor(TOGETHER) as pool:
        answers = list(pool.map(lambda _: ask(port, "GET", "/together"), range(TOGETHER)))
    assert [answer.status for answer in answers] == [200] * TOGETHER


HOST = b"Host: x\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / FTP/1.0\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: folded\r\n line\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10485761\r\n\r\n" + bytes(10485761),
            413,
        ),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"v" * 70_000 + b"\r\n\r\n", 431),
        (
            b"GET / HTTP/1.1\r\n"
            + HOST
            + b"".join(b"X-%d: 1\r\n" % n for n in range(120))
            + b"\r\n",
            431,
        ),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    ],
)
def test_an_unreadable_request_is_refused_and_the_connection_closed(
    port: int, raw: bytes, status: int
) -> None:
    answer = exchange(port, raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close" in head
    assert list(json.loads(body)) == ["message"]


def test_http_1_0_is_answered_and_the_connection_closed(port: int) -> None:
    assert exchange(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_expect_100_continue_is_answered_before_the_body(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"hi")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b'"body": "hi"' in answer


@pytest.mark.parametrize(
    "raw", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_a_client_that_disconnects_harms_nobody(
    port: int, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = exchange(port, raw)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert ask(port, "GET", "/").status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_bug_in_the_application_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(request: Request) -> Any:
        raise LookupError("a bug")

    with serving(broken) as port:
        assert exchange(port, b"GET / HTTP/1.0\r\n\r\n") == b""
    assert "LookupError: a bug" in capfd.readouterr().err
