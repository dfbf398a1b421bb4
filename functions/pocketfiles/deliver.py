"""The response for an object: conditions, ranges, inline bytes or a redirect (pocketbase.md §5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from pocketfiles.errors import NotFound
from pocketfiles.http import conditions, headers, ranges
from pocketfiles.http.caching import NO_STORE, CachePolicy
from pocketfiles.http.messages import Reply, Request
from pocketfiles.log_fields import LogFields
from pocketfiles.objects import Opened, SignedUrl, Stored

MAX_READS = 8
"""Most ranges that are read one by one from an object too large to be read whole. A request for
more is answered with the whole object."""

_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")


class Store(Protocol):
    """The bucket, as delivery needs it."""

    def read(self, stored: Stored, first: int, last: int) -> bytes | None:
        """Some bytes of that very object."""

    def presign(
        self, key: str, seconds: int, overrides: dict[str, str], *, cross_origin: bool
    ) -> SignedUrl:
        """A URL that gets the object."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The object to send, the name it is sent under, and how it may be cached.

    ``varies_by_accept``: another ``Accept`` might have got another format.
    """

    opened: Opened
    name: str
    policy: CachePolicy = field(default_factory=CachePolicy)
    varies_by_accept: bool = False
    is_thumb: bool = False

    @property
    def stored(self) -> Stored:
        """The object's attributes."""
        return self.opened.stored


def wants_attributes_only(request: Request) -> bool:
    """Whether the object's attributes may suffice, or decide which bytes are needed."""
    asks = ("range", *_CONDITIONS)
    return request.method == "HEAD" or any(name in request.headers for name in asks)


