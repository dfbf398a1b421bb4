"""A thumb from the bucket, or made and put there (pocketbase.md §3.6).

A stored thumb costs one GET. A new one costs the GET that misses, the original's GET and a PUT; what was
made is served without being read back. Whatever goes wrong, the original is there to serve instead.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pocketfiles import keys
from pocketfiles.errors import NotFound, Refusal, ThumbFailed
from pocketfiles.objects import Opened, Stored
from pocketfiles.thumbs.size import THUMBABLE, ThumbSize, parse

REMEMBERED = 1024
REMEMBER_SECONDS = 600


class Store(Protocol):
    """What of the bucket thumbs need."""

    def head(self, key: str) -> Stored | None:
        """An object's attributes."""

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        """An object with its bytes, if wanted."""

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store an object unless it is there; its ETag."""


class Picture(Protocol):
    """What a renderer gives."""

    @property
    def body(self) -> bytes:
        """The encoded thumb."""

    @property
    def content_type(self) -> str:
        """What the bytes are."""


Render = Callable[[bytes, ThumbSize], Picture]


@dataclass(frozen=True, slots=True)
class Thumb:
    """What to serve for a thumb: ``outcome`` is ``stored``, ``made``, ``original`` (a file that
    has no thumbs) or ``failed``, then with the ``reason``."""

    opened: Opened
    outcome: str
    reason: str = ""

    @property
    def is_thumb(self) -> bool:
        """Whether it is the thumb rather than its original."""
        return self.outcome in {"stored", "made"}


class ThumbMaker:
    """Finds or makes thumbs; sizes in bytes, ``clock`` in seconds."""

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
        self._flights: dict[str, Future[Thumb]] = {}
        self._lock = threading.Lock()

    def open(self, original: str, size: str, *, attributes_only: bool = False) -> Thumb:
        """The thumb of the original at that key, or what stands in for it; a stored one without its bytes
        when ``attributes_only``.

        Raises ``NotFound`` when the original is missing, and what the bucket raises.
        """
        key = keys.thumb(original, size)
        found = self._stored(key, attributes_only=attributes_only)
        return (
            Thumb(found, "stored")
            if found
            else self._once(key, lambda: self._make(original, key, size))
        )

    def _stored(self, key: str, *, attributes_only: bool) -> Opened | None:
        if not attributes_only:
            return self._store.fetch(key, lambda stored: stored.size <= self._inline_limit)
        stored = self._store.head(key)
        return Opened(stored) if stored else None

    def _once(self, key: str, make: Callable[[], Thumb]) -> Thumb:
        """Simultaneous requests for one thumb share one making of it."""
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if leads:
            try:
                flight.set_result(make())
            except BaseException as error:
                flight.set_exception(error)
            finally:
                with self._lock:
                    del self._flights[key]
        return flight.result()

    def _make(self, original: str, key: str, size: str) -> Thumb:
        source = self._store.fetch(original, self._is_wanted)
        if source is None:
            raise NotFound("the object is missing")
        if source.stored.content_type not in THUMBABLE:
            return Thumb(source, "original")
        try:
            picture = self._draw(source, size)
        except ThumbFailed as failed:
            return Thumb(source, "failed", failed.reason)
        return self._keep(source, key, picture)

    def _is_wanted(self, stored: Stored) -> bool:
        limit = self._max_source_bytes if stored.content_type in THUMBABLE else self._inline_limit
        return stored.size <= max(limit, self._inline_limit)

    def _draw(self, source: Opened, size: str) -> Picture:
        """Render, unless these very bytes failed a while ago."""
        identity = (source.stored.etag, size)
        failed_at, reason = self._failures.get(identity, (None, ""))
        if failed_at is not None and self._clock() - failed_at < REMEMBER_SECONDS:
            raise ThumbFailed(reason)
        try:
            if source.body is None:
                raise ThumbFailed("too-many-bytes")
            return self._render(source.body, _size(size))
        except ThumbFailed as failed:
            self._remember(identity, failed.reason)
            raise
        except (
            Exception
        ) as error:  # what a decoder of strangers' bytes raises; the original is still good
            reason = f"crashed: {type(error).__name__}"
            self._remember(identity, reason)
            raise ThumbFailed(reason) from error

    def _remember(self, identity: tuple[str, str], reason: str) -> None:
        with self._lock:
            while len(self._failures) >= REMEMBERED:
                del self._failures[next(iter(self._failures))]
            self._failures[identity] = (self._clock(), reason)

    def _keep(self, source: Opened, key: str, picture: Picture) -> Thumb:
        """Store the thumb; where that fails the client still gets it, if it can be sent inline."""
        reason = etag = ""
        try:
            etag = self._store.put_new(key, picture.body, picture.content_type)
        except Refusal as error:
            reason = f"not-stored: {error.reason}"
            if len(picture.body) > self._inline_limit:
                return Thumb(source, "failed", reason)
        modified = datetime.now(UTC).replace(microsecond=0)
        stored = Stored(key, len(picture.body), etag, picture.content_type, modified)
        return Thumb(Opened(stored, picture.body), "made", reason)


def _size(text: str) -> ThumbSize:
    try:
        return parse(text)
    except ValueError as error:
        raise ThumbFailed("bad-size") from error
