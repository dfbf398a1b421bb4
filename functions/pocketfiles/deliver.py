"""From a chosen object to an answer: conditions, ranges, inline bytes or a redirect (pocketbase.md §5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pocketfiles.errors import NotFound
from pocketfiles.http import conditions, headers, ranges
from pocketfiles.http.messages import Reply, Request
from pocketfiles.objects import Opened, Stored

MAX_READS = 8
"""More ranges of a file too large to read whole are not worth as many GETs; the whole is sent instead."""


class Store(Protocol):
    """What of the bucket delivery needs."""

    def read(self, stored: Stored, first: int, last: int) -> bytes | None:
        """Some bytes of that very object."""

    def presign(self, key: str, seconds: int, overrides: dict[str, str]) -> str:
        """A URL that gets the object."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The object to send: under which ``name``, and how far it may be kept.

    ``guarded``: a token or a rule opened it; ``seconds_left`` of the token, ``None`` without one;
    ``fallback``: the original instead of a thumb that failed.
    """

    opened: Opened
    name: str
    guarded: bool = False
    seconds_left: float | None = None
    fallback: bool = False

    @property
    def stored(self) -> Stored:
        """The object's attributes."""
        return self.opened.stored


def wants_attributes_only(request: Request) -> bool:
    """Whether the object's attributes may be all the answer needs, or tell which bytes it does."""
    asks = ("range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since")
    return request.method == "HEAD" or any(name in request.headers for name in asks)


class Deliverer:
    """Sends a variant; at most ``inline_limit`` bytes inline, else a URL for ``redirect_seconds``."""

    def __init__(
        self, store: Store, *, inline_limit: int, redirect_seconds: int, boundary: Callable[[], str]
    ) -> None:
        self._store = store
        self._inline_limit = inline_limit
        self._redirect_seconds = redirect_seconds
        self._boundary = boundary

    def deliver(self, request: Request, variant: Variant) -> Reply:
        """The answer to a GET or HEAD of the variant. Raises ``NotFound`` when the object has vanished."""
        stored = variant.stored
        described = self._describe(request, variant)
        status = conditions.outcome(request.headers, stored.etag, stored.modified)
        if status == 304:
            return Reply(
                304, {name: described[name] for name in described if name != "content-type"}
            )
        if status == 412:
            return Reply(412, described | {"cache-control": headers.NO_STORE})
        try:
            parts = self._parts(request, stored)
        except ranges.BadRange as bad:
            return _unsatisfiable(bad, described)
        described["accept-ranges"] = "bytes"
        if not parts:
            return self._whole(request, variant, described)
        return self._partial(request, variant, described, parts)

    def _describe(self, request: Request, variant: Variant) -> dict[str, str]:
        stored = variant.stored
        download = headers.is_true(request.query.get("download", ""))
        described = {
            **headers.SECURITY,
            "cache-control": headers.cache_control(
                guarded=variant.guarded,
                fallback=variant.fallback,
                seconds_left=variant.seconds_left,
            ),
            "content-disposition": headers.disposition(
                variant.name, stored.content_type, download=download
            ),
            "content-security-policy": headers.CONTENT_SECURITY_POLICY,
            "content-type": headers.content_type(variant.name, stored.content_type),
        }
        if stored.etag:
            described["etag"] = stored.etag
        if stored.modified is not None:
            described["last-modified"] = conditions.http_date(stored.modified)
        return described

    def _parts(self, request: Request, stored: Stored) -> list[ranges.Part]:
        asked = request.headers.get("range")
        if not asked or not conditions.honours_range(
            request.headers.get("if-range"), stored.etag, stored.modified
        ):
            return []
        parts = ranges.parse(asked, stored.size)
        too_many = len(parts) > MAX_READS and stored.size > self._inline_limit
        return [] if too_many else parts

    def _whole(self, request: Request, variant: Variant, described: dict[str, str]) -> Reply:
        size = variant.stored.size
        if request.method == "HEAD":
            return Reply(200, described, length=size)
        if size > self._inline_limit:
            return self._redirect(variant, described)
        return Reply(200, described, self._bytes(variant.opened, 0, size - 1))

    def _partial(
        self,
        request: Request,
        variant: Variant,
        described: dict[str, str],
        parts: list[ranges.Part],
    ) -> Reply:
        size = variant.stored.size
        if len(parts) == 1:
            described["content-range"] = parts[0].content_range(size)
            boundary = ""
            length = parts[0].length
        else:
            boundary = self._boundary()
            length = ranges.multipart_length(parts, size, described["content-type"], boundary)
        if request.method == "GET" and length > self._inline_limit:
            return self._redirect(variant, described)
        content_type = described["content-type"]
        if boundary:
            described["content-type"] = f"multipart/byteranges; boundary={boundary}"
        if request.method == "HEAD":
            return Reply(206, described, length=length)
        contents = self._contents(variant.opened, parts)
        if not boundary:
            return Reply(206, described, contents[0])
        body = ranges.multipart(
            list(zip(parts, contents, strict=True)), size, content_type, boundary
        )
        return Reply(206, described, body)

    def _contents(self, opened: Opened, parts: list[ranges.Part]) -> list[bytes]:
        size = opened.stored.size
        if len(parts) > 1 and size <= self._inline_limit:
            whole = self._bytes(opened, 0, size - 1)
            return [whole[part.first : part.last + 1] for part in parts]
        return [self._bytes(opened, part.first, part.last) for part in parts]

    def _bytes(self, opened: Opened, first: int, last: int) -> bytes:
        if last < first:
            return b""
        if opened.body is not None:
            return opened.body[first : last + 1]
        content = self._store.read(opened.stored, first, last)
        if content is None:
            raise NotFound("the object vanished while it was served")
        return content

    def _redirect(self, variant: Variant, described: Mapping[str, str]) -> Reply:
        """302 to S3 itself, which then answers with the headers we would have sent."""
        seconds = self._redirect_seconds
        if variant.seconds_left is not None:
            seconds = max(1, min(seconds, int(variant.seconds_left)))
        overrides = {
            "ResponseContentType": described["content-type"],
            "ResponseContentDisposition": described["content-disposition"],
            "ResponseCacheControl": described["cache-control"],
        }
        location = self._store.presign(variant.stored.key, seconds, overrides)
        kept = headers.redirect_cache_control(
            guarded=variant.guarded, fallback=variant.fallback, seconds=seconds
        )
        sent: dict[str, Any] = {**headers.SECURITY, "location": location, "cache-control": kept}
        return Reply(302, sent, facts={"redirect": True})


def _unsatisfiable(bad: ranges.BadRange, described: Mapping[str, str]) -> Reply:
    kept = {
        name: value
        for name, value in described.items()
        if name not in {"cache-control", "last-modified", "etag", "content-type"}
    }
    kept |= {"content-type": "text/plain; charset=utf-8", "cache-control": headers.NO_STORE}
    if bad.content_range:
        kept["content-range"] = bad.content_range
    body = f"{bad.reason}\n".encode()
    return Reply(416, kept, body, length=len(body))
