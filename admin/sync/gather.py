"""Takes a snapshot of PocketBase into the mirror: what the target should hold.

A record whose row is as it was at the last round costs its reading and a hash; nothing else is made
of it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Protocol

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION, collection_item, record_items, settings_item
from pocketfiles.catalogue.model import Collection, Collections, Record
from pocketfiles.errors import NotFound
from pocketfiles.rules.lookups import indexed_fields

from .. import rule_findings
from ..source.pocketbase import Row, SourceCollection
from ..source.views import follows_clock
from ..target.items import references, refusal
from .mirror import Mirror


class Snapshot(Protocol):
    """All that the target should hold, at one moment."""

    @property
    def identity(self) -> str:
        """What tells this source from any other; empty if nothing does."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """PocketBase's settings, as its own JSON."""

    @property
    def collections(self) -> Sequence[SourceCollection]:
        """In order of creation."""

    @property
    def incomplete(self) -> Set[str]:
        """Ids of the collections with rows that are left out. Complete once all rows were read."""

    @property
    def warnings(self) -> Sequence[str]:
        """Complete once all rows were read."""

    def rows(self, found: SourceCollection) -> Iterator[Row]:
        """A collection's records in order of id."""


def take(snapshot: Snapshot, mirror: Mirror, *, files: bool) -> list[str]:
    """Bring the mirror's desired side up to the snapshot; ``files``: whether files are part of it.

    Returns warnings, a line each: view rules that cannot be evaluated, rows left out, records
    refused, files without a home.
    """
    warnings: list[str] = []
    catalogue = _catalogue(snapshot)
    collections = Collections(found.collection for found in snapshot.collections)
    indexed = indexed_fields(collections)
    if mirror.desired != catalogue:
        mirror.broken_rules = rule_findings.broken_warnings(collections)
    with mirror.undone_on_error():
        for found in snapshot.collections:
            item_key = f"{COLLECTION}{found.id}"
            is_redefined = mirror.desired.get(item_key) != catalogue[item_key]
            indexed_before = _of(found.id, mirror.desired_indexed)
            is_reindexed = indexed_before != _of(found.id, indexed)
            reader = _Reader(mirror, found.collection, indexed, warnings, files=files)
            gone = reader.read(snapshot.rows(found), reshaped=is_redefined or is_reindexed)
            mirror.commit(found.id, gone)
        _remove_others(snapshot.collections, mirror)
    mirror.desired = _catalogue(snapshot)  # knows now which collections are incomplete
    mirror.desired_indexed = indexed
    mirror.source = snapshot.identity
    queries = (each.collection.view_query for each in snapshot.collections)
    mirror.follows_clock = any(map(follows_clock, queries))
    return [*mirror.broken_rules, *snapshot.warnings, *warnings]


def _remove_others(collections: Sequence[SourceCollection], mirror: Mirror) -> None:
    """Remove the records of all collections that the source does not have."""
    current = {found.id for found in collections}
    for collection_id in mirror.known_collections():
        if collection_id not in current:
            gone = [record_id for record_id, _ in mirror.sources(collection_id)]
            mirror.commit(collection_id, gone)


def _catalogue(snapshot: Snapshot) -> dict[str, Item]:
    """The definitions, by sort key."""
    items = [settings_item(snapshot.settings)]
    for found in snapshot.collections:
        raw = found.raw
        if found.id in snapshot.incomplete:
            raw = {**raw, "incomplete": True}
        items.append(collection_item(raw, found.collection.position))
    return {item["sk"]["S"]: item for item in items}


def _of(collection_id: str, indexed: frozenset[tuple[str, str]]) -> set[str]:
    """The indexed fields of a collection, by id."""
    return {field_id for owner, field_id in indexed if owner == collection_id}


class _Reader:
    """Takes one collection's records."""

    def __init__(
        self,
        mirror: Mirror,
        collection: Collection,
        indexed: frozenset[tuple[str, str]],
        warnings: list[str],
        *,
        files: bool,
    ) -> None:
        self._mirror = mirror
        self._indexed = indexed
        self._collection = collection
        self._warnings = warnings
        self._fields = collection.file_fields if files and collection.type != "view" else ()

    def read(self, rows: Iterator[Row], *, reshaped: bool) -> list[str]:
        """Stage what changed; returns the ids of the records that are gone."""
        gone = []
        before = self._mirror.sources(self._collection.id)
        old = next(before, None)
        for row in rows:
            while old is not None and old[0] < row.id:
                gone.append(old[0])
                old = next(before, None)
            source = _digest(row)
            if old is None or old[0] != row.id:
                self._stage(row.record(), source)
                continue
            if reshaped or old[1] != source:
                self._stage(row.record(), source)
            old = next(before, None)
        while old is not None:
            gone.append(old[0])
            old = next(before, None)
        return gone

    def _stage(self, record: Record, source: bytes) -> None:
        keys_of_values = list(references(self._collection, record, self._indexed))
        items = record_items(self._collection, record, keys_of_values)
        reason = next(filter(None, map(refusal, items)), "")
        if reason:
            self._warnings.append(
                f"record {self._collection.name}/{record.id} is left out, and view rules that look "
                f"at it deny: {reason}"
            )
            without_values = replace(record, values={}, sources={}, is_unreadable=True)
            items = record_items(self._collection, without_values, keys_of_values)
            items = [] if refusal(items[0]) else [each for each in items if not refusal(each)]
        file_keys = [] if reason else list(self._keys(record))
        key = (record.collection_id, record.id)
        is_auth = self._collection.type == "auth"
        self._mirror.stage(key, source, items, file_keys, auth=is_auth)

    def _keys(self, record: Record) -> Iterator[str]:
        for field in self._fields:
            for name in record.names(field):
                try:
                    yield keys.original(record.collection_id, record.id, name)
                except NotFound:
                    self._warnings.append(
                        f"record {self._collection.name}/{record.id}: {name!r} is no file name"
                    )


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(repr(row.content).encode(), digest_size=16).digest()
