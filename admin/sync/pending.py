"""Invalidations that are still to be asked for: noted before anything is removed, and asked when
they are due."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pocketfiles import keys

from ..target.edge import Edge
from ..target.items import later_item
from ..target.pointer import Backlog
from ..target.table import Conflict, TargetTable
from . import invalidation
from .invalidation import CLOSED, INVALIDATE, SECONDS_BETWEEN, Entry, Request

OVERDUE_SECONDS = 60.0
"""After this long, whoever noted an invalidation does not ask for it any more."""

CLOSING_SECONDS = 110.0
"""How long after a collection is closed an edge may still take it for open, with a margin."""


@dataclass(frozen=True)
class Pending:
    """The pending invalidations of one table. ``clock`` in epoch seconds.

    ``later``: what is left to do later, by sort key, and from when on; it is kept in step with the
    table. ``keep_alive`` is called between two requests to CloudFront, which may take long.
    """

    table: TargetTable
    edge: Edge
    clock: Callable[[], float]
    later: dict[str, float]
    keep_alive: Callable[[], None] = lambda: None
    _noted: dict[str, set[str]] = field(default_factory=dict)
    """The records noted by this object, by collection."""

    def note(self, entry: Entry) -> None:
        """Write an entry down, due at once. Nothing is written where there is no CloudFront."""
        if not self.edge.has_copies:
            return
        records = self._noted.setdefault(entry.collection_id, set())
        if entry.record_id not in records:
            entry = invalidation.grouped(entry, records)
        if entry.sort_key in self.later:
            return
        records.add(entry.record_id)
        self._write(entry, self.clock())

    def due(self) -> list[Entry]:
        """The entries that can be asked for now."""
        now = self.clock()
        entries = []
        for sort_key, due in invalidations_in(self.later).items():
            if due <= now:
                entries.append(Entry.of(sort_key))
        return entries

    def ask(self) -> None:
        """Ask CloudFront for everything that is due, and write down what is to be asked again.

        Raises ``EdgeError``; what was not asked then stays pending.
        """
        if not self.edge.has_copies:
            return
        self._noted.clear()
        for request in invalidation.requests(self.due()):
            self.edge.invalidate(request.paths)
            self._was_asked(request)
            self.keep_alive()

    def backlog(self) -> Backlog:
        """How many are pending, and when the first is due."""
        if not self.edge.has_copies:
            return Backlog()
        return backlog_of(self.later)

    def closing_until(self) -> dict[str, float]:
        """Until when edges may take closed collections for open; none where they never ask the
        bucket."""
        return closing_until(self.later) if self.edge.reads_bucket else {}

    def _was_asked(self, request: Request) -> None:
        """Put what is to be asked next in the place of what was asked."""
        following = dict(request.following(self.clock()))
        for entry, due in following.items():
            self._write(entry, due)
        for entry in request.entries:
            if entry not in following:
                self._remove(entry)

    def _write(self, entry: Entry, due: float) -> None:
        self.table.put(later_item(entry.sort_key, due))
        self.later[entry.sort_key] = due

    def _remove(self, entry: Entry) -> None:
        """Remove an entry from the table, unless somebody has noted it anew."""
        due = self.later.pop(entry.sort_key)
        expected = {"due": later_item(entry.sort_key, due)["due"]}
        try:
            self.table.delete(keys.LATER, entry.sort_key, expected)
        except Conflict:
            return


def invalidations_in(later: Mapping[str, float]) -> dict[str, float]:
    """Those of the entries that are invalidations."""
    found = {}
    for sort_key, due in later.items():
        if sort_key.startswith(INVALIDATE):
            found[sort_key] = due
    return found


def backlog_of(later: Mapping[str, float]) -> Backlog:
    """How many of the entries are invalidations, and when the first is due."""
    moments = invalidations_in(later).values()
    return Backlog(len(moments), min(moments, default=None))


def closing_until(later: Mapping[str, float]) -> dict[str, float]:
    """Until when edges may take closed collections for open, by id, in epoch seconds.

    Infinite as long as CloudFront has not been asked: it may not have heard of the store either.
    """
    found: dict[str, float] = {}
    for sort_key, due in invalidations_in(later).items():
        entry = Entry.of(sort_key)
        if entry.kind != CLOSED or entry.number > 1:
            continue
        asked_at = math.inf
        if entry.number == 1:
            asked_at = due - SECONDS_BETWEEN[CLOSED][0]
        until = asked_at + CLOSING_SECONDS
        known = found.get(entry.collection_id, 0.0)
        found[entry.collection_id] = max(known, until)
    return found


def left_in(table: TargetTable) -> dict[str, float]:
    """The pending invalidations in a table, by sort key, and from when on each can be asked."""
    later = {}
    for item in table.partition(keys.LATER):
        sort_key = item["sk"]["S"]
        later[sort_key] = float(item["due"]["N"])
    return invalidations_in(later)


def overdue(table: TargetTable, edge: Edge, clock: Callable[[], float]) -> Pending:
    """The pending invalidations of a table that somebody has left behind."""
    if not edge.has_copies:
        return Pending(table, edge, clock, {})
    limit = clock() - OVERDUE_SECONDS
    left_behind = {}
    for sort_key, due in left_in(table).items():
        if due <= limit:
            left_behind[sort_key] = due
    return Pending(table, edge, clock, left_behind)
