"""URLs and tokens to try, found in whatever data was imported."""

import re
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import TypeAlias

from pocketfiles import tokens
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.locate import path_of

Opens: TypeAlias = Callable[[str], bool]
"""Whether a GET of a path (with its query) returns a file."""

User: TypeAlias = tuple[Collection, Record]
"""An auth collection and one of its records."""

_PICTURE = re.compile(r"\.(jpe?g|png|gif|webp)$", re.IGNORECASE)
_RECORDS = 20
"""Records read from each collection."""

_TRIES = 200
"""Requests made to find a file that opens."""


def samples(snapshot: Snapshot, opens: Opens, base: str, now: float) -> Iterator[tuple[str, str]]:
    """Yield labels and lines to try: a picture, each form of its thumbs, a protected file, tokens.

    ``base`` is the origin of the URLs, ``now`` in seconds since the epoch. A line that the data has
    no example for is left out.
    """
    collections = [c for c in snapshot.collections if c.type != "view"]
    yield from _pictures(snapshot, collections, opens, base)
    users = list(_users(snapshot, collections))
    shown = _protected(snapshot, collections, users, opens, now)
    if shown:
        user, path = shown
        yield "protected", base + path
        users = [user]
    for collection, record in users[:1]:
        token = tokens.issue(collection, record, "auth", now)
        yield "auth token", token
        yield "file token", f"curl -X POST -H 'Authorization: {token}' {base}/api/files/token"


def thumb_form(size: str) -> str:
    """A size without its numbers: ``100x300t`` and ``50x50t`` are of one form, ``NxNt``."""
    return re.sub(r"[1-9]\d*", "N", size)


def _pictures(
    snapshot: Snapshot, collections: list[Collection], opens: Opens, base: str
) -> Iterator[tuple[str, str]]:
    """A public picture of the field whose thumbs come in the most forms."""
    fields = []
    for collection in collections:
        for field in collection.file_fields:
            if field.thumbs and not field.protected:
                fields.append((collection, field))
    fields.sort(key=lambda found: len(_forms(found[1])), reverse=True)
    for path, field in islice(_picture_paths(snapshot, fields), _TRIES):
        if opens(path):
            yield "picture", base + path
            for size in _forms(field):
                yield f"thumb {size}", f"{base}{path}?thumb={size}"
            return


def _picture_paths(
    snapshot: Snapshot, fields: list[tuple[Collection, Field]]
) -> Iterator[tuple[str, Field]]:
    for collection, field in fields:
        for path in _paths(snapshot, collection, field):
            if _PICTURE.search(path):
                yield path, field


def _forms(field: Field) -> list[str]:
    """The first size of each form that the field lists."""
    forms: dict[str, str] = {}
    for size in field.thumbs:
        forms.setdefault(thumb_form(size), size)
    return list(forms.values())


def _protected(
    snapshot: Snapshot,
    collections: list[Collection],
    users: list[User],
    opens: Opens,
    now: float,
) -> tuple[User, str] | None:
    """A user and the path of a protected file that their token in the query opens."""
    files: list[str] = []
    # A rule that asks who the reader is makes the better example, so open collections come last.
    for collection in sorted(collections, key=lambda collection: collection.view_rule == ""):
        for field in collection.file_fields:
            if field.protected:
                files += _paths(snapshot, collection, field)
    for user, file in islice(product(users, files), _TRIES):
        path = f"{file}?token={tokens.issue(*user, 'file', now)}"
        if opens(path):
            return user, path
    return None


def _users(snapshot: Snapshot, collections: list[Collection]) -> Iterator[User]:
    """The records that tokens can be issued to, superusers last."""
    owners = [collection for collection in collections if collection.type == "auth"]
    for collection in sorted(owners, key=lambda collection: collection.is_superusers):
        for record in snapshot.reader.all(collection.id, _RECORDS):
            if record.token_key:
                yield collection, record


def _paths(snapshot: Snapshot, collection: Collection, field: Field) -> Iterator[str]:
    for record in snapshot.reader.all(collection.id, _RECORDS):
        for name in record.names(field):
            yield path_of(collection.name, record.id, name)
