"""The use case of the files function: one request for a file, in the order it travels (pocketbase.md §3.1).

Find the collection, the record and the field; is it protected, and if so, from whom; the thumb or the
original; then ``deliver`` it.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from pocketfiles import deliver, keys
from pocketfiles.access import Access
from pocketfiles.catalogue.model import Collection, Collections, Field, Record
from pocketfiles.deliver import Deliverer, Variant, wants_attributes_only
from pocketfiles.errors import NotFound, UnknownCollection
from pocketfiles.gateway import Reply, Request, preflight
from pocketfiles.identity import Owners, refuse_foreign_superuser, token_owner
from pocketfiles.storage import Opened
from pocketfiles.thumbs import make
from pocketfiles.thumbs.make import ThumbMaker

ALWAYS_ALLOWED = "100x100"


class Catalogue(Owners, Protocol):
    """What of the catalogue serving needs."""

    @property
    def collections(self) -> Collections:
        """All collections."""

    def record(self, collection: Collection, record_id: str) -> Record | None:
        """One record."""


class Store(make.Store, deliver.Store, Protocol):
    """What of the bucket serving needs: reading attributes, bytes and ranges, presigning, storing thumbs."""


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


@dataclass(frozen=True)
class FileService:
    """Serves files; the parts are built in ``files/app.py``."""

    catalogue: Catalogue
    store: Store
    access: Access
    thumbs: ThumbMaker
    deliverer: Deliverer
    inline_limit: int

    def answer(self, request: Request, now: float) -> Reply:
        """The reply to any request of any method and path. Raises a ``Refusal``. ``now`` in epoch seconds."""
        if request.method == "OPTIONS":
            return preflight(request)
        parts = request.path.split("/")
        if request.method not in {"GET", "HEAD"} or parts[:3] != ["", "api", "files"] or len(parts) != 6:
            raise NotFound("no such route")
        return self.serve(request, parts[3], parts[4], parts[5], now)

    def serve(self, request: Request, collection_name: str, record_id: str, name: str, now: float) -> Reply:
        """The reply to a GET or HEAD of one file. Raises a ``Refusal``."""
        located = self._locate(request, collection_name, record_id, name, now)
        guard = self._guard(request, located, now)
        variant, outcome = self._choose(request, located)
        variant = replace(variant, guarded=guard.guarded, seconds_left=guard.seconds_left)
        reply = self.deliverer.deliver(request, variant)
        return replace(reply, facts={"collection": located.collection.name, **outcome, **reply.facts})

    def _locate(
        self, request: Request, collection_name: str, record_id: str, name: str, now: float
    ) -> Located:
        if not (collection_name and record_id and name):
            raise NotFound("an empty path segment")
        refuse_foreign_superuser(request, self.catalogue, now)
        collection = self.catalogue.collections.find(collection_name)
        if collection is None:
            raise UnknownCollection("no such collection")
        record = self.catalogue.record(collection, record_id)
        if record is None:
            raise NotFound("no such record")
        for field in collection.file_fields:
            if name in record.names(field):
                return Located(collection, record, field, name)
        raise NotFound("no field holds this file")

    def _guard(self, request: Request, located: Located, now: float) -> "Guard":
        """Whether the file is protected, and for how long the one who opened it may keep it."""
        if not located.field.protected:
            return Guard(guarded=False)
        identity = token_owner(request, self.catalogue, now)
        self.access.check(located.collection, located.record, identity, request, now)
        if identity is None or identity.expires is None:
            return Guard(guarded=True)
        return Guard(guarded=True, seconds_left=identity.expires - now)

    def _choose(self, request: Request, located: Located) -> tuple[Variant, dict[str, str]]:
        """The thumb, if its size is listed, or the original; and what the log says of it."""
        size = request.query.get("thumb", "")
        if size and (size == ALWAYS_ALLOWED or size in located.field.thumbs):
            thumb = self.thumbs.open(located.key, size, attributes_only=wants_attributes_only(request))
            name = keys.thumb_name(located.name, size) if thumb.is_thumb else located.name
            variant = Variant(thumb.opened, name, fallback=thumb.outcome == "failed")
            return variant, {"thumb": thumb.outcome, **({"reason": thumb.reason} if thumb.reason else {})}
        return Variant(self._original(request, located.key), located.name), {}

    def _original(self, request: Request, key: str) -> Opened:
        if wants_attributes_only(request):
            stored = self.store.head(key)
            opened = Opened(stored) if stored else None
        else:
            opened = self.store.fetch(key, lambda stored: stored.size <= self.inline_limit)
        if opened is None:
            raise NotFound("the object is missing")
        return opened


@dataclass(frozen=True, slots=True)
class Guard:
    """What protection says of a file's caching."""

    guarded: bool
    seconds_left: float | None = None
