"""What changes by hand, without a sync, tell CloudFront."""

from pathlib import Path

import pytest

from admin.errors import AdminError
from admin.standalone import schema_change
from admin.standalone.naming import random_letters
from admin.standalone.record_files import Waiting
from admin.standalone.records import Records
from admin.sync.pending import CLOSING_SECONDS
from admin.target.bucket import Bucket
from tests.admin.conftest import keys
from tests.admin.shaped import Shaped, field
from tests.admin.sync.edge_world import World, protect, show_to_everybody


@pytest.fixture
def records(world: World) -> Records:
    """Changes of single records by hand."""
    cloud = world.cloud
    bucket = Bucket(cloud.s3, cloud.bucket)
    waiting = Waiting(world.warnings.append, lambda: world.now, world.wait)
    return Records(cloud.dynamodb, cloud.table, bucket, random_letters, world.edge(), waiting)


def test_a_change_of_collections_closes_what_it_protects(world: World, shaped: Shaped) -> None:
    cloud = world.cloud
    fields = [{**field("avatar", "file", maxSelect=1), "protected": True}]
    raw = [{"id": "id_users", "name": "users", "type": "auth", "fields": fields}]
    edge = world.edge()
    world.cloudfront.look = lambda: world.protects("users")
    with schema_change.opened(cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table, edge) as work:
        work.gather(raw, random_letters, remove_others=False)
        work.apply()
    assert world.cloudfront.seen[0] == ("closed", False)
    assert not world.cloudfront.is_open("users")
    assert world.cloudfront.paths[:2] == ["/id_users/*", "/api/files/id_users/*"]


def test_removing_a_file_by_hand_invalidates_its_copies(world: World, records: Records) -> None:
    records.remove(records.collection("users"), "ann")
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"]
    assert len(world.pending()) == 1


def test_what_a_change_by_hand_leaves_pending_is_no_heartbeat(
    world: World, records: Records
) -> None:
    before = world.heartbeat()
    records.remove(records.collection("users"), "ann")
    pending, _ = world.told()
    assert (pending, world.heartbeat()) == (1, before)


@pytest.mark.parametrize("how", ["the file", "the record", "another file in its place"])
def test_a_change_by_hand_invalidates_the_copies_of_views(
    world: World, shaped: Shaped, records: Records, tmp_path: Path, how: str
) -> None:
    show_to_everybody(world, shaped)
    docs = records.collection("docs")
    attachment = docs.field("attachment")
    assert attachment
    if how == "the file":
        [name] = records.record(docs, "doc1").names(attachment)
        records.remove_file(docs, "doc1", attachment, name)
    elif how == "the record":
        records.remove(docs, "doc1")
    else:
        new = tmp_path / "new.txt"
        new.write_text("new")
        records.put(docs, "doc1", attachment, [new], {})
    assert "/api/files/id_doc_files/doc1/*" in world.cloudfront.paths
    assert "invalidate#removed#1#id_doc_files/doc1" in world.pending()


def test_a_change_by_hand_leaves_views_alone_that_show_other_files(
    world: World, shaped: Shaped, records: Records
) -> None:
    show_to_everybody(world, shaped)
    records.remove(records.collection("users"), "ann")
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"]


def test_a_change_of_collections_invalidates_views_of_files_that_it_deletes(
    world: World, shaped: Shaped
) -> None:
    show_to_everybody(world, shaped)
    cloud = world.cloud
    raw = [{"id": "id_docs", "name": "docs", "type": "base", "fields": [field("title", "text")]}]
    with schema_change.opened(
        cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table, world.edge()
    ) as work:
        work.gather(raw, random_letters, remove_others=False)
        work.apply()
    assert not [key for key in keys(cloud) if key.startswith("id_docs/doc1/")]
    assert "/api/files/id_doc_files/*" in world.cloudfront.paths


def test_a_file_put_into_a_collection_waits_until_every_edge_knows_that_it_is_closed(
    world: World, shaped: Shaped, records: Records, tmp_path: Path
) -> None:
    protect(shaped, "users")
    world.round()
    users = records.collection("users")
    avatar = users.field("avatar")
    (tmp_path / "a.txt").write_text("a")
    before = world.now
    for _ in range(2):
        records.put(users, "ann", avatar, [tmp_path / "a.txt"], {})
        assert world.now == before + CLOSING_SECONDS
    assert len(world.warnings) == 1
    assert "users has just been closed" in world.warnings[0]


def test_no_file_is_put_into_a_closed_collection_before_cloudfront_was_asked(
    world: World, shaped: Shaped, records: Records, tmp_path: Path
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    protect(shaped, "users")
    world.cloudfront.invalidate = killed  # type: ignore[method-assign] - the process ends here
    with pytest.raises(KeyboardInterrupt):
        world.round()
    users = records.collection("users")
    (tmp_path / "a.txt").write_text("a")
    world.now += 3600
    with pytest.raises(AdminError, match="has not been asked yet"):
        records.put(users, "ann", users.field("avatar"), [tmp_path / "a.txt"], {})
