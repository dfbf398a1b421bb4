"""Asking one service: its rate, its redirects, and what it does when the service is busy."""

import socket
import threading
from http.server import BaseHTTPRequestHandler

import pytest
import urllib3

from admin import deadlines
from admin.comparison import client
from admin.comparison.client import Client, Rate
from admin.errors import AdminError
from local.gateway import Answer, Request
from tests.serving import (
    AlwaysContinue,
    OneByteEachTime,
    OneByteOfABody,
    OneByteOfAChunksSize,
    answering,
    serving_origin,
)


def test_requests_are_spaced_evenly() -> None:
    now = 100.0
    pauses: list[float] = []
    rate = Rate(4, clock=lambda: now, sleep=pauses.append)
    for _ in range(4):
        rate.wait()
    assert pauses == [0.0, 0.25, 0.5, 0.75]
    now = 200.0
    rate.wait()
    assert pauses[-1] == 0.0


def test_a_redirect_is_followed_without_the_token_in_a_header() -> None:
    seen: list[Request] = []

    def application(request: Request) -> Answer:
        seen.append(request)
        if request.target == "/a":
            headers = (("Location", "/b"), ("Content-Length", "0"), ("Cache-Control", "no-store"))
            return Answer(302, headers, b"")
        return Answer(200, (("Content-Length", "3"),), b"all")

    with serving_origin(application) as origin:
        answer = Client(origin, Rate(1000), 1).ask(
            "GET", "/a", {"Range": "bytes=0-9", "Authorization": "secret"}
        )
    assert (answer.status, answer.body) == (200, b"all")
    assert answer.redirect_headers is not None
    assert answer.redirect_headers["cache-control"] == "no-store"
    followed = dict(seen[1].headers)
    assert followed["Range"] == "bytes=0-9"
    assert "Authorization" not in followed


def test_a_redirect_that_leads_nowhere_is_an_answer() -> None:
    def application(_: Request) -> Answer:
        return Answer(302, (("Location", "http://["), ("Content-Length", "0")), b"")

    with serving_origin(application) as origin:
        assert Client(origin, Rate(1000), 1).ask("GET", "/a", {}).status == 302


@pytest.mark.parametrize("spoken", [b"220 mail.example.com ESMTP\r\n", b""])
def test_a_server_that_speaks_no_http_does_not_answer(spoken: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(spoken)
            connection.close()

        thread = threading.Thread(target=speak)
        thread.start()
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(AdminError, match=f"{origin} does not answer: "):
            Client(origin, Rate(1000), 1).require_answer()
        thread.join()


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_FIRST_TIMEOUT", urllib3.Timeout(connect=10, read=0.1))
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(AdminError, match=r"does not answer: .*[Rr]ead timed out"):
            Client(origin, Rate(1000), 1).require_answer()


def test_a_body_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LONGEST_SECONDS", 0.0)
    body = bytes(200_000)

    def application(_: Request) -> Answer:
        return Answer(200, (("Content-Length", str(len(body))),), body)

    with (
        serving_origin(application) as origin,
        pytest.raises(AdminError, match="a body did not end"),
    ):
        Client(origin, Rate(1000), 1).ask("GET", "/a", {})


@pytest.mark.parametrize("handler", [OneByteEachTime, AlwaysContinue])
def test_headers_that_do_not_end_are_given_up(
    handler: type[BaseHTTPRequestHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "HEADER_SECONDS", 0.2)
    with answering(handler) as origin:
        asking = Client(origin, Rate(1000), 1)
        with pytest.raises(AdminError, match="Read timed out"):
            asking.ask("GET", "/a", {})
        with pytest.raises(AdminError, match="Read timed out"):
            asking.require_answer()


@pytest.mark.parametrize("handler", [OneByteOfABody, OneByteOfAChunksSize])
def test_a_body_that_comes_a_byte_at_a_time_is_given_up(
    handler: type[BaseHTTPRequestHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LONGEST_SECONDS", 0.2)
    with answering(handler) as origin, pytest.raises(AdminError, match="did not end"):
        Client(origin, Rate(1000), 1).ask("GET", "/a", {})


def test_the_first_question_reads_no_body() -> None:
    """It may be one without an end."""
    with answering(OneByteOfABody) as origin:
        Client(origin, Rate(1000), 1).require_answer()


def test_a_busy_service_is_asked_again() -> None:
    answers = [429, 503, 200]

    def application(_: Request) -> Answer:
        headers = (("Retry-After", "0"), ("Content-Length", "0"))
        return Answer(answers.pop(0), headers, b"")

    with serving_origin(application) as origin:
        assert Client(origin, Rate(1000), 1).ask("GET", "/a", {}).status == 200
