"""Thumbs: read from the bucket, or made and stored there (pocketbase.md §3.6).

A stored thumb costs one GET. A new thumb costs the GET that finds it missing, a GET of the
original, a PUT, and a HEAD of the original; it is served without being read back. If a thumb cannot
be made, the original is served.

The HEAD ensures that a thumb belongs to the bytes it was made of: if the original was replaced or
deleted meanwhile, the thumb is deleted again. A process that dies between PUT and HEAD leaves it to
the sync, which clears thumbs once more after the longest request.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pocketfiles import keys
from pocketfiles.deadline import seconds_left
from pocketfiles.errors import DeadlineExceeded, NotFound, Overloaded, Refusal, ThumbFailed
from pocketfiles.log_fields import ThumbOutcome
from pocketfiles.objects import Opened, Stored
from pocketfiles.thumbs.size import THUMBABLE, ThumbSize, parse

REMEMBERED_FAILURES = 1024
REMEMBER_SECONDS = 600
ATTEMPTS = 2
"""How often a thumb is made anew because its original was replaced meanwhile."""


class Store(Protocol):
    """The bucket, as thumbs need it."""

    def head(self, key: str) -> Stored | None:
        """An object's attributes."""

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        """An object, with its body if wanted."""

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store an object unless the key exists; its ETag."""

    def delete(self, key: str) -> None:
        """Delete an object, if it exists."""


class Picture(Protocol):
    """What a renderer returns."""

    @property
    def body(self) -> bytes:
        """The encoded thumb."""

    @property
    def content_type(self) -> str:
        """Its media type."""


Render = Callable[[bytes, ThumbSize, str], Picture]
"""Draws a thumb. The last argument: a format instead of the original's, or empty."""


