"""What the importer's tests share: a filled data directory, and what a cloud holds in the end."""

import os
from pathlib import Path
from typing import Any

import pytest

from admin.sync.data_directory import Source
from admin.sync.prepare import prepared
from admin.sync.summary import Summary
from admin.target import local_runner
from admin.target.local_runner import LocalRunner
from pocketfiles import keys as keys_of
from pocketfiles.catalogue.generations import Item, value_at
from pocketfiles.catalogue.items import HEADER
from pocketfiles.catalogue.table import Table
from tests.admin.shaped import Shaped
from tests.conftest import Cloud


@pytest.fixture
def shaped(tmp_path: Path) -> Shaped:
    """A filled data directory."""
    made = Shaped(tmp_path / "pb_data")
    made.fill()
    return made


def run(cloud: Cloud, directory: Path, *, removing: bool = True, **source: Any) -> Summary:
    """One round from a directory to a cloud."""
    clients = (cloud.s3, cloud.dynamodb)
    names = (cloud.bucket, cloud.table)
    with prepared(Source(directory, **source), lambda: clients, names, removing=removing) as sync:
        sync.read_target()
        return sync.round()


def announce_runner(cloud: Cloud) -> None:
    """Let ``--local`` find the cloud, as if a runner on this machine served it."""
    runner = LocalRunner(
        base="http://127.0.0.1:8090",
        endpoint=cloud.endpoint,
        region="eu-west-1",
        table=cloud.table,
        bucket=cloud.bucket,
        access_key_id="test",
        secret_access_key="test",
        pid=os.getpid(),
    )
    local_runner.write(runner, os.environ)


def stored(cloud: Cloud) -> list[Item]:
    """Every item of the table as it is."""
    pages = cloud.dynamodb.get_paginator("scan").paginate(TableName=cloud.table)
    return [item for page in pages for item in page["Items"]]


def items(cloud: Cloud) -> dict[tuple[str, str], Item]:
    """What counts of the table, by key: records, index items, and the definitions under one key."""
    pointer = Table(cloud.dynamodb, cloud.table).pointer()
    found = {}
    for item in stored(cloud):
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        value = value_at(item, pointer) if keys_of.is_data(pk) else None
        if pk == keys_of.catalogue(pointer.catalogue) and sk != HEADER:
            value, pk = {**item, "pk": {"S": keys_of.CATALOGUE}}, keys_of.CATALOGUE
        if value is not None:
            kept = {"pk", "sk", "record", "sources", "data", "position"} & value.keys()
            found[pk, sk] = {name: value[name] for name in kept}
    return found


def keys(cloud: Cloud) -> set[str]:
    """The keys of the bucket's objects."""
    listed = cloud.s3.list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    return {found["Key"] for found in listed}


def objects(cloud: Cloud) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Every object of the bucket: ETag, content type, metadata."""
    heads = {key: cloud.s3.head_object(Bucket=cloud.bucket, Key=key) for key in sorted(keys(cloud))}
    return {
        key: (head["ETag"], head["ContentType"], head["Metadata"]) for key, head in heads.items()
    }


def state(cloud: Cloud) -> tuple[Any, Any]:
    """Table and bucket."""
    return items(cloud), objects(cloud)
