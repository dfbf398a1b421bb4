"""The pointer as writers read and move it: what readers see of it, and what writers alone need."""

from collections.abc import Iterator
from dataclasses import dataclass

from pocketfiles import keys
from pocketfiles.catalogue.generations import (
    FORMAT,
    GENERATION,
    UNVERSIONED,
    Item,
    Pointer,
    pointer_from,
)

from .table import Operand, Update


@dataclass(frozen=True)
class Backlog:
    """The invalidations that CloudFront is still to be asked for: how many, and when the first is
    due, in epoch seconds. Without a number, there is no CloudFront."""

    count: int | None = None
    due: float | None = None

    @property
    def values(self) -> dict[str, Operand]:
        """The pointer's attributes."""
        if self.count is None:
            return {}
        due: dict[str, Operand] = (
            {} if self.due is None else {"pending_since": {"N": repr(self.due)}}
        )
        return {"pending": {"N": str(self.count)}, **due}

    @property
    def removed(self) -> tuple[str, ...]:
        """The attributes that the pointer must not keep."""
        return ("pending_since",) if self.due is None else ()


@dataclass(frozen=True)
class Published:
    """What the pointer's item says to writers, besides what it says to readers."""

    pointer: Pointer = UNVERSIONED
    moved: float = 0.0
    """When the pointer moved, in seconds since the epoch."""
    source: str = ""
    """The identity of the data directory that the table was filled from."""

    @classmethod
    def of(cls, item: Item | None) -> "Published":
        """What a copy of the pointer says; nothing for a table of format 1."""
        if item is None:
            return cls()
        return cls(
            pointer=pointer_from(item),
            moved=float(item["moved"]["N"]),
            source=item["source"]["S"],
        )


def moves(published: Published) -> Iterator[Update]:
    """The updates that move every copy of the pointer."""
    pointer = published.pointer
    abandoned = [{"N": str(generation)} for generation in sorted(pointer.abandoned)]
    values: dict[str, Operand] = {
        "format": {"N": str(FORMAT)},
        "reader": {"N": str(FORMAT)},
        GENERATION: {"N": str(pointer.generation)},
        "catalogue": {"N": str(pointer.catalogue)},
        "table": {"S": pointer.table},
        "abandoned": {"L": abandoned},
        "holding": {"BOOL": pointer.holding},
        "stale_seconds": {"N": str(pointer.stale_seconds)},
        "moved": {"N": repr(published.moved)},
        "source": {"S": published.source},
    }
    if pointer.heartbeat is not None:
        values["heartbeat"] = {"N": repr(pointer.heartbeat)}
    backlog = Backlog(pointer.pending, pointer.pending_since)
    for copy in range(keys.POINTER_COPIES):
        yield Update(keys.pointer(copy), keys.POINTER, values | backlog.values, backlog.removed)


def heartbeats(pointer: Pointer, now: float | None, backlog: Backlog) -> Iterator[Update]:
    """The updates that say in every copy of the pointer that a sync lives, and what is pending.

    ``now`` in seconds since the epoch, ``None`` where the writer is no sync. They expect that the
    pointer has not moved.
    """
    expected = {GENERATION: {"N": str(pointer.generation)}}
    values = backlog.values
    if now is not None:
        values["heartbeat"] = {"N": repr(now)}
    if not values:
        return
    for copy in range(keys.POINTER_COPIES):
        yield Update(keys.pointer(copy), keys.POINTER, values, backlog.removed, expected)
