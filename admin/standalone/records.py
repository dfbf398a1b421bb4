"""Single records and their files, for a table that no PocketBase feeds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import record_from
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.catalogue.table import Table

from ..errors import AdminError
from ..target import items
from ..target.bucket import Bucket
from ..target.edge import NO_EDGE, Edge
from ..target.table import TargetTable
from ..target.writer import Writer
from . import schema
from .assignment import assigned, require_complete
from .current import CurrentRecords
from .dependents import Dependents, dependents
from .naming import Letters
from .record_files import RecordFiles, Waiting, key_of
from .uploads import Upload, prepared
from .values import json_array
from .writing import write, writing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
        self._table = Table(dynamodb, table)
        self._current = CurrentRecords(self._table)
        self._writer = Writer(TargetTable(dynamodb, table), is_sync=False)
        self._files = RecordFiles(self._table, self._writer, bucket, edge, waiting)
        self._letters = letters

    def collection(self, name_or_id: str) -> Collection:
        """Find a collection by name or id. Raises ``AdminError``."""
        return self._current.collection(name_or_id)

    def record(self, collection: Collection, record_id: str) -> Record:
        """Find a record by id. Raises ``AdminError``."""
        return self._current.record(collection, record_id)

    def dependents(self, collection: Collection, record_id: str) -> list[Dependents]:
        """The records that refer to a record."""
        return [*dependents(snapshot_of(self._table), collection, record_id)]

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
        key_of(collection, record_id, "file")  # an id that no key can have is refused early
        before = self._current.find_item(collection, record_id)
        old = record_from(before, collection) if before else None
        if old and old.is_unreadable:
            raise AdminError(f"the values of {collection.name}/{record_id} are not in the table")
        new = assigned(old or self._empty(collection, record_id), collection, values, self._current)
        uploads: list[Upload] = []
        if field:
            uploads = [prepared(path, field, self._letters) for path in paths]
            new = _with_files(new, field, [upload.name for upload in uploads])
        require_complete(new, collection)
        if field and field.protected:
            self._files.wait_until_closed(collection)
        stored: list[str] = []
        try:
            for upload in uploads:
                self._files.upload(collection, record_id, upload, on_bytes)
                stored.append(upload.name)
            self._save(collection, before, new)
        except BaseException:
            self._files.remove(collection, record_id, stored)
            raise
        if old and field:
            replaced = set(old.names(field)) - set(new.names(field))
            self._files.remove(collection, record_id, replaced)
        return stored, before is None

    def remove_file(self, collection: Collection, record_id: str, field: Field, name: str) -> None:
        """Remove a file from its field, then delete it with its thumbs. Raises ``AdminError``."""
        before = self._current.item(collection, record_id)
        record = record_from(before, collection)
        names = list(record.names(field))
        if name not in names:
            where = f"{collection.name}/{record_id} has no file {name} in {field.name}"
            raise AdminError(f"{where}; it has: {', '.join(names) or 'none'}")
        names.remove(name)
        after = _holding(record, field, names)
        self._save(collection, before, after)
        if not any(name in after.names(other) for other in collection.file_fields):
            self._files.remove(collection, record_id, [name])

    def remove(self, collection: Collection, record_id: str) -> int:
        """Delete a record, its index items and its files. Returns the number of files.

        Raises ``AdminError``.
        """
        _require_no_view(collection)
        record = self.record(collection, record_id)
        gone = [(item, False) for item in self._current.items_of(collection, record)]
        with writing(self._writer):
            write(self._writer, gone)
        names: set[str] = set()
        for field in collection.file_fields:
            names.update(record.names(field))
        self._files.remove(collection, record_id, names)
        return len(names)

    def _empty(self, collection: Collection, record_id: str) -> Record:
        values = {"id": record_id, **schema.defaults(collection.fields)}
        if collection.type == "auth":
            values["tokenKey"] = self._letters(schema.SECRET_LETTERS, schema.SECRET_LENGTH)
        return Record(collection.id, record_id, values)

    def _save(self, collection: Collection, before: Item | None, after: Record) -> None:
        """Write a record with its index items, unless somebody else changed it since it was
        read."""
        desired = self._current.items_of(collection, after)
        reason = items.refusal(desired[0])
        if reason:
            raise AdminError(f"record {collection.name}/{after.id} cannot be stored: {reason}")
        indexed: list[Item] = []
        if before:
            old = record_from(before, collection)
            indexed = self._current.items_of(collection, old)[1:]
        changes = [(item, False) for item in indexed if item not in desired]
        changes += [(item, True) for item in desired if item not in indexed]
        with writing(self._writer):
            actual = self._current.find_item(collection, after.id)
            if _digest(actual) != _digest(before):
                raise AdminError("the record was changed by somebody else meanwhile; run it again")
            write(self._writer, changes)


def _require_no_view(collection: Collection) -> None:
    if collection.type == "view":
        raise AdminError(
            f"{collection.name} is a view: its records come from PocketBase's database, so only a "
            "sync has them"
        )


def _digest(item: Item | None) -> bytes | None:
    return items.digest(item) if item else None


def _with_files(record: Record, field: Field, names: list[str]) -> Record:
    """The record with these new files: after those of a multiple field, instead of a single one."""
    kept = record.names(field) if field.multiple else ()
    return _holding(record, field, [*kept, *names])


def _holding(record: Record, field: Field, names: list[str]) -> Record:
    """The record with these files in the field. Raises ``AdminError`` if they are too many."""
    if field.multiple and len(names) > field.max_select:
        raise AdminError(
            f"field {field.name} holds {field.max_select} files at most; it would have {len(names)}"
        )
    single = names[-1] if names else ""
    value = json_array(names) if field.multiple else single
    return replace(record, values={**record.values, field.name: value})
