from pocketfiles.gateway import render
from pocketfiles.http import cors
from tests.fakes import request


def test_every_response_varies_by_origin() -> None:
    assert cors.response_headers({}) == {"vary": "Origin"}


def test_any_origin_may_read() -> None:
    assert (
        cors.response_headers({"origin": "https://app.test"})["access-control-allow-origin"] == "*"
    )


def test_a_preflight_without_origin_has_only_vary() -> None:
    assert cors.preflight(request(access_control_request_headers="x")).headers == {"vary": "Origin"}


def test_a_preflight_allows_the_requested_headers() -> None:
    headers = {"origin": "https://app.test", "access_control_request_headers": "authorization,X-A"}
    assert cors.preflight(request(**headers)).headers == {
        "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "access-control-allow-headers": "authorization,X-A",
    }


def test_a_preflight_that_asks_for_no_headers_allows_none() -> None:
    assert "access-control-allow-headers" not in cors.preflight(request(origin="null")).headers


def test_a_preflight_is_an_empty_204_with_only_cors_headers() -> None:
    asked = request("OPTIONS", origin="https://app.test", access_control_request_headers="x-y")
    answered = render(asked, cors.preflight(asked))
    assert (answered["statusCode"], answered["body"]) == (204, "")
    assert set(answered["headers"]) == {
        "vary",
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
    }
