"""Answers requests for the page and its data, by the one path ``/``.

The page shares its origin with the API, whose paths it leaves alone: it is sent to whoever asks for
``text/html`` at ``/``, its data to whoever asks for ``DATA`` there. Everything else is not answered
here. Requests of pages elsewhere and for foreign host names are refused.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pocketfiles.errors import Refusal
from pocketfiles.http.query import parse_query

from . import page
from .views import Unknown, Views

DATA = "application/vnd.pocketfiles+json"
HTML = "text/html"


@dataclass(frozen=True)
class Response:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class ConsoleApp:
    """The page of some views. ``is_own``: whether a request may be answered, by its headers."""

    views: Views
    is_own: Callable[[Mapping[str, str]], bool]
    file_origins: Sequence[str] = ()
    """Where files come from besides the page's own origin."""

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        """The answer, or ``None`` where it is not the page that is asked for. ``headers`` with
        lower-case names."""
        path, _, query = target.partition("?")
        if path != "/" or method not in {"GET", "HEAD"}:
            return None
        accepted = headers.get("accept", "")
        if DATA in accepted:
            return self._data(dict(parse_query(query)), headers)
        if HTML in accepted:
            return self._page(headers)
        return None

    def _page(self, headers: Mapping[str, str]) -> Response:
        if not self.is_own(headers):
            return _refused()
        loaded = page.load()
        policy = loaded.policy(self.file_origins)
        more = (("Content-Security-Policy", policy), ("Cache-Control", "no-store"))
        return _response(200, "text/html; charset=utf-8", loaded.body, more)

    def _data(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        if not self.is_own(headers):
            return _refused()
        try:
            return _json(200, self.views.view(query.get("view", ""), query))
        except Unknown as error:
            return _json(404, {"error": str(error)})
        except Refusal as error:
            return _json(502, {"error": error.reason})


def _refused() -> Response:
    return _json(403, {"error": "only this machine's own pages may ask"})


def _json(status: int, value: Any) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return _response(status, DATA, body, (("Cache-Control", "no-store"),))


def _response(
    status: int, content_type: str, body: bytes, more: tuple[tuple[str, str], ...]
) -> Response:
    headers = (
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Vary", "Accept"),
        *more,
    )
    return Response(status, headers, body)
