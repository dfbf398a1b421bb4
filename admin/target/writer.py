"""Writes generations: items one by one, then the pointer, all under the lease.

``begin`` reserves a generation, ``put`` and ``remove`` write items of it, ``publish`` moves the
pointer. Until then no reader sees any of it, and what an unpublished generation wrote is never
seen. Items keep the value before, so that readers of the generation before find it.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pocketfiles import keys
from pocketfiles.catalogue.generations import (
    GENERATION,
    GONE,
    HELD,
    RECORD,
    VALUE_ATTRIBUTES,
    Item,
    Pointer,
    generation_of,
    value_at,
)
from pocketfiles.catalogue.items import DATA, header_item

from ..errors import LeaseLost, TargetError
from .items import size
from .lease import Lease
from .pointer import Backlog, Published, heartbeats, moves
from .table import Conflict, TargetTable, Update
from .values import Replacement

KEEP_SECONDS = 120.0
"""How long former values, tombstones and former versions of the catalogue are kept: well beyond the
longest request, which lasts 30 s."""

HEARTBEAT_SECONDS = 60.0
"""How often a writer that has nothing to write says that it lives."""

STALE_SECONDS = 60
"""How long readers may use an old pointer for public files while DynamoDB does not answer."""

FORGET_SECONDS = 3600.0
"""How long after an abandoned generation was first listed the table must have been read again
before it is forgotten. AWS refuses requests that were signed more than 15 minutes ago, so such a
reading finds all that the generation wrote, to be written anew."""

_ATTEMPTS = 5
"""How often an item is written that is not as expected."""


@dataclass(frozen=True)
class Catalogue:
    """All definitions, by sort key, and the fields with index items."""

    definitions: Mapping[str, Item]
    indexed: frozenset[tuple[str, str]] = frozenset()


class Writer:
    """The one writer of a table. Its methods raise ``LeaseLost`` once another has taken over."""

    def __init__(
        self,
        table: TargetTable,
        clock: Callable[[], float] = time.time,
        process_name: str | None = None,
        stale_seconds: int = STALE_SECONDS,
        *,
        is_sync: bool = True,
    ) -> None:
        self.table = table
        self.lease = Lease(table, clock, process_name)
        self.published = Published()
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._is_sync = is_sync
        """Whether this writer's life is a sync's, of which the heartbeat tells."""
        self._begun: tuple[int, ...] = ()
        self._has_begun = False
        self._abandoned_at: dict[int, float] = {}
        self._items_read_at = -math.inf
        self._beat_at = 0.0
        self._moves_made: list[tuple[float, int]] = []
        self.backlog = Backlog()
        """What the pointer is to say of pending invalidations."""
        self._told = Backlog()

    @property
    def is_writing(self) -> bool:
        """Whether this writer holds the lease."""
        return self.lease.number > 0

    @property
    def pointer(self) -> Pointer:
        """The pointer as this writer last read or moved it."""
        return self.published.pointer

    @property
    def generation(self) -> int:
        """The generation that this writer has begun; 0 for none."""
        return self._begun[-1] if self._has_begun else 0

    def read(self) -> None:
        """Read the pointer."""
        item = self.table.get(keys.pointer(0), keys.POINTER)
        self.published = Published.of(item)

    def items(self) -> Iterator[Item]:
        """Every item of the table. What an abandoned generation wrote must then be written anew by
        the next generation."""
        self._items_read_at = self._clock()
        return self.table.items()

    def value(self, pk: str, sk: str) -> Item | None:
        """What an item holds at the generation that counts."""
        item = self.table.get(pk, sk)
        return value_at(item, self.pointer) if item else None

    def acquire(self) -> None:
        """Become the table's writer. Raises ``LeaseHeld`` while there is another."""
        if self.is_writing:
            return
        before = self.lease.acquire()
        self.read()
        self._begun = tuple(each for each in before.begun if each > self.pointer.generation)
        self._has_begun = False
        self._moves_made = [(self.published.moved, self.pointer.generation)]

    def begin(self) -> int:
        """Reserve the next generation, or go on with the one that was not published."""
        self.lease.require()
        if not self._has_begun:
            last = max((self.pointer.generation, *self._begun))
            self._begun = (*self._begun, last + 1)
            self.lease.renew(begun=self._begun)
            self._has_begun = True
        return self.generation

    def was_published(self) -> bool:
        """Whether the generation begun was published after all, when a failure hid the outcome."""
        self.read()
        if self.pointer.generation < self.generation:
            return False
        self._begun = ()
        self._has_begun = False
        return True

    # Items of the generation being written.

    def put(self, item: Item, known: int | None, room: int = 0) -> None:
        """Write an item's new value. ``known``: the generation of the value that the writer
        believes to be there, ``None`` for no item. ``room``: size of that value in bytes.
        """
        value = {name: item[name] for name in VALUE_ATTRIBUTES if name in item}
        self._write(item["pk"]["S"], item["sk"]["S"], value, known, room)

    def remove(self, pk: str, sk: str, known: int | None, room: int = 0) -> None:
        """Turn an item into a tombstone."""
        self._write(pk, sk, {GONE: {"BOOL": True}}, known, room)

    def hold(self, pk: str, sk: str, known: int | None) -> None:
        """Mark an item as kept only until somebody decides about a mass deletion."""
        item = self.table.get(pk, sk)
        if item is None:
            raise LeaseLost("an item has vanished: another sync writes to this table")
        self.put({**item, HELD: {"BOOL": True}}, known, size(item) // 2)

    def _write(
        self, pk: str, sk: str, value: Mapping[str, Any], known: int | None, room: int
    ) -> None:
        for _ in range(_ATTEMPTS):
            self.lease.require()
            try:
                self._attempt(pk, sk, value, known, room)
            except Conflict:
                item = self.table.get(pk, sk)
                known = None if item is None else self._foreign(item)
                room = 0 if item is None else size(item)
            else:
                return
        raise TargetError(f"an item of {pk} keeps changing while it is written")

    def _attempt(
        self, pk: str, sk: str, value: Mapping[str, Any], known: int | None, room: int
    ) -> None:
        if known is None:
            generation = {GENERATION: {"N": str(self.generation)}}
            self.table.create({**keys.item_key(pk, sk), **value, **generation})
            return
        replacement = Replacement(pk, sk, value, known, self.generation)
        self.table.update(self._update(replacement, room))

    def _update(self, replacement: Replacement, room: int) -> Update:
        """A published value is kept beside the new one."""
        if not self.pointer.shows(replacement.known):
            return replacement.of_unpublished()
        if replacement.known == 0:
            record = self._record_attribute(replacement.pk, replacement.sk)
            return replacement.of_published(room, record)
        return replacement.of_published(room)

    def _record_attribute(self, pk: str, sk: str) -> str:
        """The attribute that holds the record; format 1 has another name for it."""
        item = self.table.get(pk, sk)
        return DATA if item and DATA in item else RECORD

    def _foreign(self, item: Item) -> int:
        """The generation of an item that is not as expected.

        It is this writer's own after a retry of a call whose answer was lost, or a late write of a
        writer that lost the lease. Anything else means that this writer has lost it.
        """
        generation = generation_of(item)
        if generation == self.generation or generation in self._begun:
            return generation
        if generation in self.pointer.abandoned:
            return generation
        raise LeaseLost("another sync writes to this table")

    # The catalogue and the pointer.

    def publish(
        self,
        catalogue: Catalogue | None,
        *,
        holding: bool = False,
        source: str = "",
        completes: bool = True,
    ) -> None:
        """Make the generation being written the one that counts.

        ``catalogue``: the new version, ``None`` if it is as before. ``completes``: whether a copy
        of a table is good again with it.
        """
        generation = self.generation
        version = self.pointer.catalogue
        if catalogue is not None:
            self._write_catalogue(catalogue)
            version = generation
        table = self.table.name
        if not completes and self.pointer.table:
            table = self.pointer.table
        now = self._clock()
        abandoned = self._still_abandoned(now)
        pointer = Pointer(
            generation=generation,
            catalogue=version,
            table=table,
            abandoned=frozenset(abandoned),
            holding=holding,
            heartbeat=now if self._is_sync else self.pointer.heartbeat,
            stale_seconds=self._stale_seconds,
            pending=self.backlog.count,
            pending_since=self.backlog.due,
        )
        published = Published(pointer, now, source)
        self.lease.require()
        try:
            self.table.transact([self.lease.update(()), *moves(published)])
        except Conflict as error:
            raise self._outcome_of_conflict(generation) from error
        self.published = published
        self._moves_made.append((now, generation))
        self._begun = ()
        self._has_begun = False
        self._abandoned_at = abandoned
        self._beat_at = now
        self._told = self.backlog

    def _outcome_of_conflict(self, generation: int) -> Exception:
        """The error to raise when the pointer could not be moved."""
        lease = self.lease.read()
        if lease.number != self.lease.number:
            return LeaseLost("another writer has taken over the lease of this table")
        return TargetError(f"the table is busy: generation {generation} is not published yet")

    def _write_catalogue(self, catalogue: Catalogue) -> None:
        pk = {"S": keys.catalogue(self.generation)}
        header = header_item(len(catalogue.definitions), catalogue.indexed)
        for item in (*catalogue.definitions.values(), header):
            self.lease.require()
            self.table.put({**item, "pk": pk})

    def _still_abandoned(self, now: float) -> dict[int, float]:
        """The abandoned generations to list, each with the time at which it was first listed."""
        listed: dict[int, float] = {}
        for generation in self.pointer.abandoned:
            since = self._abandoned_at.get(generation, now)
            if self._items_read_at - since < FORGET_SECONDS:
                listed[generation] = since
        for generation in self._begun[:-1]:
            listed[generation] = now
        return listed

    def keep_alive(self) -> None:
        """Renew the lease and say that this writer lives, each when it is time."""
        if not self.is_writing:
            return
        self.lease.keep()
        if self._is_sync and self._clock() - self._beat_at >= HEARTBEAT_SECONDS:
            self.beat()

    def beat(self) -> None:
        """Say in every copy of the pointer that this writer lives."""
        if not self.pointer.generation:
            return
        self.lease.require()
        now = self._clock()
        try:
            for heartbeat in heartbeats(self.pointer, now, self.backlog):
                self.table.update(heartbeat)
        except Conflict as error:
            raise LeaseLost("another writer has moved the pointer of this table") from error
        self._beat_at = now
        self._told = self.backlog

    def tell(self, backlog: Backlog) -> None:
        """Say in every copy of the pointer what is pending, unless it says so already."""
        self.backlog = backlog
        if backlog != self._told:
            self.beat()

    # What has had its time.

    def old_generation(self) -> int:
        """The last generation that no reader can be behind any more; -1 if there is none."""
        limit = self._clock() - KEEP_SECONDS
        settled = [generation for moved, generation in self._moves_made if moved <= limit]
        old = max(settled, default=-1)
        self._moves_made = [move for move in self._moves_made if move[1] >= old]
        return old

    def purge(self, pk: str, sk: str, generation: int) -> None:
        """Remove a tombstone, unless something was written in its place."""
        self.lease.require()
        with suppress(Conflict):
            self.table.delete(pk, sk, {GENERATION: {"N": str(generation)}})

    def discard(self, pk: str, sks: Sequence[str]) -> None:
        """Remove a former version of the catalogue."""
        for sk in sks:
            self.lease.require()
            self.table.delete(pk, sk)

    def release(self) -> None:
        """Stop being the table's writer."""
        self.lease.release()
