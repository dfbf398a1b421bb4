"""Cross-origin headers. The functions send them, so they are the same behind every gateway
(pocketbase.md §1.4)."""

from collections.abc import Mapping

from pocketfiles.http.messages import Reply, Request

_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"
_PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def response_headers(request_headers: Mapping[str, str], vary: str = "") -> dict[str, str]:
    """The headers added to the response to any request other than OPTIONS.

    ``vary``: the request headers by which the response varies already.
    """
    added = {"vary": f"{vary}, Origin" if vary else "Origin"}
    if request_headers.get("origin"):
        added["access-control-allow-origin"] = "*"
    return added


def preflight(request: Request) -> Reply:
    """The empty 204 that answers OPTIONS on any path."""
    return Reply(204, _preflight_headers(request.headers))


def _preflight_headers(request_headers: Mapping[str, str]) -> dict[str, str]:
    if not request_headers.get("origin"):
        return {"vary": "Origin"}
    headers = {
        "vary": _PREFLIGHT_VARY,
        "access-control-allow-origin": "*",
        "access-control-allow-methods": _METHODS,
    }
    requested = request_headers.get("access-control-request-headers")
    if requested:
        headers["access-control-allow-headers"] = requested
    return headers
