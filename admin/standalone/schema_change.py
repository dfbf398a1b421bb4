"""Applies changed collections to the table and to the records in it.

This is a round of a sync whose source is the table itself: its records, converted to the new
collections, are what the table should hold. The difference is planned and written as in any round.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pocketfiles.catalogue.generations import Item, value_at
from pocketfiles.catalogue.items import COLLECTION, SETTINGS, record_from
from pocketfiles.catalogue.model import Collection

from ..errors import TargetError
from ..source.pocketbase import Row, SourceCollection
from ..sync import files, gather, plan
from ..sync.apply import apply
from ..sync.destination import WORKERS, Target
from ..sync.differences import Differences
from ..sync.edge import in_step
from ..sync.mirror import Mirror
from ..target.bucket import Bucket
from ..target.edge import NO_EDGE, Edge
from ..target.table import TargetTable
from ..target.writer import Writer
from ..wording import counted
from . import schema
from .naming import Letters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


class SchemaChange:
    """A change of the collections in one table and bucket: gather, show, apply."""

    def __init__(self, target: Target, mirror: Mirror) -> None:
        self._target = target
        self._mirror = mirror
        self._known_generation = 0
        self.warnings: list[str] = []

    def gather(
        self, raw: list[dict[str, Any]], letters: Letters, *, remove_others: bool = False
    ) -> None:
        """Read table and bucket, and convert the records to the collections ``raw``.

        Collections that ``raw`` does not have stay, unless ``remove_others``. Raises ``AdminError``
        for a name or a rule that cannot be, and while a sync holds a mass deletion back.
        """
        writer = self._target.writer
        writer.read()
        if writer.pointer.holding:
            raise TargetError(
                "a sync of this table holds a mass deletion back: settle that first, by sync"
            )
        self._known_generation = writer.pointer.generation
        self._mirror.add_items(writer.table.items(), writer.pointer)
        is_copy = writer.pointer.table != writer.table.name
        self._mirror.must_publish = not writer.pointer.generation or (self._completes and is_copy)
        self._mirror.add_objects(self._target.bucket.list())
        known = {sk.removeprefix(COLLECTION): item for sk, item in self._known().items()}
        others = [] if remove_others else schema.others_of(raw, known)
        self.warnings = schema.require_sound(raw, others)
        complete = [*schema.completed(raw, known), *others]
        snapshot = _ChangedRecords(
            writer, self._mirror.actual, schema.merged(complete, known, letters)
        )
        self.warnings += gather.take(snapshot, self._mirror, files=True)
        self.warnings += files.keep_files(self._mirror)

    def lines(self) -> tuple[list[str], list[str]]:
        """Describe the plan: the collections created or changed, and those that lose data."""
        kept: list[str] = []
        removed: list[str] = []
        desired = {
            sk: _collection(item)
            for sk, item in self._mirror.desired.items()
            if sk.startswith(COLLECTION)
        }
        actual = {sk: _collection(item) for sk, item in self._known().items()}
        for sk, new in desired.items():
            old = actual.get(sk)
            line = schema.changes(old, new)
            if line and old and schema.loses(old, new):
                removed.append(line)
            elif line:
                kept.append(line)
        for sk in sorted(actual.keys() - desired.keys()):
            gone = actual[sk]
            removed.append(f"remove collection {gone.name}{self._with_records(gone)}")
        return kept, removed

    def _with_records(self, gone: Collection) -> str:
        count = self._mirror.actual_records(gone.id)
        if not count:
            return ", which has no records"
        owner = "its" if count == 1 else "their"
        return f" with its {counted(count, 'record')} and {owner} files"

    def apply(self) -> None:
        """Write the changes. Raises ``TargetError`` if the table has changed since ``gather``."""
        writer = self._target.writer
        writer.acquire()
        if writer.pointer.generation != self._known_generation:
            raise TargetError("the table was changed meanwhile; run it again")
        differences = Differences(self._mirror, writer.value)
        steps = plan.steps(differences, removing=True)
        source = writer.published.source
        definitions = differences.final(removing=True).values()
        with in_step(self._target, self._mirror, definitions, views_follow=False) as edge:
            apply(
                steps,
                replace(self._target, elsewhere=edge.elsewhere),
                self._mirror,
                lambda _: None,
                source=source,
                completes=self._completes,
            )

    @property
    def _completes(self) -> bool:
        """Whether a copy of a table is good again after this: if no PocketBase stands behind it,
        nothing else could make it so."""
        return not self._target.writer.published.source

    def _known(self) -> dict[str, Item]:
        return {sk: item for sk, item in self._mirror.actual.items() if sk.startswith(COLLECTION)}


class _ChangedRecords:
    """A ``gather.Snapshot`` of the table's records, converted to the new collections."""

    def __init__(
        self, writer: Writer, actual: Mapping[str, Item], collections: list[SourceCollection]
    ) -> None:
        self._table = writer.table
        self._pointer = writer.pointer
        self._actual = dict(actual)
        self.identity = ""
        self.collections = collections
        self.incomplete: set[str] = set()
        self.warnings: list[str] = []
        settings = actual.get(SETTINGS)
        self.settings: dict[str, Any] = json.loads(settings["data"]["S"]) if settings else {}

    def rows(self, found: SourceCollection) -> Iterator[Row]:
        """Yield the converted records; a new collection has none."""
        item = self._actual.get(f"{COLLECTION}{found.id}")
        if item is None:
            return
        old = _collection(item)
        for each in self._table.partition(found.id):
            value = value_at(each, self._pointer)
            if value is None:
                continue
            record = record_from(value, old)
            if record.is_unreadable or old.is_incomplete:
                self.incomplete.add(found.id)  # index items of unknown values are gone, too
            # A view's records can only be made by PocketBase; here they stay as they are.
            if found.collection.type != "view":
                record = schema.reshaped(record, old, found.collection)
            yield Row.of(record, record)


@contextmanager
def opened(
    s3: "S3Client",
    bucket: str,
    dynamodb: "DynamoDBClient",
    table: str,
    edge: Edge = NO_EDGE,
) -> Iterator[SchemaChange]:
    """Begin a change of the collections in that table and bucket; ``edge`` is kept in step."""
    with ThreadPoolExecutor(WORKERS) as pool, Mirror() as mirror:
        writer = Writer(TargetTable(dynamodb, table), is_sync=False)
        try:
            yield SchemaChange(Target(writer, Bucket(s3, bucket), pool, edge=edge), mirror)
        finally:
            writer.release()


def _collection(item: Item) -> Collection:
    return Collection.from_json(json.loads(item["data"]["S"]), int(item["position"]["N"]))
