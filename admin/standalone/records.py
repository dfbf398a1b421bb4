"""Single records and their files, for a table that no PocketBase feeds."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pocketfiles import keys
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.generations import Item, value_at
from pocketfiles.catalogue.items import record_from, record_items
from pocketfiles.catalogue.model import Collection, Field, Record, Source, listed
from pocketfiles.catalogue.table import Table
from pocketfiles.errors import NotFound

from ..errors import AdminError
from ..sync import invalidation
from ..sync.elsewhere import of_views_that_show
from ..sync.pending import backlog_of, closing_until, left_in, overdue
from ..target import items
from ..target.bucket import Bucket
from ..target.edge import NO_EDGE, Edge
from ..target.items import references
from ..target.table import TargetTable
from ..target.writer import Writer
from . import schema
from .dependents import Dependents, dependents
from .lookup import find_collection
from .naming import Letters
from .thumbs import MAX_RECORDS
from .uploads import prepared
from .values import json_array, typed
from .writing import write, writing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Waiting:
    """How a command waits: ``warn`` is told why. ``clock`` in epoch seconds."""

    warn: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


WAITING = Waiting()


class Records:
    """The records of one table, their files in one bucket."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        bucket: Bucket,
        letters: Letters,
        edge: Edge = NO_EDGE,
        waiting: Waiting = WAITING,
    ) -> None:
        self._edge = edge
        self._waiting = waiting
        self._table = Table(dynamodb, table)
        self._writer = Writer(TargetTable(dynamodb, table), is_sync=False)
        self._bucket = bucket
        self._letters = letters

    def collection(self, name_or_id: str) -> Collection:
        """Find a collection by name or id. Raises ``AdminError``."""
        return find_collection(snapshot_of(self._table).collections, name_or_id)

    def record(self, collection: Collection, record_id: str) -> Record:
        """Find a record by id. Raises ``AdminError``."""
        return record_from(self._required_item(collection, record_id), collection)

    def put(
        self,
        collection: Collection,
        record_id: str,
        field: Field | None,
        paths: list[Path],
        values: Mapping[str, str],
        on_bytes: Callable[[int], None] = lambda _count: None,
    ) -> tuple[list[str], bool]:
        """Store files in a field and set values; the record is created if necessary.

        A file replaces the one in a single field and is added to a multiple one. Returns the stored
        names and whether the record is new. Raises ``AdminError``; files that were already stored
        are then deleted. ``on_bytes`` is called with the size of each piece that is uploaded.
        """
        _require_no_view(collection)
        _key(collection, record_id, "file")  # an id that no key can have is refused early
        before = self._item(collection, record_id)
        old = record_from(before, collection) if before else None
        new = self._changed(collection, old or self._empty(collection, record_id), values)
        stored: list[str] = []
        uploads = [prepared(path, field, self._letters) for path in paths] if field else []
        if field and field.protected:
            self._wait_until_closed(collection)
        try:
            for upload in uploads:
                key = _key(collection, record_id, upload.name)
                self._bucket.upload(key, upload.file, replaces=False, on_bytes=on_bytes)
                stored.append(upload.name)
            if field:
                kept = new.names(field) if field.multiple else ()
                new = _holding(new, field, [*kept, *stored])
            self._save(collection, before, new)
        except BaseException:
            self._remove_files(collection, record_id, stored)
            raise
        if old and field:
            replaced = set(old.names(field)) - set(new.names(field))
            self._remove_files(collection, record_id, replaced)
        return stored, before is None

    def remove_file(self, collection: Collection, record_id: str, field: Field, name: str) -> None:
        """Remove a file from its field, then delete it with its thumbs. Raises ``AdminError``."""
        before = self._required_item(collection, record_id)
        record = record_from(before, collection)
        names = list(record.names(field))
        if name not in names:
            where = f"{collection.name}/{record_id} has no file {name} in {field.name}"
            raise AdminError(f"{where}; it has: {', '.join(names) or 'none'}")
        names.remove(name)
        after = _holding(record, field, names)
        self._save(collection, before, after)
        if not any(name in after.names(other) for other in collection.file_fields):
            self._remove_files(collection, record_id, [name])

    def remove(self, collection: Collection, record_id: str) -> int:
        """Delete a record, its index items and its files. Returns the number of files.

        Raises ``AdminError``.
        """
        _require_no_view(collection)
        record = self.record(collection, record_id)
        gone = [(item, False) for item in self._items(collection, record)]
        with writing(self._writer):
            write(self._writer, gone)
        names: set[str] = set()
        for field in collection.file_fields:
            names.update(record.names(field))
        self._remove_files(collection, record_id, names)
        return len(names)

    def dependents(self, collection: Collection, record_id: str) -> list[Dependents]:
        """The records that refer to a record."""
        return [*dependents(snapshot_of(self._table), collection, record_id)]

    def _item(self, collection: Collection, record_id: str) -> Item | None:
        """The record's item as it is at the generation that counts."""
        item = self._table.get_item(collection.id, record_id)
        return value_at(item, self._table.pointer()) if item else None

    def _required_item(self, collection: Collection, record_id: str) -> Item:
        item = self._item(collection, record_id)
        if item is None:
            raise AdminError(f"there is no record {record_id} in {collection.name}")
        return item

    def _items(self, collection: Collection, record: Record) -> list[Item]:
        indexed = snapshot_of(self._table).collections.indexed or frozenset()
        return record_items(collection, record, references(collection, record, indexed))

    def _empty(self, collection: Collection, record_id: str) -> Record:
        values = {"id": record_id, **schema.defaults(collection.fields)}
        if collection.type == "auth":
            values["tokenKey"] = self._letters(schema.SECRET_LETTERS, schema.SECRET_LENGTH)
        return Record(collection.id, record_id, values)

    def _changed(self, collection: Collection, record: Record, values: Mapping[str, str]) -> Record:
        given = {}
        for name, text in values.items():
            field = collection.field(name)
            if field is None or field.type == "file" or name == "id":
                raise AdminError(f"{collection.name} has no field {name} that could be set")
            value = typed(field, text)
            if field.type == "relation":
                self._require_targets(field, listed(value, multiple=field.multiple))
            if name == "email" and collection.type == "auth":
                self._require_unique(collection, record.id, text)
            given[name] = value
        return replace(record, values={**record.values, **given})

    def _require_targets(self, field: Field, ids: Iterable[str]) -> None:
        """Raise ``AdminError`` for an id that a relation field refers to in vain."""
        target = self.collection(field.collection_id)
        for each in ids:
            if self._item(target, each) is None:
                raise AdminError(
                    f"field {field.name} refers to {target.name}/{each}, which is no record"
                )

    def _require_unique(self, collection: Collection, record_id: str, email: str) -> None:
        """Raise ``AdminError`` if another record of an auth collection has the address."""
        records = snapshot_of(self._table).reader.all(collection.id, MAX_RECORDS) if email else ()
        for other in records:
            if other.values.get("email") == email and other.id != record_id:
                raise AdminError(f"{collection.name}/{other.id} has the e-mail address {email}")

    def _wait_until_closed(self, collection: Collection) -> None:
        """Wait while an edge may still take the collection for open. Raises ``AdminError``."""
        if not self._edge.reads_bucket:
            return
        until = closing_until(left_in(self._writer.table)).get(collection.id, 0.0)
        if until == math.inf:
            raise AdminError(
                f"CloudFront has not been asked yet to forget the public files of "
                f"{collection.name}: run `purge --stack NAME` first"
            )
        seconds = until - self._waiting.clock()
        if seconds > 0:
            self._waiting.warn(
                f"{collection.name} has just been closed: {seconds:.0f} s until every edge knows"
            )
            self._waiting.sleep(seconds)

    def _save(self, collection: Collection, before: Item | None, after: Record) -> None:
        """Write a record with its index items, unless somebody else changed it since it was
        read."""
        new, *refers = self._items(collection, after)
        reason = items.refusal(new)
        if reason:
            raise AdminError(f"record {collection.name}/{after.id} cannot be stored: {reason}")
        referred = []
        if before:
            referred = self._items(collection, record_from(before, collection))[1:]
        changes = [(item, False) for item in referred if item not in refers]
        changes += [(item, True) for item in (new, *refers) if item not in referred]
        with writing(self._writer):
            actual = self._item(collection, after.id)
            if _digest(actual) != _digest(before):
                raise AdminError("the record was changed by somebody else meanwhile; run it again")
            write(self._writer, changes)

    def _remove_files(self, collection: Collection, record_id: str, names: Iterable[str]) -> None:
        """Delete the files, then have their copies invalidated.

        What CloudFront is to be asked is written down first, so that a later command or sync asks
        again, and also if this one ends before. What earlier commands have left is asked too.
        """
        gone = [_key(collection, record_id, name) for name in sorted(names)]
        pending = overdue(self._writer.table, self._edge, self._waiting.clock)
        for key in gone:
            pending.note(invalidation.removal(key))
        if gone and self._edge.has_copies:
            for entry in self._shown_elsewhere(Source(collection.id, record_id)):
                pending.note(entry)
        for key in gone:
            self._bucket.remove(key)
        try:
            pending.ask()
        finally:
            self._tell_backlog()

    def _shown_elsewhere(self, source: Source) -> Iterator[invalidation.Entry]:
        """The records of views that show files of a record."""
        snapshot = snapshot_of(self._table)
        collections = snapshot.collections
        return of_views_that_show(source, self._writer.table, snapshot.pointer, collections)

    def _tell_backlog(self) -> None:
        """Have the pointer say what CloudFront is still to be asked for."""
        if self._edge.has_copies:
            left = left_in(self._writer.table)
            with writing(self._writer):
                self._writer.tell(backlog_of(left))


def _require_no_view(collection: Collection) -> None:
    if collection.type == "view":
        raise AdminError(
            f"{collection.name} is a view: its records come from PocketBase's database, so only a "
            "sync has them"
        )


def _key(collection: Collection, record_id: str, name: str) -> str:
    try:
        return keys.original(collection.id, record_id, name)
    except NotFound as error:
        raise AdminError(f"{record_id!r} is no record id to store files under") from error


def _digest(item: Item | None) -> bytes | None:
    return items.digest(item) if item else None


def _holding(record: Record, field: Field, names: list[str]) -> Record:
    """The record with these files in the field. Raises ``AdminError`` if they are too many."""
    if field.multiple and len(names) > field.max_select:
        raise AdminError(
            f"field {field.name} holds {field.max_select} files at most; it would have {len(names)}"
        )
    single = names[-1] if names else ""
    value = json_array(names) if field.multiple else single
    return replace(record, values={**record.values, field.name: value})