def is_media_element(request: Request, content_type: str) -> bool:
    """Whether a browser's ``<audio>`` or ``<video>`` sends this request for a range. Behind
    CloudFront, edge/request.js says so.

    A service worker that fetches for one loses the destination in Chromium. But without CORS no
    script can set ``Range``, so such a request for audio or video is a media element's.
    """
    destination = request.headers.get("sec-fetch-dest")
    mark = request.headers.get("x-media")
    if destination in {"audio", "video"} or mark == "1":
        return True
    is_without_cors = request.headers.get("sec-fetch-mode") == "no-cors"
    is_by_worker = (destination == "empty" and is_without_cors) or mark == "worker"
    return is_by_worker and content_type.startswith(("audio/", "video/"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is sent inline, in bytes, and how long the URL of a redirect is valid, in seconds.

    ``media_ranges``: media elements are never redirected. They get as much of a range as fits and
    ask for more. A redirect would end in an error once its URL has expired: a media element keeps
    the URL that it was redirected to, also when the user seeks an hour later.
    """

    inline: int
    redirect_seconds: int
    media_ranges: bool = True


class Deliverer:
    """Sends a variant: inline if it is small enough, else by a redirect to S3. ``boundary`` returns
    a new multipart boundary."""

    def __init__(self, store: Store, limits: Limits, boundary: Callable[[], str]) -> None:
        self._store = store
        self._limits = limits
        self._inline_limit = limits.inline
        self._boundary = boundary

    def deliver(self, request: Request, variant: Variant) -> Reply:
        """The response to a GET or HEAD. Raises ``NotFound`` if the object has vanished."""
        stored = variant.stored
        described = _describe(request, variant)
        status = conditions.outcome(request.headers, stored.etag, stored.modified)
        if status == HTTPStatus.NOT_MODIFIED:
            del described["content-type"]
            return Reply(status, described)
        if status == HTTPStatus.PRECONDITION_FAILED:
            return Reply(status, described | {"cache-control": NO_STORE})
        try:
            parts = self._parts(request, stored)
        except ranges.BadRange as bad_range:
            return _unsatisfiable(bad_range, described)
        described["accept-ranges"] = "bytes"
        if not parts:
            return self._whole(request, variant, described)
        if len(parts) == 1:
            return self._one_part(request, variant, described, parts[0])
        return self._several_parts(request, variant, described, parts)

    def _parts(self, request: Request, stored: Stored) -> list[ranges.Part]:
        """The ranges to send; empty for the whole object."""
        asked = request.headers.get("range")
        if_range = request.headers.get("if-range")
        if not asked or not conditions.honours_range(if_range, stored.etag, stored.modified):
            return []
        parts = ranges.parse(asked, stored.size)
        are_too_many = len(parts) > MAX_READS and stored.size > self._inline_limit
        return [] if are_too_many else parts

    def _whole(self, request: Request, variant: Variant, described: dict[str, str]) -> Reply:
        whole = ranges.Part(0, variant.stored.size - 1)
        if request.method == "HEAD":
            return Reply(200, described, length=whole.length)
        if whole.length > self._inline_limit:
            return self._redirect(request, variant, described)
        return Reply(200, described, self._bytes(variant.opened, whole))

    def _one_part(
        self, request: Request, variant: Variant, described: dict[str, str], part: ranges.Part
    ) -> Reply:
        is_media = is_media_element(request, described["content-type"])
        asks_again = self._limits.media_ranges and is_media
        if part.length > self._inline_limit and asks_again:
            last = part.first + self._inline_limit - 1
            part = ranges.Part(part.first, last)
        described["content-range"] = part.content_range(variant.stored.size)
        if request.method == "GET" and part.length > self._inline_limit:
            return self._redirect(request, variant, described)
        if variant.stored.size > self._inline_limit:
            # A cache that kept this part would ask for the rest of the file alone, and take the
            # redirect that answers it for the end of the file. Chromium's does.
            described["cache-control"] = NO_STORE
        if request.method == "HEAD":
            return Reply(206, described, length=part.length)
        return Reply(206, described, self._bytes(variant.opened, part))

    def _several_parts(
        self,
        request: Request,
        variant: Variant,
        described: dict[str, str],
        parts: list[ranges.Part],
    ) -> Reply:
        size = variant.stored.size
        content_type = described["content-type"]
        boundary = self._boundary()
        length = ranges.multipart_length(parts, size, content_type, boundary)
        multipart = described | {"content-type": f"multipart/byteranges; boundary={boundary}"}
        if request.method == "HEAD":
            return Reply(206, multipart, length=length)
        if length > self._inline_limit:
            return self._redirect(request, variant, described)
        contents = self._contents(variant.opened, parts)
        pairs = list(zip(parts, contents, strict=True))
        body = ranges.multipart(pairs, size, content_type, boundary)
        return Reply(206, multipart, body)

    def _contents(self, opened: Opened, parts: list[ranges.Part]) -> list[bytes]:
        """The bytes of several parts. A small object is read once, a large one part by part."""
        size = opened.stored.size
        if size <= self._inline_limit and opened.body is None:
            whole = self._bytes(opened, ranges.Part(0, size - 1))
            opened = Opened(opened.stored, whole)
        return [self._bytes(opened, part) for part in parts]

    def _bytes(self, opened: Opened, part: ranges.Part) -> bytes:
        if not part.length:
            return b""
        if opened.body is not None:
            return opened.body[part.first : part.last + 1]
        content = self._store.read(opened.stored, part.first, part.last)
        if content is None:
            raise NotFound("the object vanished while it was served")
        return content

    def _redirect(self, request: Request, variant: Variant, described: dict[str, str]) -> Reply:
        """A redirect to S3, whose response repeats the headers that we would have sent."""
        seconds = variant.policy.redirect_seconds(self._limits.redirect_seconds)
        overrides = {
            "ResponseContentType": described["content-type"],
            "ResponseContentDisposition": described["content-disposition"],
            "ResponseCacheControl": described["cache-control"],
        }
        cross_origin = bool(request.headers.get("origin"))
        signed = self._store.presign(
            variant.stored.key, seconds, overrides, cross_origin=cross_origin
        )
        sent = {
            **headers.SECURITY,
            "location": signed.url,
            "cache-control": variant.policy.redirect_cache_control(signed.seconds),
        }
        if "vary" in described:
            sent["vary"] = described["vary"]
        return Reply(302, sent, log_fields=LogFields(redirect=True))


def _describe(request: Request, variant: Variant) -> dict[str, str]:
    """The headers of every response that describes the object."""
    stored = variant.stored
    download = headers.is_true(request.query.get("download", ""))
    content_type = headers.content_type(variant.name, stored.content_type)
    # A thumb is shown as PocketBase would show it, whatever its format.
    shown_as = "image/webp" if variant.is_thumb and content_type == "image/avif" else content_type
    described = {
        **headers.SECURITY,
        "cache-control": variant.policy.cache_control(),
        "content-disposition": headers.disposition(variant.name, shown_as, download=download),
        "content-security-policy": headers.CONTENT_SECURITY_POLICY,
        "content-type": content_type,
    }
    if variant.varies_by_accept:
        described["vary"] = "Accept"
    if stored.etag:
        described["etag"] = stored.etag
    if stored.modified is not None:
        described["last-modified"] = conditions.http_date(stored.modified)
    return described


def _unsatisfiable(bad_range: ranges.BadRange, described: dict[str, str]) -> Reply:
    """The 416 of a range that cannot be sent, with a text body as PocketBase sends it."""
    sent = dict(described)
    for name in ("etag", "last-modified"):
        sent.pop(name, None)
    sent["content-type"] = "text/plain; charset=utf-8"
    sent["cache-control"] = NO_STORE
    if bad_range.content_range:
        sent["content-range"] = bad_range.content_range
    body = f"{bad_range.reason}\n".encode()
    return Reply(416, sent, body, length=len(body))
