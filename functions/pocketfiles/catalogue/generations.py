"""Generations: how many items, written one by one, are seen as one snapshot.

Every write of a sync belongs to a generation, a number that only grows. The *pointer* names the
generation that counts. An item keeps its value and the one before, each with its generation, so a
reader that has read the pointer takes from every item what that item held at the pointer's
generation, whatever is being written meanwhile. A deleted item stays for a while as a tombstone.

Where both values of an item are newer than the pointer that was read, the reader raises
``Outdated`` and starts again. A generation that a writer began and never published is *abandoned*:
the pointer lists it, and readers take the value before instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pocketfiles.errors import Outdated, StorageUnavailable

Item: TypeAlias = dict[str, Any]
"""An item in DynamoDB's attribute format, e.g. ``{"pk": {"S": "…"}}``."""

FORMAT = 2
"""The table's format that this code writes. Format 1 has no generations; it is still read."""

GENERATION = "generation"
GONE = "gone"
HELD = "held"
RECORD = "record"
SOURCES = "sources"
LOST = "lost"
PREVIOUS = "previous_"
"""Prefix of the attributes that keep the value before."""

VALUE_ATTRIBUTES = (GONE, HELD, RECORD, SOURCES)
"""What a value consists of, besides its generation."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What the pointer says. The defaults are those of a table of format 1, which has no
    pointer."""

    generation: int = 0
    catalogue: int = 0
    """The generation that wrote the catalogue; 0 for the catalogue of format 1."""
    table: str = ""
    """The name of the table the pointer was written for; a copy of the table has another."""
    abandoned: frozenset[int] = frozenset()
    """Generations up to this one that were never published."""
    holding: bool = False
    """Whether a mass deletion is held back: some items are kept only until somebody decides."""
    heartbeat: float | None = None
    """When a sync last said that it lives, in seconds since the epoch."""
    stale_seconds: int = 0
    """How long readers may use an old pointer while DynamoDB does not answer."""
    pending: int | None = None
    """How many invalidations CloudFront is still to be asked for; ``None`` where none ever was."""
    pending_since: float | None = None
    """When the first of them is due, in seconds since the epoch."""

    def invalidation_delay(self, now: float) -> float | None:
        """Seconds for which an invalidation is overdue; ``None`` where none ever was pending."""
        if self.pending is None:
            return None
        return 0.0 if self.pending_since is None else max(0.0, now - self.pending_since)

    def shows(self, generation: int) -> bool:
        """Whether values of a generation count."""
        return generation <= self.generation and generation not in self.abandoned


UNVERSIONED = Pointer()
"""The pointer of a table without generations."""


def pointer_from(item: Mapping[str, Any]) -> Pointer:
    """The pointer of its item.

    Raises ``StorageUnavailable`` for a table that only newer functions can read.
    """
    needed = _number(item, "reader", FORMAT)
    if needed > FORMAT:
        raise StorageUnavailable(
            f"the table needs functions that read format {needed}; these read up to {FORMAT}"
        )
    heartbeat = item.get("heartbeat")
    abandoned = item["abandoned"]["L"]
    pending_since = item.get("pending_since")
    return Pointer(
        generation=_number(item, GENERATION, 0),
        catalogue=_number(item, "catalogue", 0),
        table=item["table"]["S"],
        abandoned=frozenset(int(generation["N"]) for generation in abandoned),
        holding=bool(item["holding"]["BOOL"]),
        heartbeat=float(heartbeat["N"]) if heartbeat else None,
        stale_seconds=_number(item, "stale_seconds", 0),
        pending=int(item["pending"]["N"]) if "pending" in item else None,
        pending_since=float(pending_since["N"]) if pending_since else None,
    )


def value_at(item: Item, pointer: Pointer, *, with_held: bool = True) -> Item | None:
    """What an item held at the pointer's generation, or ``None`` if it did not exist then.

    ``with_held``: whether an item that a mass deletion would remove still counts. Raises
    ``Outdated`` when the item no longer has what it held then.
    """
    value: Item | None = item
    if not pointer.shows(generation_of(item)):
        value = _previous(item, pointer)
    if value is None or GONE in value:
        return None
    return value if with_held or HELD not in value else None


def generation_of(item: Item) -> int:
    """The generation of an item's newest value; 0 for an item of format 1."""
    return _number(item, GENERATION, 0)


def previous_value(item: Item) -> Item | None:
    """The value before the newest, as an item; ``None`` if there was none."""
    if PREVIOUS + GENERATION not in item:
        return None
    value = {"pk": item["pk"], "sk": item["sk"], GENERATION: item[PREVIOUS + GENERATION]}
    for name in (*VALUE_ATTRIBUTES, LOST):
        before = item.get(PREVIOUS + name)
        if before is not None and "NULL" not in before:
            value[name] = before
    return value


def _previous(item: Item, pointer: Pointer) -> Item | None:
    before = previous_value(item)
    if before is None:
        return None
    if LOST in before or not pointer.shows(generation_of(before)):
        raise Outdated("an item has changed since the pointer was read")
    return before


def _number(item: Mapping[str, Any], name: str, default: int) -> int:
    return int(item[name]["N"]) if name in item else default