@dataclass(frozen=True, slots=True)
class Thumb:
    """What to serve: a thumb, or the original in its place.

    ``reason``: why the thumb failed or could not be stored. ``operator_must_act``: only an operator
    can mend that.
    """

    opened: Opened
    outcome: ThumbOutcome
    reason: str = ""
    operator_must_act: bool = False

    @property
    def is_thumb(self) -> bool:
        """Whether this is the thumb rather than its original."""
        return self.outcome in {"stored", "made"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A thumb that is not stored yet: the keys of its original and of itself, its size, and its
    format if that is not the original's."""

    original: str
    key: str
    size: str
    format_name: str
    attributes_only: bool


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
        the smaller one is stored, so that the choice is made once. ``attributes_only``: the bodies
        of a stored thumb and of an original are not needed. Raises ``NotFound`` if the original is
        missing, and whatever the bucket raises.
        """
        key = keys.thumb(original, size, format_name)
        found = self._stored(key, attributes_only=attributes_only)
        if found:
            return Thumb(found, "stored")
        return self._share(_Wanted(original, key, size, format_name, attributes_only))

    def _stored(self, key: str, *, attributes_only: bool) -> Opened | None:
        if not attributes_only:
            return self._store.fetch(key, lambda stored: stored.size <= self._inline_limit)
        stored = self._store.head(key)
        return Opened(stored) if stored else None

    def _share(self, wanted: _Wanted) -> Thumb:
        """Make the thumb, or wait for the request that is making it already.

        A request waits no longer than its own deadline. If the other request fails because its own
        deadline is over, this one makes the thumb itself.
        """
        while True:
            with self._lock:
                future = self._in_progress.get(wanted.key)
                makes_it = future is None
                if future is None:
                    future = self._in_progress[wanted.key] = Future()
            if makes_it:
                self._lead(wanted, future)
                return future.result()
            try:
                error = future.exception(seconds_left())
            except TimeoutError:
                raise DeadlineExceeded("another request is still making the thumb") from None
            if not isinstance(error, DeadlineExceeded):
                return future.result()

    def _lead(self, wanted: _Wanted, future: "Future[Thumb]") -> None:
        """Make the thumb for all requests that wait for it."""
        try:
            future.set_result(self._make(wanted))
        except BaseException as error:
            future.set_exception(error)
        finally:
            with self._lock:
                del self._in_progress[wanted.key]

    def _make(self, wanted: _Wanted) -> Thumb:
        for _ in range(ATTEMPTS):
            source = self._store.fetch(
                wanted.original, lambda stored: self._needs_body(stored, wanted)
            )
            if source is None:
                raise NotFound("the object is missing")
            if source.stored.content_type not in THUMBABLE:
                return Thumb(source, "original")
            try:
                picture = self._draw(source, wanted.size, wanted.format_name)
            except ThumbFailed as failed:
                return Thumb(source, "failed", failed.reason)
            thumb = self._keep(source, wanted.key, picture)
            if thumb is not None:
                return thumb
        raise Overloaded("the original keeps changing")

    def _needs_body(self, stored: Stored, wanted: _Wanted) -> bool:
        """Whether to read the original: to make its thumb, or to send it inline."""
        can_be_sent = stored.size <= self._inline_limit and not wanted.attributes_only
        can_be_drawn = (
            stored.content_type in THUMBABLE
            and stored.size <= self._max_source_bytes
            and not self._known_failure(stored, wanted.size)
        )
        return can_be_sent or can_be_drawn

    def _draw(self, source: Opened, size: str, format_name: str) -> Picture:
        """Render the thumb. Raises ``ThumbFailed``, also if the same failed recently."""
        known_failure = self._known_failure(source.stored, size)
        if known_failure:
            raise ThumbFailed(known_failure)
        try:
            if source.body is None:
                raise ThumbFailed("too-many-bytes")
            return self._render(source.body, parse(size), format_name)
        except ThumbFailed as failed:
            self._remember(source.stored, size, failed.reason)
            raise
        except Exception as error:  # a decoder may raise anything on hostile bytes
            reason = f"crashed: {type(error).__name__}"
            self._remember(source.stored, size, reason)
            raise ThumbFailed(reason) from error

    def _known_failure(self, stored: Stored, size: str) -> str:
        """Why there can be no such thumb, as far as is known without the bytes; empty otherwise."""
        try:
            parse(size)
        except ValueError:
            return "bad-size"
        failed_at, reason = self._failures.get((stored.etag, size), (None, ""))
        if failed_at is None or self._clock() - failed_at >= REMEMBER_SECONDS:
            return ""
        return reason

    def _remember(self, stored: Stored, size: str, reason: str) -> None:
        with self._lock:
            while len(self._failures) >= REMEMBERED_FAILURES:
                oldest = next(iter(self._failures))
                del self._failures[oldest]
            self._failures[stored.etag, size] = (self._clock(), reason)

    def _keep(self, source: Opened, key: str, picture: Picture) -> Thumb | None:
        """Store the thumb, and look at its original once more. ``None`` if that was replaced.

        A thumb that cannot be stored is still served, provided it can be sent inline. Raises
        ``NotFound`` if the original was deleted meanwhile.
        """
        try:
            etag = self._store.put_new(key, picture.body, picture.content_type)
        except Refusal as error:
            reason = f"not-stored: {error.reason}"
            if len(picture.body) > self._inline_limit:
                return Thumb(source, "failed", reason, error.operator_must_act)
            opened = self._made(key, picture, "")
            return Thumb(opened, "made", reason, error.operator_must_act)
        try:
            original = self._store.head(source.stored.key)
        except Refusal as error:
            self._take_back(key)
            opened = self._made(key, picture, etag)
            return Thumb(opened, "made", f"not-kept: {error.reason}", error.operator_must_act)
        if original is not None and original.etag == source.stored.etag:
            return Thumb(self._made(key, picture, etag), "made")
        self._store.delete(key)
        if original is None:
            raise NotFound("the object was deleted while its thumb was made")
        return None

    def _take_back(self, key: str) -> None:
        """Delete a thumb whose original could not be looked at. If that fails, too, the thumb
        stays: the original has most likely not changed, and the next sync clears it if it has."""
        with suppress(Refusal):
            self._store.delete(key)

    def _made(self, key: str, picture: Picture, etag: str) -> Opened:
        stored = Stored(
            key=key,
            size=len(picture.body),
            etag=etag,
            content_type=picture.content_type,
            modified=datetime.fromtimestamp(int(self._clock()), UTC),
        )
        return Opened(stored, picture.body)
