"""The use case of the files function: one request for a file (pocketbase.md §3.1).

In this order: find the collection, the record and the field; if the file is protected, check who
asks; choose the thumb or the original; deliver it.
"""

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol

from pocketfiles import deliver, keys, locate, thumb_store
from pocketfiles.access import Access, AccessRequest
from pocketfiles.catalogue.cached import Catalogue, Snapshot
from pocketfiles.deliver import Deliverer, Variant, wants_attributes_only
from pocketfiles.errors import NotFound
from pocketfiles.http.accept import first_named
from pocketfiles.http.caching import CachePolicy
from pocketfiles.http.cors import preflight
from pocketfiles.http.messages import Reply, Request
from pocketfiles.identity import refuse_foreign_superuser, token_owner
from pocketfiles.locate import Located
from pocketfiles.log_fields import LogFields, Opening
from pocketfiles.objects import Opened
from pocketfiles.thumb_store import ThumbMaker


class Store(thumb_store.Store, deliver.Store, Protocol):
    """The bucket, as serving files needs it. ``storage.Storage`` implements it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """How a file may be cached, and the opening to audit if it is protected."""

    policy: CachePolicy = field(default_factory=CachePolicy)
    opening: Opening | None = None


@dataclass(frozen=True)
class FileService:
    """Serves files. ``files/build.py`` puts its parts together."""

    catalogue: Catalogue
    store: Store
    access: Access
    thumbs: ThumbMaker
    deliverer: Deliverer
    inline_limit: int
    max_sync_age: float = 0
    """Seconds without a living sync after which protected files are denied; 0 for no limit."""
    thumb_formats: tuple[str, ...] = ()
    cdn_direct: bool = False
    """Whether ``edge/request.js`` turns the collections' names into ids, where it knows them."""

    def answer(self, request: Request, now: float) -> Reply:
        """The reply to a request of any method and path. ``now`` in seconds since the epoch.

        Raises a ``Refusal``.
        """
        if request.method == "OPTIONS":
            return preflight(request)
        located, permission = self.catalogue.settled(lambda: self._open(request, now))
        variant, chosen = self._choose(request, located, permission.policy)
        dated = self._with_delays(chosen, now)
        reply = self.deliverer.deliver(request, variant)
        log_fields = replace(dated, redirect=reply.log_fields.redirect)
        is_served = reply.status < HTTPStatus.BAD_REQUEST
        opening = permission.opening if is_served else None
        return replace(reply, log_fields=log_fields, opening=opening)

    def _with_delays(self, log_fields: LogFields, now: float) -> LogFields:
        """The log fields with how far the sync and CloudFront's invalidations are behind."""
        pointer = self.catalogue.pointer()
        return replace(
            log_fields,
            sync_age=self.catalogue.age(now),
            invalidations_pending=pointer.pending,
            invalidation_delay=pointer.invalidation_delay(now),
        )

    def _open(self, request: Request, now: float) -> tuple[Located, Permission]:
        """What the path names, once the request may have it, and how it may be cached.

        Where the file is protected, all of it is decided in one snapshot, taken after the request
        came in. While a mass deletion is held back, the data without the deleted records must allow
        it as well. Raises ``Outdated`` if the data changes meanwhile.
        """
        locate.parts(request)
        started = self.catalogue.now()
        recent = self.catalogue.recent()
        located = self._locate(request, recent, now)
        if not located.field.protected:
            return located, Permission(self._public_policy(request, located))
        current = self.catalogue.current(since=started)
        current.require_trust(now, self.max_sync_age)
        permissions = []
        for snapshot in current.views:
            if snapshot is not recent:
                located = self._locate(request, snapshot, now)
            permissions.append(self._permission(request, snapshot, located, now))
        return located, min(permissions, key=_lifetime)

    def _locate(self, request: Request, snapshot: Snapshot, now: float) -> Located:
        collection_name, record_id, name = locate.parts(request)
        refuse_foreign_superuser(request, snapshot, now)
        collection = locate.find_collection(snapshot, collection_name)
        record = locate.find_record(snapshot, collection, record_id)
        field = locate.find_field(collection, record, name)
        return Located(collection, record, field, name)

    def _public_policy(self, request: Request, located: Located) -> CachePolicy:
        collection_name, _, _ = locate.parts(request)
        is_by_name = self.cdn_direct and collection_name != located.collection.id
        return CachePolicy(is_by_name=is_by_name)

    def _permission(
        self, request: Request, snapshot: Snapshot, located: Located, now: float
    ) -> Permission:
        """Permission for the file. Raises ``Denied`` if it is protected from this request."""
        if not located.field.protected:
            return Permission(self._public_policy(request, located))
        identity, bad_token = token_owner(request, snapshot, now)
        asked = AccessRequest(
            snapshot, located.collection, located.record, identity, request, now, bad_token
        )
        self.access.check(asked)
        opened_by = "guest"
        expires = None
        if identity is not None:
            opened_by = f"{identity.collection.name}/{identity.record.id}"
            expires = identity.expires
        opening = Opening(
            collection=located.collection.name,
            record=located.record.id,
            owner=opened_by,
            generation=snapshot.pointer.generation,
        )
        seconds_left = None if expires is None else expires - now
        return Permission(CachePolicy(private=True, seconds_left=seconds_left), opening)

    def _choose(
        self, request: Request, located: Located, policy: CachePolicy
    ) -> tuple[Variant, LogFields]:
        """The thumb, if the field lists its size, or the original; and what the log says of it."""
        log_fields = LogFields(collection=located.collection.name)
        size = locate.thumb_size(request, located.field)
        if not size:
            original = self._original(request, located.key)
            return Variant(original, located.name, policy), log_fields
        attributes_only = wants_attributes_only(request)
        format_name = self._format_name(request)
        thumb = self.thumbs.open(located.key, size, format_name, attributes_only=attributes_only)
        name = keys.thumb_name(located.name, size) if thumb.is_thumb else located.name
        policy = replace(policy, is_fallback=thumb.outcome == "failed")
        log_fields = replace(
            log_fields,
            thumb=thumb.outcome,
            reason=thumb.reason,
            operator_must_act=thumb.operator_must_act,
        )
        varies = bool(self.thumb_formats) and thumb.outcome != "original"
        variant = Variant(thumb.opened, name, policy, varies, is_thumb=thumb.is_thumb)
        return variant, log_fields

    def _format_name(self, request: Request) -> str:
        """The best format on offer that the client asks for by name; empty for the original's."""
        offered = {f"image/{name}": name for name in self.thumb_formats}
        return offered.get(first_named(request.headers.get("accept", ""), offered), "")

    def _original(self, request: Request, key: str) -> Opened:
        if wants_attributes_only(request):
            stored = self.store.head(key)
            opened = Opened(stored) if stored else None
        else:
            opened = self.store.fetch(key, lambda stored: stored.size <= self.inline_limit)
        if opened is None:
            raise NotFound("the object is missing")
        return opened


def _lifetime(permission: Permission) -> tuple[bool, float]:
    """Orders permissions by how long they let a file be kept: private ones first."""
    return not permission.policy.private, permission.policy.seconds_left or 0
