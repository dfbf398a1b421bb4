"""Writes generations: items one by one, then the pointer, all under the lease.

``item_writer`` writes the items, ``publish`` the catalogue and then the pointer. Until it has moved
no reader sees any of it, and what an unpublished generation wrote is never seen.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pocketfiles import keys
from pocketfiles.catalogue.generations import (
    GENERATION,
    Item,
    Pointer,
)
from pocketfiles.catalogue.items import header_item

from ..errors import LeaseLost, TargetError
from .item_writer import ItemWriter
from .pointer import Backlog, Published, heartbeats, moves
from .table import Conflict, TargetTable

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


@dataclass(frozen=True)
class Catalogue:
    """All definitions, by sort key, and the fields with index items."""

    definitions: Mapping[str, Item]
    indexed: frozenset[tuple[str, str]] = frozenset()


class Writer(ItemWriter):
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
        super().__init__(table, clock, process_name)
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._is_sync = is_sync
        """Whether this writer's life is a sync's, of which the heartbeat tells. An import's is not:
        it deletes nothing."""
        self._abandoned_at: dict[int, float] = {}
        self._items_read_at = -math.inf
        self._beat_at = 0.0
        self._moves_made: list[tuple[float, int]] = []
        self.backlog = Backlog()
        """What the pointer is to say of pending invalidations."""
        self._told = Backlog()

    def read(self) -> None:
        """Read the pointer."""
        item = self.table.get(keys.pointer(0), keys.POINTER)
        self.published = Published.of(item)

    def items(self) -> Iterator[Item]:
        """Every item of the table. What an abandoned generation wrote must then be written anew by
        the next generation."""
        self._items_read_at = self._clock()
        return self.table.items()

    def acquire(self) -> None:
        """Become the table's writer. Raises ``LeaseHeld`` while there is another."""
        if self.is_writing:
            return
        before = self.lease.acquire()
        self.read()
        self._begun = tuple(each for each in before.begun if each > self.pointer.generation)
        self._has_begun = False
        self._moves_made = [(self.published.moved, self.pointer.generation)]

    def was_published(self) -> bool:
        """Whether the generation begun was published after all, when a failure hid the outcome."""
        self.read()
        if self.pointer.generation < self.generation:
            return False
        self._begun = ()
        self._has_begun = False
        return True

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
        """Say in every copy of the pointer what is pending and, as a sync, that it lives."""
        if not self.pointer.generation:
            return
        self.lease.require()
        now = self._clock()
        try:
            heartbeat = now if self._is_sync else None
            for update in heartbeats(self.pointer, heartbeat, self.backlog):
                self.table.update(update)
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
