"""Chooses the requests to compare, from a PocketBase data directory.

The choice is the same each time: records are ordered by a hash of their ids, and the first ones
are taken. So a comparison can go on where it stopped, and two comparisons can be compared.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pocketfiles.catalogue.model import Collection, Collections, Field, Record
from pocketfiles.locate import ALWAYS_ALLOWED, path_of

from ..errors import AdminError
from ..source.pocketbase import Snapshot
from ..source.reader import Directory

UNLISTED_SIZE = "7x13"
"""A size that no field should list; both services answer with the original."""

_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_MISSING_NAME = "no_such_file_0000000000.txt"
_RELATED_USERS = 2
_RANGES = ("bytes=0-99", "bytes=-50", "bytes=999999999-")


@dataclass(frozen=True)
class User:
    """An auth record that requests are sent for."""

    collection: Collection
    record: Record

    @property
    def label(self) -> str:
        """``collection/id``."""
        return f"{self.collection.name}/{self.record.id}"


@dataclass(frozen=True)
class Case:
    """A request to send to both services."""

    path: str
    """The path and query, escaped, without a token."""
    key: str
    """The key of the original in the bucket and under ``storage/``; empty for the token route."""
    method: str = "GET"
    range: str = ""
    """The value of the header ``Range``; empty for none."""
    thumb: str = ""
    protected: bool = False
    user: User | None = None
    """The owner of the token that is sent; ``None`` for a guest."""

    @property
    def label(self) -> str:
        """The request in one line, without a token; no two cases have the same."""
        headers = f" Range: {self.range}" if self.range else ""
        sender = self.user.label if self.user else "guest"
        return f"{self.method} {self.path}{headers} as {sender}"


@dataclass(frozen=True)
class Sample:
    """How much is compared: records of each file field, and users of each auth collection."""

    records: int
    users: int
    collections: tuple[str, ...] = ()
    """Names of the collections to compare; empty for all."""


def choose(snapshot: Snapshot, sample: Sample) -> list[Case]:
    """Choose the requests for a data directory, in an order in which no kind comes last.

    Raises ``AdminError`` for a collection that is not there.
    """
    names = {each.collection.name for each in snapshot.collections}
    unknown = sorted(set(sample.collections) - names)
    if unknown:
        raise AdminError(f"there is no collection {', '.join(unknown)} in the data directory")
    users = _users(snapshot, sample.users)
    directory = Directory(snapshot)
    collections = Collections(each.collection for each in snapshot.collections)
    found: dict[str, Case] = {}
    for each in snapshot.collections:
        collection = each.collection
        if sample.collections and collection.name not in sample.collections:
            continue
        for field in collection.file_fields:
            holding = (row.record() for row in snapshot.rows(each))
            records = _first(holding, field, sample.records)
            for record in records:
                asking = [*_related(directory, collections, collection, record), *users]
                for case in _of_field(collection, record, field, asking):
                    found.setdefault(case.label, case)
    for user in users:
        case = Case("/api/files/token", "", "POST", user=user)
        found.setdefault(case.label, case)
    return sorted(found.values(), key=lambda case: _order(case.label))


def _users(snapshot: Snapshot, count: int) -> list[User]:
    users = []
    for each in snapshot.collections:
        if each.collection.type != "auth":
            continue
        records = [row.record() for row in snapshot.rows(each)]
        records.sort(key=lambda record: _order(record.id))
        users += [User(each.collection, record) for record in records[:count]]
    return users


def _related(
    directory: Directory, collections: Collections, collection: Collection, record: Record
) -> Iterator[User]:
    """The auth records that a record refers to; many a view rule is about them."""
    for field in collection.fields:
        if field.type != "relation":
            continue
        target = collections.find(field.collection_id)
        if target is None or target.type != "auth":
            continue
        ids = record.names(field)[:_RELATED_USERS]
        for user in directory.batch(target.id, ids).values():
            yield User(target, user)


def _first(records: Iterable[Record], field: Field, count: int) -> list[Record]:
    """The first records, in the order of the sample, with a file in the field."""
    holding = (record for record in records if record.names(field))
    return sorted(holding, key=lambda record: _order(record.id))[:count]


def _of_field(
    collection: Collection, record: Record, field: Field, users: list[User]
) -> Iterator[Case]:
    """The requests for the files that a record has in a field."""
    for name in record.names(field):
        source = record.sources.get(name)
        owner = (source.collection_id, source.record_id) if source else (collection.id, record.id)
        original = Case(
            path=path_of(collection.name, record.id, name),
            key="/".join((*owner, name)),
            protected=field.protected,
        )
        yield from _forms(original, field)
        if field.protected:
            for user in users:
                yield from _for_user(replace(original, user=user), field)
    missing = path_of(collection.name, record.id, _MISSING_NAME)
    yield Case(path=missing, key=f"{collection.id}/{record.id}/{_MISSING_NAME}")


def _forms(original: Case, field: Field) -> Iterator[Case]:
    """The same file as GET and HEAD, whole and in part, as a download and as each thumb."""
    yield original
    yield replace(original, method="HEAD")
    yield replace(original, path=f"{original.path}?download=1")
    for value in _RANGES:
        yield replace(original, range=value)
    if not original.key.lower().endswith(_PICTURES):
        return
    for size in dict.fromkeys((*field.thumbs, ALWAYS_ALLOWED, UNLISTED_SIZE)):
        yield replace(original, path=f"{original.path}?thumb={size}", thumb=size)


def _for_user(original: Case, field: Field) -> Iterator[Case]:
    """One request of each kind; that the forms agree is seen by other requests."""
    yield original
    yield replace(original, method="HEAD")
    yield replace(original, range=_RANGES[0])
    if field.thumbs and original.key.lower().endswith(_PICTURES):
        size = field.thumbs[0]
        yield replace(original, path=f"{original.path}?thumb={size}", thumb=size)


def _order(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
