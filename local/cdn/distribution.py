"""One request through the local edge: viewer request, cache, origins, viewer response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

from local.cdn.cache import Cache, Entry, Key
from local.cdn.functions import EdgeFunctions
from local.cdn.policy import Policy
from local.gateway import Answer, Request
from pocketfiles.http import conditions, ranges

TOKEN_ROUTE = "/api/files/token"  # noqa: S105 - a path
API_BY_KEY_PATH = "/api/files"
ALWAYS_FORWARDED = (
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
)
ORIGIN_REQUEST_HEADERS = (
    "access-control-request-headers",
    "access-control-request-method",
    "host",
    "if-range",
)
PATH_IS_KEY = ("x-path-is-key", "yes")
"""The header of the template's origin ``api-by-key``."""

FAILOVER = frozenset({400, 403, 404, 416, 500, 502, 503, 504})
ERROR = 400
_FUNCTION_STATUS_LIMIT = 400  # functions do not run on answers from 400 up


class Origin(Protocol):
    """The bucket, read by its URI."""

    def get(self, uri: str) -> Answer:
        """A whole object, or a refusal."""


@dataclass(frozen=True)
class Distribution:
    """``policy`` is the template's; ``api`` answers requests."""

    functions: EdgeFunctions
    cache: Cache
    bucket: Origin
    api: Callable[[Request], Answer]
    policy: Policy

    def respond(self, request: Request) -> Answer:
        """The answer that the viewer gets, with ``x-cache`` and, from the cache, ``age``."""
        if urlsplit(request.target).path == TOKEN_ROUTE:
            return _marked(self.api(request), "Miss from cloudfront")
        event = {"version": "1.0", "request": event_request(request)}
        changed, origins = self.functions.run("request", event)
        answer = self._cached(request, changed, by_key=bool(origins))
        if answer.status >= _FUNCTION_STATUS_LIMIT:
            return answer
        return self._viewer_response(changed, answer)

    def _cached(self, request: Request, changed: Mapping[str, Any], *, by_key: bool) -> Answer:
        query = self._query(changed["querystring"])
        key = self._key(changed, query)
        is_read = request.method in {"GET", "HEAD"}
        entry = self.cache.get(key) if is_read else None
        if entry is not None:
            return self._hit(request, entry)
        fetch = self._from_bucket if by_key else self._from_api
        answer = fetch(request, changed, query)
        if request.method == "GET" and not _has(request, ALWAYS_FORWARDED):
            self.cache.put(key, changed["uri"], answer)
        is_error = answer.status >= ERROR
        return _marked(answer, "Error from cloudfront" if is_error else "Miss from cloudfront")

    def _hit(self, request: Request, entry: Entry) -> Answer:
        answer = _selected(request, entry.answer)
        age = ("Age", str(self.cache.age(entry)))
        aged = replace(answer, headers=(*answer.headers, age))
        return _marked(aged, "Hit from cloudfront")

    def _from_bucket(self, request: Request, changed: Mapping[str, Any], query: str) -> Answer:
        uri = changed["uri"]
        whole = self.bucket.get(uri)
        if whole.status not in FAILOVER:
            if not _has(request, ALWAYS_FORWARDED):
                self.cache.put(self._key(changed, query), uri, whole)
            selected = _selected(request, whole)
            if selected.status not in FAILOVER:
                return selected
        return self._ask_by_key(request, changed)

    def _ask_by_key(self, request: Request, changed: Mapping[str, Any]) -> Answer:
        target = API_BY_KEY_PATH + changed["uri"]
        asked = _forwarded(request, changed, target, self.policy)
        by_key = replace(asked, headers=(*asked.headers, PATH_IS_KEY))
        return self.api(by_key)

    def _from_api(self, request: Request, changed: Mapping[str, Any], query: str) -> Answer:
        target = f"{changed['uri']}?{query}" if query else changed["uri"]
        return self.api(_forwarded(request, changed, target, self.policy))

    def _viewer_response(self, changed: Mapping[str, Any], answer: Answer) -> Answer:
        headers = {name.lower(): {"value": value} for name, value in answer.headers}
        event = {
            "request": changed,
            "response": {"statusCode": answer.status, "headers": headers},
        }
        result, _ = self.functions.run("response", event)
        sent = [(name, str(entry["value"])) for name, entry in result["headers"].items()]
        return replace(answer, headers=tuple(sent))

    def _key(self, changed: Mapping[str, Any], query: str) -> Key:
        """What the cache keeps an answer under: the URI, and what the policy names."""
        headers = changed["headers"]
        values = [headers[name]["value"] if name in headers else "" for name in self.policy.headers]
        return (changed["uri"], query, *values)

    def _query(self, querystring: Mapping[str, Any]) -> str:
        passed = [name for name in querystring if name in self.policy.parameters]
        return "&".join(f"{name}={querystring[name]['value']}" for name in passed)


