"""Cross-origin answers, given by the functions so that they are the same everywhere (pocketbase.md §1.4)."""

from collections.abc import Mapping

from pocketfiles.http.messages import Reply, Request

_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"
_PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def simple(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers every answer to a request other than OPTIONS gains; ``headers`` are the request's."""
    added = {"vary": "Origin"}
    if headers.get("origin"):
        added["access-control-allow-origin"] = "*"
    return added


def _preflight_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of the empty 204 that answers OPTIONS on any path."""
    if not headers.get("origin"):
        return {"vary": "Origin"}
    added = {
        "vary": _PREFLIGHT_VARY,
        "access-control-allow-origin": "*",
        "access-control-allow-methods": _METHODS,
    }
    asked = headers.get("access-control-request-headers")
    if asked:
        added["access-control-allow-headers"] = asked
    return added


def preflight(request: Request) -> Reply:
    """The answer to OPTIONS on any path."""
    return Reply(204, _preflight_headers(request.headers))
