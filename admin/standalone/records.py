"""Single records and their files, for a table that no PocketBase feeds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pocketfiles import keys
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.generations import RECORD, Item
from pocketfiles.catalogue.items import record_from, record_items
from pocketfiles.catalogue.model import Collection, Field, Record, Value, listed
from pocketfiles.catalogue.table import Table
from pocketfiles.errors import NotFound

from ..errors import AdminError
from ..source.storage import LocalFile, escaped
from ..target import items
from ..target.actions import DeleteItem, PutItem
from ..target.bucket import Bucket
from ..target.table import BATCH_SIZE, TargetTable
from . import naming, schema, sniffing
from .naming import Letters
from .schema import json_array

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LONGEST_ORIGINAL = 255  # bytes, pocketbase.md §6.3


class Records:
    """The records of one table, their files in one bucket."""

    def __init__(
        self, dynamodb: "DynamoDBClient", table: str, bucket: Bucket, letters: Letters
    ) -> None:
        self._dynamodb = dynamodb
        self._name = table
        self._table = Table(dynamodb, table)
        self._writer = TargetTable(dynamodb, table)
        self._bucket = bucket
        self._letters = letters

    def collection(self, name_or_id: str) -> Collection:
        """Find a collection by name or id. Raises ``AdminError``."""
        collections = snapshot_of(self._table).collections
        found = collections.find(name_or_id)
        if found is None:
            known = ", ".join(sorted(each.name for each in collections))
            raise AdminError(f"there is no collection {name_or_id}; there are: {known or 'none'}")
        return found

    def record(self, collection: Collection, record_id: str) -> Record:
        """Find a record by id. Raises ``AdminError``."""
        item = self._item(collection, record_id)
        if item is None:
            raise AdminError(f"there is no record {record_id} in {collection.name}")
        return record_from(item, collection)

    def put(
        self,
        collection: Collection,
        record_id: str,
        of: Field | None,
        paths: list[Path],
        values: Mapping[str, str],
        on_bytes: Callable[[int], None] = lambda _count: None,
    ) -> tuple[list[str], bool]:
        """Store files in a field and set values; the record is created if necessary.

        A file replaces the one in a single field and is added to a multiple one. Returns the stored
        names and whether the record is new. Raises ``AdminError``; files that were already stored
        are then deleted. ``on_bytes`` is called with the size of each piece that is uploaded.
        """
        before = self._item(collection, record_id)
        old = record_from(before, collection) if before else None
        new = self._changed(collection, old or self._empty(collection, record_id), values)
        stored: list[str] = []
        try:
            for path in paths:
                stored.append(self._upload(collection, record_id, path, on_bytes))
            if of:
                new = _holding(new, of, [*(new.names(of) if of.multiple else ()), *stored])
            self._save(collection, before, new)
        except BaseException:
            self._remove_files(collection, record_id, stored)
            raise
        if old and of:
            self._remove_files(collection, record_id, set(old.names(of)) - set(new.names(of)))
        return stored, before is None

    def remove_file(self, collection: Collection, record_id: str, of: Field, name: str) -> None:
        """Remove a file from its field, then delete it with its thumbs. Raises ``AdminError``."""
        before = self._item(collection, record_id)
        record = record_from(before, collection) if before else self.record(collection, record_id)
        names = list(record.names(of))
        if name not in names:
            raise AdminError(f"{collection.name}/{record_id} has no file {name} in {of.name}")
        names.remove(name)
        self._save(collection, before, _holding(record, of, names))
        if all(name not in record.names(other) for other in collection.file_fields if other != of):
            self._remove_files(collection, record_id, [name])

    def remove(self, collection: Collection, record_id: str) -> int:
        """Delete a record, its index items and its files. Returns the number of files.

        Raises ``AdminError``.
        """
        record = self.record(collection, record_id)
        self._write([_deletion(item) for item in record_items(collection, record)])
        names = {name for of in collection.file_fields for name in record.names(of)}
        self._remove_files(collection, record_id, names)
        return len(names)

    def _item(self, collection: Collection, record_id: str) -> Item | None:
        key = {"pk": {"S": collection.id}, "sk": {"S": record_id}}
        found = self._dynamodb.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return found.get("Item")

    def _empty(self, collection: Collection, record_id: str) -> Record:
        values = {"id": record_id, **schema.defaults(collection.fields)}
        if collection.type == "auth":
            values["tokenKey"] = self._letters(schema.SECRET_LETTERS, schema.SECRET_LENGTH)
        return Record(collection.id, record_id, values)

    def _changed(self, collection: Collection, record: Record, values: Mapping[str, str]) -> Record:
        typed = {}
        for name, text in values.items():
            of = collection.field(name)
            if of is None or of.type == "file" or name == "id":
                raise AdminError(f"{collection.name} has no field {name} that could be set")
            typed[name] = _typed(of, text)
            if of.type == "relation":
                self._require_targets(of, listed(typed[name], multiple=of.multiple))
        return replace(record, values={**record.values, **typed})

    def _require_targets(self, of: Field, ids: Iterable[str]) -> None:
        """Raise ``AdminError`` for an id that a relation field refers to in vain."""
        target = self.collection(of.collection_id)
        for each in ids:
            if self._item(target, each) is None:
                raise AdminError(
                    f"field {of.name} refers to {target.name}/{each}, which is no record"
                )

    def _upload(
        self, collection: Collection, record_id: str, path: Path, on_bytes: Callable[[int], None]
    ) -> str:
        try:
            with path.open("rb") as file:
                media_type = sniffing.content_type(file.read(sniffing.HEAD_BYTES))
            size = path.stat().st_size
        except OSError as error:
            raise AdminError(f"{path} cannot be read: {error.strerror}") from error
        original = path.name.encode()[:_LONGEST_ORIGINAL].decode("utf-8", "ignore")
        name = naming.stored_name(path.name, sniffing.extension(media_type), self._letters)
        metadata = escaped({"original-filename": original})
        local = LocalFile(path, size, 0.0, media_type, metadata=metadata)
        key = _key(collection, record_id, name)
        self._bucket.upload(key, local, replaces=False, on_bytes=on_bytes)
        return name

    def _save(self, collection: Collection, before: Item | None, after: Record) -> None:
        """Write a record unless somebody else changed it since it was read.

        Index items that no longer hold are deleted before, new ones are written after.
        """
        new, *references = record_items(collection, after)
        reason = items.refusal(new)
        if reason:
            raise AdminError(f"record {collection.name}/{after.id} cannot be stored: {reason}")
        stale = record_items(collection, record_from(before, collection))[1:] if before else []
        self._write([_deletion(item) for item in stale if item not in references])
        self._put(before, new)
        self._write([PutItem(item) for item in references if item not in stale])

    def _put(self, before: Item | None, new: Item) -> None:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before:
            condition = {
                "ConditionExpression": "#data = :data",
                "ExpressionAttributeNames": {"#data": RECORD},
                "ExpressionAttributeValues": {":data": before[RECORD]},
            }
        try:
            self._dynamodb.put_item(TableName=self._name, Item=new, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise AdminError(
                "the record was changed by somebody else meanwhile; run it again"
            ) from error

    def _write(self, actions: list[PutItem | DeleteItem]) -> None:
        for start in range(0, len(actions), BATCH_SIZE):
            self._writer.write(actions[start : start + BATCH_SIZE])

    def _remove_files(self, collection: Collection, record_id: str, names: Iterable[str]) -> None:
        for name in sorted(names):
            self._bucket.remove(_key(collection, record_id, name))


def _key(collection: Collection, record_id: str, name: str) -> str:
    try:
        return keys.original(collection.id, record_id, name)
    except NotFound as error:
        raise AdminError(f"{record_id!r} is no record id to store files under") from error


def _holding(record: Record, of: Field, names: list[str]) -> Record:
    """The record with these files in the field. Raises ``AdminError`` if they are too many."""
    if of.multiple and len(names) > of.max_select:
        raise AdminError(
            f"field {of.name} holds {of.max_select} files at most; it would have {len(names)}"
        )
    single = names[-1] if names else ""
    value = json_array(names) if of.multiple else single
    return replace(record, values={**record.values, of.name: value})


def _typed(of: Field, text: str) -> Value:
    """A value as PocketBase's column would hold it. Raises ``AdminError``."""
    try:
        if of.type == "bool":
            return int({"true": True, "false": False}[text])
        if of.type == "number":
            number = float(text)
            return int(number) if number.is_integer() else number
        if of.type in {"relation", "select"} and of.multiple:
            return json_array([part for part in text.split(",") if part])
    except (KeyError, ValueError, OverflowError) as error:
        raise AdminError(f"{text!r} is no value for the {of.type} field {of.name}") from error
    return text


def _deletion(item: Item) -> DeleteItem:
    return DeleteItem(item["pk"]["S"], item["sk"]["S"])
