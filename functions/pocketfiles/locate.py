"""Where a request leads: route, collection, record, field, and the object of the file (pocketbase.md §3.2).

Each step raises the ``Refusal`` that ends the request when it finds nothing.
"""

from dataclasses import dataclass
from typing import Protocol

from pocketfiles import keys
from pocketfiles.catalogue.model import Collection, Collections, Field, Record
from pocketfiles.errors import NotFound, UnknownCollection
from pocketfiles.http.messages import Request

ALWAYS_ALLOWED = "100x100"


class Catalogue(Protocol):
    """What of the catalogue is looked up."""

    @property
    def collections(self) -> Collections:
        """All collections."""

    def record(self, collection: Collection, record_id: str) -> Record | None:
        """One record."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a request leads: the record that answers for the file, its field, and the object's key."""

    collection: Collection
    record: Record
    field: Field
    name: str

    @property
    def key(self) -> str:
        """The original's key; a view's file lies with the record it comes from (§3.5)."""
        if self.collection.type != "view":
            return keys.original(self.collection.id, self.record.id, self.name)
        source = self.record.sources.get(self.name)
        if source is None:
            raise NotFound("the view's source is unknown")
        return keys.original(source.collection_id, source.record_id, self.name)


def parts(request: Request) -> tuple[str, str, str]:
    """The collection, the record and the file as a GET or HEAD names them."""
    segments = request.path.split("/")
    if (
        request.method not in {"GET", "HEAD"}
        or segments[:3] != ["", "api", "files"]
        or len(segments) != 6
    ):
        raise NotFound("no such route")
    if not all(segments[3:]):
        raise NotFound("an empty path segment")
    return segments[3], segments[4], segments[5]


def find_collection(catalogue: Catalogue, name_or_id: str) -> Collection:
    """The collection of that name or id."""
    collection = catalogue.collections.find(name_or_id)
    if collection is None:
        raise UnknownCollection("no such collection")
    return collection


def find_record(catalogue: Catalogue, collection: Collection, record_id: str) -> Record:
    """The record of that id."""
    record = catalogue.record(collection, record_id)
    if record is None:
        raise NotFound("no such record")
    return record


def find_field(collection: Collection, record: Record, name: str) -> Field:
    """The first file field that holds the name."""
    for field in collection.file_fields:
        if name in record.names(field):
            return field
    raise NotFound("no field holds this file")


def thumb_size(request: Request, field: Field) -> str:
    """The size of the thumb to serve; empty for the original, as for every size not listed (§3.6)."""
    size = request.query.get("thumb", "")
    return size if size == ALWAYS_ALLOWED or size in field.thumbs else ""
