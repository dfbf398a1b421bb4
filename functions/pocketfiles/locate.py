"""The collection, record, field and object that a path names (pocketbase.md §3.2).

Each step raises the ``Refusal`` that ends the request when it finds nothing.
"""

from dataclasses import dataclass
from urllib.parse import quote

from pocketfiles import keys
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.errors import NotFound, UnknownCollection
from pocketfiles.http.messages import Request

ALWAYS_ALLOWED = "100x100"
"""The thumb size that every file field has, listed or not (pocketbase.md §3.6)."""


@dataclass(frozen=True, slots=True)
class Located:
    """The record and the file field that a path names, and the name of the file."""

    collection: Collection
    record: Record
    field: Field
    name: str

    @property
    def key(self) -> str:
        """The key of the original. A view's file is stored with the record it comes from
        (pocketbase.md §3.5)."""
        if self.collection.type != "view":
            return keys.original(self.collection.id, self.record.id, self.name)
        source = self.record.sources.get(self.name)
        if source is None:
            raise NotFound("the view's source is unknown")
        return keys.original(source.collection_id, source.record_id, self.name)


def parts(request: Request) -> tuple[str, str, str]:
    """The collection, the record and the file named by the path of a GET or HEAD."""
    if request.method not in {"GET", "HEAD"}:
        raise NotFound("no such route")
    match request.path.split("/"):
        case ["", "api", "files", collection, record, name]:
            if not (collection and record and name):
                raise NotFound("an empty path segment")
            return collection, record, name
    raise NotFound("no such route")


def path_of(collection_name: str, record_id: str, name: str) -> str:
    """The path of a file's URL, percent-encoded."""
    segments = [quote(segment, safe="") for segment in (collection_name, record_id, name)]
    return f"/api/files/{'/'.join(segments)}"


def find_collection(snapshot: Snapshot, name_or_id: str) -> Collection:
    """The collection with that name or id."""
    collection = snapshot.collections.find(name_or_id)
    if collection is None:
        if not any(snapshot.collections):
            raise UnknownCollection("the table has no collections", operator_must_act=True)
        raise UnknownCollection("no such collection")
    return collection


def find_record(snapshot: Snapshot, collection: Collection, record_id: str) -> Record:
    """The record with that id."""
    record = snapshot.record(collection, record_id)
    if record is None:
        raise NotFound("no such record")
    return record


def find_field(collection: Collection, record: Record, name: str) -> Field:
    """The first file field that contains the name."""
    for field in collection.file_fields:
        if name in record.names(field):
            return field
    raise NotFound("no field holds this file")


def thumb_size(request: Request, field: Field) -> str:
    """The thumb size to serve. Empty for the original, which also stands in for every size that
    the field does not list (pocketbase.md §3.6)."""
    size = request.query.get("thumb", "")
    is_allowed = size == ALWAYS_ALLOWED or size in field.thumbs
    return size if is_allowed else ""
