"""The catalogue as the use cases see it: collections and settings from memory, records fresh.

``recent`` goes by the pointer in memory, at most ``ttl`` seconds old: good for what is public.
``current`` reads the pointer first: every decision about a protected file is made in that snapshot.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from pocketfiles import keys
from pocketfiles.catalogue.generations import UNVERSIONED, Pointer
from pocketfiles.catalogue.model import Collection, Collections, Reader, Record, Settings
from pocketfiles.errors import Denied, Outdated, Overloaded, Refusal, SyncTooOld

T = TypeVar("T")

ATTEMPTS = 3
"""How often a request starts again because the data changed while it read."""


class Generations(Protocol):
    """The data with its generations; ``catalogue.table.Table`` is one."""

    @property
    def name(self) -> str:
        """The table's name."""

    def pointer(self) -> Pointer:
        """The pointer as it is now."""

    def catalogue(self, pointer: Pointer) -> tuple[Collections, Settings, frozenset[str]]:
        """Collections, settings, and the ids of collections that are only held. Raises
        ``Outdated``."""

    def at(self, pointer: Pointer, collections: Collections, *, with_held: bool = True) -> Reader:
        """The records at the pointer's generation."""


@dataclass(frozen=True)
class Snapshot:
    """All data at one generation. Its reads raise ``Outdated`` when the table has moved on."""

    pointer: Pointer
    collections: Collections
    settings: Settings
    reader: Reader
    without_held: "Snapshot | None" = None
    """The same data without what a mass deletion would remove, while one is held back."""
    is_copy: bool = False
    """Whether the pointer was written for another table, whose copy this one is."""

    @property
    def views(self) -> "tuple[Snapshot, ...]":
        """The snapshots that must all allow what is protected."""
        return (self,) if self.without_held is None else (self, self.without_held)

    def record(self, collection: Collection, record_id: str) -> Record | None:
        """One record of a collection, if PocketBase can read it; a name that no id can have costs
        no read."""
        if not keys.may_be_record_id(record_id):
            return None
        record = self.reader.get(collection.id, record_id)
        return record if record and collection.can_load(record) else None

    def owner(self, collection_name_or_id: str, record_id: str) -> tuple[Collection, Record] | None:
        """A token's owner and its collection."""
        collection = self.collections.find(collection_name_or_id)
        if collection is None:
            return None
        record = self.record(collection, record_id)
        if record is None:
            return None
        return collection, record

    def age(self, now: float) -> float | None:
        """Seconds since a sync last said that it lives; ``None`` if none ever did."""
        heartbeat = self.pointer.heartbeat
        return None if heartbeat is None else max(0.0, now - heartbeat)

    def require_trust(self, now: float, max_age: float) -> None:
        """Raise ``Denied`` if protected files must stay closed: the table is a copy that no sync
        has completed, or no sync lived for ``max_age`` seconds (0: no limit)."""
        if self.is_copy:
            reason = f"the table is a copy of {self.pointer.table}; run a sync"
            raise Denied(reason, operator_must_act=True)
        age = self.age(now)
        if max_age and (age is None or age > max_age):
            raise SyncTooOld(age)


@dataclass(frozen=True)
class _Kept:
    """What is in memory, and when its pointer and its catalogue were read."""

    snapshot: Snapshot
    read_at: float
    catalogue_read_at: float


