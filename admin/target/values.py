"""The update that gives an item of the table a new value (``pocketfiles.catalogue.generations``).

An item has room for two values: the newest and the one before, which readers of the published
generation need.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pocketfiles.catalogue.generations import (
    GENERATION,
    GONE,
    HELD,
    LOST,
    PREVIOUS,
    RECORD,
    SOURCES,
    VALUE_ATTRIBUTES,
)
from pocketfiles.catalogue.items import DATA

from .items import LARGEST, size
from .table import Copy, Operand, Update

_SPARE_BYTES = 2048
"""Room in an item for its attributes' names and numbers."""

_PREVIOUS_VALUES = [PREVIOUS + name for name in VALUE_ATTRIBUTES]


@dataclass(frozen=True)
class Replacement:
    """A new value for an item that has one.

    ``known``: the generation of the value that is there, which the item must still have.
    ``generation``: that of the new value.
    """

    pk: str
    sk: str
    value: Mapping[str, Any]
    known: int
    generation: int

    def of_unpublished(self) -> Update:
        """Overwrites a value that was never published. The value before it stays."""
        sets: dict[str, Operand] = {**self.value, GENERATION: _number(self.generation)}
        removes = [name for name in (*VALUE_ATTRIBUTES, DATA) if name not in self.value]
        expected = {
            GENERATION: _number(self.known) if self.known else None,
            "pk": {"S": self.pk},  # so that an item that is gone is not made anew
        }
        return Update(self.pk, self.sk, sets, removes, expected)

    def of_published(self, room: int, record: str = RECORD) -> Update:
        """Keeps the published value as the value before.

        ``room``: its size in bytes. Where both do not fit into the item, it says that the value
        before is lost. ``record``: the attribute that holds the published record.
        """
        before: dict[str, Operand] = {PREVIOUS + GENERATION: _number(self.known)}
        if room + size(self.value) + _SPARE_BYTES <= LARGEST:
            before |= {
                PREVIOUS + GONE: Copy(GONE),
                PREVIOUS + HELD: Copy(HELD),
                PREVIOUS + RECORD: Copy(record),
                PREVIOUS + SOURCES: Copy(SOURCES),
            }
            unused = [PREVIOUS + LOST]
        else:
            before[PREVIOUS + LOST] = {"BOOL": True}
            unused = _PREVIOUS_VALUES
        update = self.of_unpublished()
        return replace(update, set={**update.set, **before}, remove=[*update.remove, *unused])


def _number(generation: int) -> dict[str, str]:
    return {"N": str(generation)}
