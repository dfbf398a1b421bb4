"""Thumbs: read from the bucket, or made and stored there (pocketbase.md §3.6).

A stored thumb costs one GET. A new thumb costs the GET that finds it missing, a GET of the original
and a PUT; it is served without being read back. If a thumb cannot be made, the original is served.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pocketfiles import keys
from pocketfiles.errors import NotFound, Refusal, ThumbFailed
from pocketfiles.log_fields import ThumbOutcome
from pocketfiles.objects import Opened, Stored
from pocketfiles.thumbs.size import THUMBABLE, ThumbSize, parse

REMEMBERED_FAILURES = 1024
REMEMBER_SECONDS = 600


class Store(Protocol):
    """The bucket, as thumbs need it."""

    def head(self, key: str) -> Stored | None:
        """An object's attributes."""

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        """An object, with its body if wanted."""

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store an object unless the key exists; its ETag."""


class Picture(Protocol):
    """What a renderer returns."""

    @property
    def body(self) -> bytes:
        """The encoded thumb."""

    @property
    def content_type(self) -> str:
        """Its media type."""


Render = Callable[[bytes, ThumbSize, str], Picture]
"""Draws a thumb; the last argument is the format it may have instead of the original's, or empty."""


@dataclass(frozen=True, slots=True)
class Thumb:
    """What to serve: a thumb, or the original in its place.

    ``reason``: why the thumb failed or could not be stored.
    """

    opened: Opened
    outcome: ThumbOutcome
    reason: str = ""

    @property
    def is_thumb(self) -> bool:
        """Whether this is the thumb rather than its original."""
        return self.outcome in {"stored", "made"}


class ThumbMaker:
    """Finds thumbs or makes them. Limits in bytes. ``clock`` returns seconds since the epoch.

    Simultaneous requests for the same thumb share one making of it. That matters where one process
    serves several requests at once: in the local runner, and on Lambda where a function runs with
    multi-concurrency. Elsewhere a Lambda process handles one request at a time, and this costs one
    dictionary entry.
    """

    def __init__(
        self,
        store: Store,
        render: Render,
        *,
        inline_limit: int,
        max_source_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._render = render
        self._inline_limit = inline_limit
        self._max_source_bytes = max_source_bytes
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[float, str]] = {}
        self._in_progress: dict[str, Future[Thumb]] = {}
        self._lock = threading.Lock()

    def open(
        self, original: str, size: str, format_name: str = "", *, attributes_only: bool = False
    ) -> Thumb:
        """The thumb of the original at that key, or the original in its place.

        ``format_name``: ``avif`` or ``webp`` for a thumb in that format where it is smaller; then
        the smaller one is stored, so that the choice is made once. ``attributes_only``: a stored
        thumb is returned without its body. Raises ``NotFound`` if the original is missing, and
        whatever the bucket raises.
        """
        key = keys.thumb(original, size, format_name)
        found = self._stored(key, attributes_only=attributes_only)
        if found:
            return Thumb(found, "stored")
        return self._share(key, lambda: self._make(original, key, size, format_name))

    def _stored(self, key: str, *, attributes_only: bool) -> Opened | None:
        if not attributes_only:
            return self._store.fetch(key, lambda stored: stored.size <= self._inline_limit)
        stored = self._store.head(key)
        return Opened(stored) if stored else None

    def _share(self, key: str, make: Callable[[], Thumb]) -> Thumb:
        """Make the thumb, or wait for the request that is making it already."""
        with self._lock:
            future = self._in_progress.get(key)
            makes_it = future is None
            if future is None:
                future = self._in_progress[key] = Future()
        if makes_it:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
            finally:
                with self._lock:
                    del self._in_progress[key]
        return future.result()

    def _make(self, original: str, key: str, size: str, format_name: str) -> Thumb:
        source = self._store.fetch(original, self._is_wanted)
        if source is None:
            raise NotFound("the object is missing")
        if source.stored.content_type not in THUMBABLE:
            return Thumb(source, "original")
        try:
            picture = self._draw(source, size, format_name)
        except ThumbFailed as failed:
            return Thumb(source, "failed", failed.reason)
        return self._keep(source, key, picture)

    def _is_wanted(self, stored: Stored) -> bool:
        """Whether to read the original: to make its thumb, or to send it inline."""
        can_be_sent = stored.size <= self._inline_limit
        can_be_drawn = stored.content_type in THUMBABLE and stored.size <= self._max_source_bytes
        return can_be_sent or can_be_drawn

    def _draw(self, source: Opened, size: str, format_name: str) -> Picture:
        """Render the thumb, unless these bytes failed at this size recently."""
        identity = (source.stored.etag, size)
        failed_at, reason = self._failures.get(identity, (None, ""))
        if failed_at is not None and self._clock() - failed_at < REMEMBER_SECONDS:
            raise ThumbFailed(reason)
        try:
            if source.body is None:
                raise ThumbFailed("too-many-bytes")
            return self._render(source.body, _size(size), format_name)
        except ThumbFailed as failed:
            self._remember(identity, failed.reason)
            raise
        except Exception as error:  # a decoder may raise anything on hostile bytes
            reason = f"crashed: {type(error).__name__}"
            self._remember(identity, reason)
            raise ThumbFailed(reason) from error

    def _remember(self, identity: tuple[str, str], reason: str) -> None:
        with self._lock:
            while len(self._failures) >= REMEMBERED_FAILURES:
                oldest = next(iter(self._failures))
                del self._failures[oldest]
            self._failures[identity] = (self._clock(), reason)

    def _keep(self, source: Opened, key: str, picture: Picture) -> Thumb:
        """Store the thumb. If that fails, it is still served, provided it can be sent inline."""
        reason = ""
        etag = ""
        try:
            etag = self._store.put_new(key, picture.body, picture.content_type)
        except Refusal as error:
            reason = f"not-stored: {error.reason}"
            if len(picture.body) > self._inline_limit:
                return Thumb(source, "failed", reason)
        modified = datetime.fromtimestamp(int(self._clock()), UTC)
        stored = Stored(key, len(picture.body), etag, picture.content_type, modified)
        return Thumb(Opened(stored, picture.body), "made", reason)


def _size(text: str) -> ThumbSize:
    try:
        return parse(text)
    except ValueError as error:
        raise ThumbFailed("bad-size") from error
