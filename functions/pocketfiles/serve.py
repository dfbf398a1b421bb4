"""The use case of the files function: one request for a file, in the order it travels (pocketbase.md §3.1).

Find the collection, the record and the field; is it protected, and if so, from whom; the thumb or the
original; then ``deliver`` it.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from pocketfiles import deliver, keys, locate, thumb_store
from pocketfiles.access import Access
from pocketfiles.deliver import Deliverer, Variant, wants_attributes_only
from pocketfiles.errors import NotFound
from pocketfiles.http.cors import preflight
from pocketfiles.http.messages import Reply, Request
from pocketfiles.identity import Owners, refuse_foreign_superuser, token_owner
from pocketfiles.locate import Located
from pocketfiles.objects import Opened
from pocketfiles.thumb_store import ThumbMaker


class Catalogue(Owners, locate.Catalogue, Protocol):
    """What of the catalogue serving needs: collections, settings, records and tokens' owners."""


class Store(thumb_store.Store, deliver.Store, Protocol):
    """What of the bucket serving needs: reading attributes, bytes and ranges, presigning, storing thumbs."""


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
        located = self._locate(request, now)
        guard = self._guard(request, located, now)
        variant, outcome = self._choose(request, located)
        variant = replace(variant, guarded=guard.guarded, seconds_left=guard.seconds_left)
        reply = self.deliverer.deliver(request, variant)
        return replace(
            reply, facts={"collection": located.collection.name, **outcome, **reply.facts}
        )

    def _locate(self, request: Request, now: float) -> Located:
        collection_name, record_id, name = locate.parts(request)
        refuse_foreign_superuser(request, self.catalogue, now)
        collection = locate.find_collection(self.catalogue, collection_name)
        record = locate.find_record(self.catalogue, collection, record_id)
        return Located(collection, record, locate.find_field(collection, record, name), name)

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
        size = locate.thumb_size(request, located.field)
        if size:
            thumb = self.thumbs.open(
                located.key, size, attributes_only=wants_attributes_only(request)
            )
            name = keys.thumb_name(located.name, size) if thumb.is_thumb else located.name
            variant = Variant(thumb.opened, name, fallback=thumb.outcome == "failed")
            return variant, {
                "thumb": thumb.outcome,
                **({"reason": thumb.reason} if thumb.reason else {}),
            }
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
