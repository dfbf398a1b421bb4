"""The thumbs that a bucket stores, and those that its collections' fields list but it lacks."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from pocketfiles import keys, tokens
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.key_path import FORMATS
from pocketfiles.locate import path_of

from ..errors import AdminError
from ..target.bucket import Bucket
from .lookup import find_collection

_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
MAX_RECORDS = 1_000_000
"""Records of a collection that a command looks at, at most."""

_TOKEN_MARGIN_SECONDS = 30


@dataclass(frozen=True)
class Missing:
    """A thumb that a field lists and the bucket lacks."""

    path: str
    """The path of its original, escaped."""
    size: str
    protected: bool
    format_name: str = ""
    """``avif`` or ``webp`` for a thumb in that format; empty for the original's own."""

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers of a request for this thumb."""
        return {"accept": FORMATS[self.format_name]} if self.format_name else {}

    def is_made_by(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is this thumb; an original that comes in its place has another name."""
        disposition = headers.get("content-disposition", "")
        _, _, name = disposition.partition("filename")
        return f"{self.size}_" in name


@dataclass
class Inventory:
    """What a bucket stores and lacks."""

    stored: list[str] = field(default_factory=list)
    """Keys of all stored thumbs."""
    missing: list[Missing] = field(default_factory=list)
    stored_in: Counter[str] = field(default_factory=Counter)
    missing_in: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """A line for each collection with thumbs."""
        for name in sorted(self.stored_in.keys() | self.missing_in.keys()):
            yield f"{name}: {self.stored_in[name]} stored, {self.missing_in[name]} missing"


def inventory(
    snapshot: Snapshot,
    bucket: Bucket,
    only: str | None,
    formats: Sequence[str] = (),
) -> Inventory:
    """Compare the bucket with the thumb sizes of the collections. Raises ``AdminError``.

    The bucket is listed whole. A thumb is missing if its size is listed in the field of a picture
    that the bucket has. With ``formats``, its thumbs in these formats are missing as well.
    """
    chosen = _chosen(snapshot, only)
    names = {collection.id: collection.name for collection in chosen}
    found = Inventory()
    present = set()
    for stored in bucket.list():
        parsed = keys.parse(stored.key)
        collection_id = stored.key.partition("/")[0]
        if parsed is None or collection_id not in names:
            continue
        present.add(stored.key)
        if isinstance(parsed, keys.Thumb):
            found.stored.append(stored.key)
            found.stored_in[names[collection_id]] += 1
    for collection in chosen:
        for missing in _missing_in(snapshot, collection, present, formats):
            found.missing.append(missing)
            found.missing_in[collection.name] += 1
    return found


def _missing_in(
    snapshot: Snapshot,
    collection: Collection,
    present: set[str],
    formats: Sequence[str],
) -> Iterator[Missing]:
    """The missing thumbs of a collection; those of a view belong to other collections."""
    if collection.type == "view":
        return
    fields = [file_field for file_field in collection.file_fields if file_field.thumbs]
    if not fields:
        return
    for record in snapshot.reader.all(collection.id, MAX_RECORDS):
        for file_field in fields:
            yield from _missing(collection, record, file_field, present, formats)


def superuser_token(snapshot: Snapshot) -> Callable[[], str]:
    """A function that gives a valid file token of a superuser, to open protected originals.

    It raises ``AdminError`` if there is no superuser.
    """
    kept: dict[str, float] = {}

    def token() -> str:
        now = time.time()
        for known, ends in kept.items():
            if ends - now > _TOKEN_MARGIN_SECONDS:
                return known
        collection = snapshot.collections.find("_superusers")
        records = snapshot.reader.all(collection.id, 1) if collection else ()
        superuser = next(iter(records), None)
        if collection is None or superuser is None:
            raise AdminError("protected thumbs need a superuser, and the table has none")
        made = tokens.issue(collection, superuser, "file", now)
        kept.clear()
        kept[made] = now + collection.file_token.duration
        return made

    return token


def _chosen(snapshot: Snapshot, only: str | None) -> list[Collection]:
    if only is None:
        return list(snapshot.collections)
    return [find_collection(snapshot.collections, only)]


def _missing(
    collection: Collection,
    record: Record,
    file_field: Field,
    present: set[str],
    formats: Sequence[str],
) -> Iterator[Missing]:
    for name in record.names(file_field):
        original = keys.original(collection.id, record.id, name)
        if original not in present or not name.lower().endswith(_PICTURES):
            continue
        path = path_of(collection.name, record.id, name)
        for size, format_name in product(dict.fromkeys(file_field.thumbs), ("", *formats)):
            if keys.thumb(original, size, format_name) not in present:
                yield Missing(path, size, file_field.protected, format_name)