def event_request(request: Request) -> dict[str, Any]:
    """The request as CloudFront shows it to a function: raw names and values, lower-case
    headers."""
    target = urlsplit(request.target)
    query: dict[str, Any] = {}
    for pair in target.query.split("&") if target.query else ():
        name, _, value = pair.partition("=")
        if name in query:
            first = {"value": query[name]["value"]}
            query[name].setdefault("multiValue", [first]).append({"value": value})
        else:
            query[name] = {"value": value}
    headers = {name.lower(): {"value": value} for name, value in request.headers}
    return {
        "method": request.method,
        "uri": target.path or "/",
        "querystring": query,
        "headers": headers,
        "cookies": {},
    }


def _forwarded(
    request: Request, changed: Mapping[str, Any], target: str, policy: Policy
) -> Request:
    """What the API is asked: the function's headers, without those that no policy passes on."""
    passed = {*policy.headers, *ALWAYS_FORWARDED, *ORIGIN_REQUEST_HEADERS}
    headers = changed["headers"]
    kept = [(name, headers[name]["value"]) for name in headers if name in passed]
    return replace(request, target=target, headers=tuple(kept))


def _has(request: Request, names: tuple[str, ...]) -> bool:
    return any(name.lower() in names for name, _ in request.headers)


def _selected(request: Request, whole: Answer) -> Answer:
    """The part of a kept answer that the viewer asks for: none for a HEAD, a range, or 304 or
    412."""
    asked = {name.lower(): value for name, value in request.headers}
    headers = {name.lower(): value for name, value in whole.headers}
    etag = headers.get("etag", "")
    modified = headers.get("last-modified")
    date = parsedate_to_datetime(modified) if modified else None
    status = conditions.outcome(asked, etag, date) if etag else HTTPStatus.OK
    if status == HTTPStatus.PRECONDITION_FAILED:
        return Answer(status, (("Content-Length", "0"),), b"")
    if status == HTTPStatus.NOT_MODIFIED:
        kept = [pair for pair in whole.headers if not pair[0].lower().startswith("content-")]
        return Answer(status, tuple(kept), b"")
    answer = whole
    if asked.get("range") and conditions.honours_range(asked.get("if-range"), etag, date):
        answer = _ranged(asked["range"], whole)
    sized = _with_header(answer, "Content-Length", str(len(answer.body)))
    if request.method == "HEAD":
        return replace(sized, body=b"")
    return sized


def _ranged(asked: str, whole: Answer) -> Answer:
    """The range that is asked for. A malformed one counts for nothing: CloudFront and S3 send the
    whole then."""
    if whole.status != HTTPStatus.OK:
        return whole
    size = len(whole.body)
    try:
        parts = ranges.parse(asked, size)
    except ranges.BadRange as bad_range:
        if not bad_range.content_range:
            return whole
        return Answer(416, (("Content-Range", bad_range.content_range),), b"")
    if len(parts) != 1:
        return whole
    (part,) = parts
    content_range = ("Content-Range", part.content_range(size))
    content = whole.body[part.first : part.last + 1]
    return Answer(206, (*whole.headers, content_range), content)


def _marked(answer: Answer, x_cache: str) -> Answer:
    return _with_header(answer, "X-Cache", x_cache)


def _with_header(answer: Answer, name: str, value: str) -> Answer:
    """The answer with this header in place of any of its name."""
    others = [pair for pair in answer.headers if pair[0].lower() != name.lower()]
    return replace(answer, headers=(*others, (name, value)))
