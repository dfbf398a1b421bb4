"""How an HTTP API reads a request target and chooses a route."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from local.template import DEFAULT_ROUTE, Route
from pocketfiles.http.query import is_well_escaped

_ORIGIN = re.compile(r"^https?://[^/?]*", re.IGNORECASE)


class BadTarget(ValueError):
    """The request target is not a path."""


@dataclass(frozen=True)
class Target:
    """A request target: ``path`` percent-decoded, ``query`` as it was sent."""

    path: str
    query: str


def read_target(text: str) -> Target:
    """Parse a request target as functions receive it. Raises ``BadTarget``.

    The path is percent-decoded once, so ``%2F`` becomes a separator and a decoded ``?`` ends the
    path. ``text`` is decoded as Latin-1, one character a byte. ``http://host/path`` is a valid
    target, too (RFC 9112 §3.2.2).
    """
    target = _ORIGIN.sub("", text, count=1)
    raw, _, query = target.partition("?")
    if not raw.startswith("/") or not is_well_escaped(raw):
        raise BadTarget(target)
    decoded = unquote_to_bytes(raw.encode("latin-1")).decode("utf-8", "replace")
    path, _, _ = decoded.partition("?")
    return Target(path, query)


@dataclass(frozen=True)
class Match:
    """A request's route and the values of the placeholders in its path."""

    route: Route
    parameters: Mapping[str, str] = field(default_factory=dict)


class Routes:
    """The routes of an API, most specific first.

    API Gateway prefers a full match, then a greedy one (``{name+}``), then ``$default``. Among full
    matches, literal segments win over placeholders, from left to right, and a named method wins
    over ``ANY``.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        patterns = []
        for route in routes:
            if route.key == DEFAULT_ROUTE:
                self._default = route
            else:
                method, path = route.key.split(" ", 1)
                patterns.append((_rank(method, path), method, _pattern(path), route))
        patterns.sort(key=lambda pattern: pattern[0])
        self._patterns = [(method, path, route) for _, method, path, route in patterns]

    def match(self, method: str, path: str) -> Match | None:
        """The route for a method and a decoded path, or ``None``."""
        for allowed, pattern, route in self._patterns:
            if allowed not in {"ANY", method}:
                continue
            found = pattern.fullmatch(path)
            if found:
                return Match(route, found.groupdict())
        return Match(self._default) if self._default else None


def _rank(method: str, path: str) -> tuple[bool, list[bool], bool]:
    """The sort key of a route; the most specific route sorts first."""
    is_greedy = "+}" in path
    placeholders = [segment.startswith("{") for segment in path.split("/")]
    return is_greedy, placeholders, method == "ANY"


def _pattern(path: str) -> re.Pattern[str]:
    segments = [_segment(segment) for segment in path.split("/")]
    return re.compile("/".join(segments), re.DOTALL)


def _segment(segment: str) -> str:
    placeholder = re.fullmatch(r"\{(\w+)(\+?)\}", segment)
    if placeholder is None:
        return re.escape(segment)
    name, greedy = placeholder.groups()
    values = ".+" if greedy else "[^/]+"
    return f"(?P<{name}>{values})"