class Catalogue:
    """Snapshots of the data.

    ``ttl``: seconds of ``clock`` for which a pointer in memory is recent. ``stale_seconds``: how
    much longer it may be used for public files while the table cannot be read; what the pointer
    itself allows is a limit too.
    """

    def __init__(
        self,
        generations: Generations,
        ttl: float,
        clock: Callable[[], float],
        stale_seconds: float = 0,
    ) -> None:
        self._generations = generations
        self._ttl = ttl
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._kept: _Kept | None = None
        self._retry_at = -math.inf

    def recent(self) -> Snapshot:
        """The snapshot for what is public. Costs a read of the pointer once in ``ttl`` seconds."""
        kept = self._kept
        if kept is None:
            return self.current()
        now = self._clock()
        age = now - kept.read_at
        if age < self._ttl:
            return kept.snapshot
        allowed = min(self._stale_seconds, kept.snapshot.pointer.stale_seconds)
        may_be_stale = age < self._ttl + allowed
        if may_be_stale and now < self._retry_at:
            return kept.snapshot
        try:
            return self.current()
        except Refusal:
            if not may_be_stale:
                raise
            self._retry_at = self._clock() + self._ttl
            return kept.snapshot

    def now(self) -> float:
        """This moment, to be passed to ``current`` as ``since``."""
        return self._clock()

    def current(self, *, since: float | None = None) -> Snapshot:
        """The snapshot of this moment, for what is protected. Costs one read of the pointer, or
        none if it was read after ``since``.

        The same object as before while the pointer has not moved.
        """
        now = self._clock()
        if since is not None and self._kept is not None and self._kept.read_at > since:
            return self._kept.snapshot
        pointer = self._generations.pointer()
        kept = self._kept
        if kept is not None and self._still_holds(kept, pointer, now):
            snapshot = kept.snapshot
            catalogue_read_at = kept.catalogue_read_at
            if pointer != snapshot.pointer:
                snapshot = self._moved(snapshot, pointer)
        else:
            snapshot = self._read(pointer)
            catalogue_read_at = now
        self._kept = _Kept(snapshot, now, catalogue_read_at)
        return snapshot

    def age(self, now: float) -> float | None:
        """Seconds since a sync last said that it lives, by the pointer in memory."""
        return self._kept.snapshot.age(now) if self._kept else None

    def pointer(self) -> Pointer:
        """The pointer in memory."""
        return self._kept.snapshot.pointer if self._kept else UNVERSIONED

    def settled(self, work: Callable[[], T]) -> T:
        """The result of ``work``, which is started again when the data moves on while it reads.

        Raises ``Overloaded`` when that happens again and again.
        """
        for _ in range(ATTEMPTS):
            try:
                return work()
            except Outdated:
                self._expire()
        raise Overloaded("the data changed faster than it could be read")

    def _expire(self) -> None:
        """Have the pointer read before the next snapshot is used."""
        if self._kept is not None:
            too_old = self._clock() - self._ttl
            self._kept = replace(self._kept, read_at=min(self._kept.read_at, too_old))

    def _still_holds(self, kept: _Kept, pointer: Pointer, now: float) -> bool:
        """Whether the catalogue in memory is the pointer's."""
        before = kept.snapshot.pointer
        if (pointer.catalogue, pointer.holding) != (before.catalogue, before.holding):
            return False
        is_versioned = pointer.catalogue > 0
        return is_versioned or now - kept.catalogue_read_at < self._ttl

    def _read(self, pointer: Pointer) -> Snapshot:
        collections, settings, held = self._generations.catalogue(pointer)
        if self._kept is not None:
            before = self._kept.snapshot.collections
            if collections.is_same_as(before):
                collections = before  # keeps the rules' plans, which belong to this object
        return self._snapshot(pointer, collections, settings, held)

    def _snapshot(
        self,
        pointer: Pointer,
        collections: Collections,
        settings: Settings,
        held: frozenset[str],
    ) -> Snapshot:
        is_copy = bool(pointer.table) and pointer.table != self._generations.name
        without_held = None
        if pointer.holding:
            not_held = (each for each in collections if each.id not in held)
            remaining = Collections(not_held, collections.indexed)
            reader = self._generations.at(pointer, remaining, with_held=False)
            without_held = Snapshot(pointer, remaining, settings, reader, is_copy=is_copy)
        reader = self._generations.at(pointer, collections)
        return Snapshot(pointer, collections, settings, reader, without_held, is_copy)

    def _moved(self, snapshot: Snapshot, pointer: Pointer) -> Snapshot:
        """The snapshot at a later pointer with the same catalogue."""
        without_held = snapshot.without_held
        if without_held is not None:
            reader = self._generations.at(pointer, without_held.collections, with_held=False)
            without_held = replace(without_held, pointer=pointer, reader=reader)
        reader = self._generations.at(pointer, snapshot.collections)
        return replace(snapshot, pointer=pointer, reader=reader, without_held=without_held)


def snapshot_of(generations: Generations) -> Snapshot:
    """The data of this moment, for programs that look once."""
    return Catalogue(generations, math.inf, lambda: 0.0).current()
