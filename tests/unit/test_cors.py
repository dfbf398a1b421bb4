from pocketfiles import cors


def test_an_answer_varies_by_origin_even_without_one() -> None:
    assert cors.simple({}) == {"vary": "Origin"}


def test_any_origin_may_read() -> None:
    assert cors.simple({"origin": "https://app.test"})["access-control-allow-origin"] == "*"


def test_a_preflight_without_origin_says_only_vary() -> None:
    assert cors.preflight({"access-control-request-headers": "x"}) == {"vary": "Origin"}


def test_a_preflight_echoes_the_headers_asked_for() -> None:
    headers = {"origin": "https://app.test", "access-control-request-headers": "authorization,X-A"}
    assert cors.preflight(headers) == {
        "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "access-control-allow-headers": "authorization,X-A",
    }


def test_a_preflight_that_asks_for_no_headers_allows_none() -> None:
    assert "access-control-allow-headers" not in cors.preflight({"origin": "null"})
