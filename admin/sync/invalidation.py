"""What CloudFront has to invalidate, and when it is asked. Pure.

An invalidation reaches only copies that exist; an answer on its way can fill a cache afterwards.
Therefore every path is invalidated again after the longest request. A collection that stops being
open is invalidated over a longer time, because CloudFront promises no bound for the moment at which
a change of the key value store reaches every edge.

What is still to be asked lies in the table, as entries of what is left to do later: a run that dies
leaves it to the next. The sort key of an entry is
``invalidate#<kind>#<number>#<collection>/<record>``; without a record it is the whole collection.
The number says how often CloudFront was asked before.
"""

from collections import defaultdict
from collections.abc import Collection as Sized
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pocketfiles.catalogue.model import Collection

INVALIDATE = "invalidate#"
"""Prefix of the sort keys of entries that are invalidations."""

REMOVED = "removed"
"""The kind of entry for a removed or replaced file."""

CLOSED = "closed"
"""The kind of entry for a collection of which less is public than before."""

CHANGED = "changed"
"""The kind of entry for a record whose files lie elsewhere: a view's, or a shared bucket's."""

SECONDS_BETWEEN: Mapping[str, tuple[float, ...]] = {
    REMOVED: (40.0,),
    CHANGED: (150.0, 3450.0),
    CLOSED: (5 * 60.0, 55 * 60.0, 23 * 60 * 60.0),
}
"""Seconds from one request to CloudFront to the next, by kind.

A removed file: the time limits of the functions and of API Gateway, with a margin. A changed
record: also the time for which a function may go by the data before, and an hour after the first,
because PocketBase deletes the objects of a shared bucket when it likes. A closed collection: after
minutes, an hour and a day.
"""

MAX_RECORDS_BY_NAME = 25
"""Records of one collection up to which each is a path of its own; above, the collection is one."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One invalidation that is still to be asked for; an empty record is the whole collection."""

    kind: str
    collection_id: str
    record_id: str = ""
    number: int = 0

    @property
    def sort_key(self) -> str:
        """The entry's sort key in the table."""
        return f"{INVALIDATE}{self.kind}#{self.number}#{self.collection_id}/{self.record_id}"

    @classmethod
    def of(cls, sort_key: str) -> "Entry":
        """The entry of its sort key."""
        _, kind, number, folder = sort_key.split("#", 3)
        collection_id, _, record_id = folder.partition("/")
        return cls(kind, collection_id, record_id, int(number))

    def following(self, asked_at: float) -> "tuple[Entry, float] | None":
        """What is to be asked next, and from when on; ``None`` after the last time."""
        gaps = SECONDS_BETWEEN[self.kind]
        if self.number >= len(gaps):
            return None
        return replace(self, number=self.number + 1), asked_at + gaps[self.number]


@dataclass(frozen=True, slots=True)
class Request:
    """Paths that are asked for together, and the entries that are done with that."""

    paths: tuple[str, ...]
    entries: tuple[Entry, ...]
    is_whole: bool = False
    """Whether it is a whole collection."""

    def following(self, asked_at: float) -> Iterator[tuple[Entry, float]]:
        """What is to be asked next, and from when on; a whole collection stays one."""
        for entry in self.entries:
            found = entry.following(asked_at)
            if found is None:
                continue
            following, due = found
            if self.is_whole:
                following = replace(following, record_id="")
            yield following, due


def removal(key: str) -> Entry:
    """The entry once the object under ``key`` is removed or replaced."""
    collection_id, record_id = key.split("/")[:2]
    return Entry(REMOVED, collection_id, record_id)


def grouped(entry: Entry, noted: Sized[str]) -> Entry:
    """The entry, or that of its whole collection where ``noted`` records of it are many."""
    if len(noted) < MAX_RECORDS_BY_NAME:
        return entry
    return replace(entry, record_id="")


def less_public(before: Iterable[Collection], after: Iterable[Collection]) -> set[str]:
    """Ids of collections with a public file field that is not public any more, or is gone.

    Also those whose id now names another collection: what was cached under the id is kept for 30
    days, but is not what the id names any more.
    """
    earlier = list(before)
    later = list(after)
    fields_after = {each.id: _public_fields(each) for each in later}
    hidden = _found_by_id(earlier) - _found_by_id(later)
    found = set()
    for collection in earlier:
        public = _public_fields(collection)
        still_public = fields_after.get(collection.id, set())
        is_hidden = collection.id in hidden
        if public - still_public or (public and is_hidden):
            found.add(collection.id)
    return found


def _found_by_id(collections: Iterable[Collection]) -> set[str]:
    """The ids that name their own collection: none before it has the id as its name, in any letter
    case (pocketbase.md §3.2)."""
    names = set[str]()
    found = set[str]()
    for collection in sorted(collections, key=lambda each: each.position):
        if collection.id.casefold() not in names:
            found.add(collection.id)
        names.add(collection.name.casefold())
    return found


def _public_fields(collection: Collection) -> set[str]:
    """The ids of the file fields whose files everybody may have."""
    return {field.id for field in collection.file_fields if not field.protected}


def requests(entries: Iterable[Entry]) -> Iterator[Request]:
    """What to ask for, a record or a whole collection at a time; many records are the whole."""
    by_collection = defaultdict[str, dict[str, list[Entry]]](lambda: defaultdict(list))
    for entry in sorted(entries):
        by_collection[entry.collection_id][entry.record_id].append(entry)
    for collection_id, by_record in by_collection.items():
        if _is_whole(by_record):
            every: list[Entry] = []
            for found in by_record.values():
                every += found
            yield Request(folder_paths(collection_id), tuple(every), is_whole=True)
            continue
        for record_id, found in by_record.items():
            yield Request(folder_paths(collection_id, record_id), tuple(found))


def folder_paths(collection_id: str, record_id: str = "") -> tuple[str, ...]:
    """The paths of one record's copies, or of a whole collection's.

    Public copies lie under the object's key; what the API made, under its own path.
    """
    folder = f"{collection_id}/{record_id}" if record_id else collection_id
    return f"/{folder}/*", f"/api/files/{folder}/*"


def _is_whole(record_ids: Sized[str]) -> bool:
    has_odd_ids = not all(_is_plain(each) for each in record_ids)
    return "" in record_ids or has_odd_ids or len(record_ids) > MAX_RECORDS_BY_NAME


def _is_plain(record_id: str) -> bool:
    """Whether a path spells the id as it is: CloudFront takes neither ``*`` within nor ``~``."""
    return record_id.isascii() and record_id.replace("_", "").replace("-", "").isalnum()
