"""Writes the items of one generation, each on the condition that it still is what the writer
believes.

``begin`` reserves a generation under the lease; ``put``, ``remove`` and ``hold`` write items of it.
No reader sees any of it until ``writer`` has moved the pointer. Items keep the value before, so
that readers of the generation before find it.
"""

from collections.abc import Callable, Mapping
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
from pocketfiles.catalogue.items import DATA

from ..errors import LeaseLost, TargetError
from .items import size
from .lease import Lease
from .pointer import Published
from .table import Conflict, TargetTable, Update
from .values import Replacement

_ATTEMPTS = 5
"""How often an item is written that is not as expected."""


class ItemWriter:
    """Writes items of the generation that it has begun. Its methods raise ``LeaseLost`` once
    another writer has taken over."""

    def __init__(
        self, table: TargetTable, clock: Callable[[], float], process_name: str | None
    ) -> None:
        self.table = table
        self.lease = Lease(table, clock, process_name)
        self.published = Published()
        self._begun: tuple[int, ...] = ()
        """Generations that were begun and not published, this writer's own last."""
        self._has_begun = False

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

    def value(self, pk: str, sk: str) -> Item | None:
        """What an item holds at the generation that counts."""
        item = self.table.get(pk, sk)
        return value_at(item, self.pointer) if item else None

    def begin(self) -> int:
        """Reserve the next generation, or go on with the one that was not published."""
        self.lease.require()
        if not self._has_begun:
            last = max((self.pointer.generation, *self._begun))
            self._begun = (*self._begun, last + 1)
            self.lease.renew(begun=self._begun)
            self._has_begun = True
        return self.generation

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
