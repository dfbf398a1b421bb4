"""Rounds of a sync in front of which CloudFront stands, in a time of their own."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from admin.sync.data_directory import Source
from admin.sync.destination import Target
from admin.sync.mirror import Mirror
from admin.sync.round import Sync
from admin.target.bucket import Bucket
from admin.target.edge import NO_EDGE, Edge
from admin.target.edge_store import DEFAULT_FORMATS
from admin.target.table import TargetTable
from admin.target.writer import Writer
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from tests.admin.shaped import Shaped
from tests.conftest import Cloud


class CloudFront:
    """A key value store and a distribution in memory. Before each change of either, ``look`` is
    called, so that a test sees what table and bucket hold at that moment."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.paths: list[str] = []
        self.seen: list[tuple[str, object]] = []
        self.look = lambda: None

    def read(self) -> dict[str, str]:
        return dict(self.values)

    def remove(self, gone: set[str]) -> None:
        self.seen.append(("closed", self.look()))
        for key in gone:
            del self.values[key]

    def write(self, desired: Mapping[str, str]) -> set[str]:
        self.values = dict(desired)
        return set()

    def invalidate(self, paths: Sequence[str]) -> None:
        self.seen.append(("invalidated", self.look()))
        self.paths += paths

    def is_open(self, name: str) -> bool:
        return name in self.values and bool(json.loads(self.values[name])["open"])


class World:
    """Rounds of a sync at a time that the test sets; waiting makes it later."""

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        self.cloud = cloud
        self.directory = directory
        self.cloudfront = CloudFront()
        self.now = 1000.0
        self.formats = DEFAULT_FORMATS
        self.warnings: list[str] = []
        self.look = lambda: None
        """Called before time passes."""

    def round(self, *, has_edge: bool = True, files: bool = True) -> None:
        with ThreadPoolExecutor(2) as pool, Mirror() as mirror:
            table = TargetTable(self.cloud.dynamodb, self.cloud.table)
            writer = Writer(table, lambda: self.now)
            bucket = Bucket(self.cloud.s3, self.cloud.bucket)
            edge = NO_EDGE
            if has_edge:
                edge = self.edge()
            target = Target(writer, bucket, pool, lambda: self.now, edge)
            source = Source(self.directory, files=files)
            sync = Sync(source, target, mirror, removing=True, sleep=self.wait)
            sync.read_target()
            sync.round()
            writer.release()

    def edge(self) -> Edge:
        memory: Any = self.cloudfront
        return Edge(memory, memory, lambda: self.now, self.wait, formats=self.formats)

    def wait(self, seconds: float) -> None:
        self.look()
        self.now += seconds

    def pending(self) -> list[str]:
        found = self.cloud.dynamodb.query(
            TableName=self.cloud.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "#later"}},
        )["Items"]
        return [item["sk"]["S"] for item in found if item["sk"]["S"].startswith("invalidate#")]

    def told(self) -> tuple[int | None, float | None]:
        """What the pointer says of pending invalidations."""
        pointer = Table(self.cloud.dynamodb, self.cloud.table).pointer()
        return pointer.pending, pointer.pending_since

    def heartbeat(self) -> float | None:
        """When a sync last said in the pointer that it lives."""
        return Table(self.cloud.dynamodb, self.cloud.table).pointer().heartbeat

    def protects(self, name: str) -> bool:
        """Whether the published data protects a field of the collection."""
        collection = snapshot_of(Table(self.cloud.dynamodb, self.cloud.table)).collections.find(
            name
        )
        assert collection
        return any(field.protected for field in collection.file_fields)


def protect(shaped: Shaped, name: str) -> None:
    [(text,)] = shaped.execute("SELECT fields FROM _collections WHERE name = ?", name)
    fields = [
        {**each, "protected": True} if each["type"] == "file" else each for each in json.loads(text)
    ]
    shaped.execute("UPDATE _collections SET fields = ? WHERE name = ?", json.dumps(fields), name)


def show_to_everybody(world: World, shaped: Shaped) -> None:
    """Have the view show its files to everybody, and forget what CloudFront was asked for."""
    [(text,)] = shaped.execute("SELECT fields FROM _collections WHERE name = 'doc_files'")
    public = [{**each, "protected": False} for each in json.loads(text)]
    shaped.execute(
        "UPDATE _collections SET fields = ? WHERE name = 'doc_files'", json.dumps(public)
    )
    world.round()
    world.cloudfront.paths.clear()
