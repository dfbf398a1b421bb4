"""Asking one service: its rate, its redirects, and what it does when the service is busy."""

from admin.comparison.client import Client, Rate
from local.gateway import Answer, Request
from tests.admin.comparison.recorded import serving


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

    with serving(application) as origin:
        answer = Client(origin, Rate(1000), 1).ask(
            "GET", "/a", {"Range": "bytes=0-9", "Authorization": "secret"}
        )
    assert (answer.status, answer.body) == (200, b"all")
    assert answer.redirect_headers is not None
    assert answer.redirect_headers["cache-control"] == "no-store"
    followed = dict(seen[1].headers)
    assert followed["Range"] == "bytes=0-9"
    assert "Authorization" not in followed


def test_a_busy_service_is_asked_again() -> None:
    answers = [429, 503, 200]

    def application(_: Request) -> Answer:
        headers = (("Retry-After", "0"), ("Content-Length", "0"))
        return Answer(answers.pop(0), headers, b"")

    with serving(application) as origin:
        assert Client(origin, Rate(1000), 1).ask("GET", "/a", {}).status == 200
