"""The records that refer to a record."""

from collections.abc import Iterator
from dataclasses import dataclass

from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field

from ..wording import counted

_MOST_COUNTED = 1000


@dataclass(frozen=True)
class Dependents:
    """How many records of a collection refer to a record by a field; ``count`` is one more than
    ``_MOST_COUNTED`` if there are more."""

    collection: Collection
    field: Field
    count: int

    def __str__(self) -> str:
        number = f"more than {_MOST_COUNTED} records"
        if self.count <= _MOST_COUNTED:
            number = counted(self.count, "record")
        return f"{number} of {self.collection.name} ({self.field.name})"


def dependents(snapshot: Snapshot, collection: Collection, record_id: str) -> Iterator[Dependents]:
    """The records of other collections, or of its own, whose relations name a record."""
    for other in snapshot.collections:
        if other.type == "view":
            continue
        for field in other.fields:
            if field.type == "relation" and field.collection_id == collection.id:
                ids = snapshot.reader.referring(other.id, field.id, [record_id], _MOST_COUNTED)
                count = len(set(ids))
                if count:
                    yield Dependents(other, field, count)
