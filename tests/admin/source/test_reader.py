"""A data directory answers as the table does that is imported from it."""

from collections.abc import Iterator

import pytest

from admin.source import pocketbase
from admin.source.reader import Directory
from admin.sync.prepare import import_directory
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.table import Table
from tests.admin.shaped import Shaped
from tests.conftest import DEMO, Cloud, make_cloud

DOCUMENTS, USERS = "pbc_3332084752", "_pb_users_auth_"


@pytest.fixture(scope="module")
def table(endpoint: str) -> Snapshot:
    cloud: Cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    return snapshot_of(Table(cloud.dynamodb, cloud.table))


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with pocketbase.opened(DEMO) as snapshot:
        yield Directory(snapshot)


def test_a_directory_and_its_table_have_the_same_collections_and_settings(
    table: Snapshot, directory: Directory
) -> None:
    ours = snapshot_of(directory)
    assert list(ours.collections) == list(table.collections)
    assert ours.settings == table.settings


def test_a_directory_and_its_table_have_the_same_records(
    table: Snapshot, directory: Directory
) -> None:
    for collection in table.collections:
        for limit in (0, 1, 100):
            assert directory.all(collection.id, limit) == list(
                table.reader.all(collection.id, limit)
            )
        for record in table.reader.all(collection.id, 100):
            assert directory.get(collection.id, record.id) == record
    ids = ["doc000000000001", "nobody", "doc000000000002"]
    assert directory.batch(DOCUMENTS, ids) == table.reader.batch(DOCUMENTS, ids)
    assert directory.get(DOCUMENTS, "nobody") is None


def test_a_directory_and_its_table_have_the_same_references(
    table: Snapshot, directory: Directory
) -> None:
    documents = table.collections.find("documents")
    assert documents
    targets = ["usereve00000000", "userbob00000000", "nobody"]
    for name in ("owner", "shared_with", "parent"):
        field = documents.field(name)
        assert field
        for limit in (0, 2, 100):
            ours = directory.referring(DOCUMENTS, field.id, targets, limit)
            theirs = table.reader.referring(DOCUMENTS, field.id, targets, limit)
            assert len(ours) == len(theirs)
            if limit == 100:
                assert set(ours) == set(theirs)


def test_a_directory_knows_which_views_are_incomplete(shaped: Shaped) -> None:
    shaped.add_view("twice", "SELECT owner AS id, title FROM docs", [])
    with pocketbase.opened(shaped.directory) as snapshot:
        collections = snapshot_of(Directory(snapshot)).collections
    assert [each.name for each in collections if each.is_incomplete] == ["twice"]
