"""A sync in front of which CloudFront stands: what is open there, and what it has to invalidate."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from admin.errors import AdminError, EdgeError
from admin.standalone import schema_change
from admin.standalone.naming import random_letters
from admin.standalone.record_files import Waiting
from admin.standalone.records import Records
from admin.sync import cleanup, in_flight
from admin.sync.data_directory import Source
from admin.sync.destination import Target
from admin.sync.invalidation import CLOSED, REMOVED, SECONDS_BETWEEN, Entry
from admin.sync.mirror import Mirror
from admin.sync.pending import CLOSING_SECONDS, Pending, left_in
from admin.sync.round import Sync
from admin.target.bucket import Bucket
from admin.target.edge import NO_EDGE, Edge
from admin.target.edge_store import DEFAULT_FORMATS
from admin.target.items import later_item
from admin.target.table import TargetTable
from admin.target.writer import Writer
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from pocketfiles.keys import LATER
from tests.admin.conftest import keys, stored
from tests.admin.shaped import Shaped, field
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

    def protects(self, name: str) -> bool:
        """Whether the published data protects a field of the collection."""
        collection = snapshot_of(Table(self.cloud.dynamodb, self.cloud.table)).collections.find(
            name
        )
        assert collection
        return any(field.protected for field in collection.file_fields)


@pytest.fixture
def world(cloud: Cloud, shaped: Shaped) -> World:
    made = World(cloud, shaped.directory)
    made.round()
    return made


def test_the_store_says_which_collections_are_open(world: World) -> None:
    assert world.cloudfront.is_open("users")
    assert not world.cloudfront.is_open("docs")
    assert not world.cloudfront.is_open("doc_files")


def test_the_store_follows_the_formats_that_the_stack_offers(world: World) -> None:
    before = dict(world.cloudfront.values)
    world.formats = ("webp",)
    world.round()
    users = json.loads(world.cloudfront.values["users"])
    assert users == {**json.loads(before["users"]), "formats": ["webp"]}
    world.formats = DEFAULT_FORMATS
    world.round()
    assert world.cloudfront.values == before


def test_a_removed_file_is_invalidated_at_once_and_after_the_longest_request(
    world: World, shaped: Shaped
) -> None:
    [avatar] = [key for key in keys(world.cloud) if key.startswith("id_users/ann/")]
    world.cloudfront.look = lambda: avatar in keys(world.cloud)
    before = world.now
    shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    world.round()
    assert world.cloudfront.seen == [("invalidated", False), ("invalidated", False)]
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"] * 2
    assert world.now >= before + 40
    assert world.pending() == []


def test_a_collection_leaves_the_store_before_anything_else_changes(
    world: World, shaped: Shaped
) -> None:
    world.cloudfront.look = lambda: world.protects("users")
    protect(shaped, "users")
    world.round()
    assert world.cloudfront.seen[0] == ("closed", False)
    assert not world.cloudfront.is_open("users")
    assert world.cloudfront.paths[:2] == ["/id_users/*", "/api/files/id_users/*"]
    assert world.pending() == ["invalidate#closed#1#id_users/"]


def test_later_syncs_go_on_asking_for_a_closed_collection(world: World, shaped: Shaped) -> None:
    protect(shaped, "users")
    world.round()
    for seconds in SECONDS_BETWEEN[CLOSED]:
        assert len(world.pending()) == 1
        world.now += seconds
        world.cloudfront.paths.clear()
        world.round()
        assert world.cloudfront.paths == ["/id_users/*", "/api/files/id_users/*"]
    assert world.pending() == []


def test_a_sync_killed_before_it_asks_leaves_the_request_to_the_next(
    world: World, shaped: Shaped
) -> None:
    asked = world.cloudfront.invalidate

    def killed(paths: Sequence[str]) -> None:
        raise KeyboardInterrupt

    world.cloudfront.invalidate = killed  # type: ignore[method-assign] - the process ends here
    shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    with pytest.raises(KeyboardInterrupt):
        world.round()
    assert world.pending() == ["invalidate#removed#0#id_users/ann"]
    world.cloudfront.invalidate = asked  # type: ignore[method-assign] - the next process
    world.now += 60
    world.round()
    assert "/id_users/ann/*" in world.cloudfront.paths
    assert world.pending() == []


def protect(shaped: Shaped, name: str) -> None:
    [(text,)] = shaped.execute("SELECT fields FROM _collections WHERE name = ?", name)
    fields = [
        {**each, "protected": True} if each["type"] == "file" else each for each in json.loads(text)
    ]
    shaped.execute("UPDATE _collections SET fields = ? WHERE name = ?", json.dumps(fields), name)


def test_a_public_field_of_a_mixed_collection_that_becomes_protected_is_invalidated(
    world: World, shaped: Shaped
) -> None:
    protect(shaped, "docs")
    world.round()
    assert world.cloudfront.paths == ["/id_docs/*", "/api/files/id_docs/*"]
    assert world.pending() == ["invalidate#closed#1#id_docs/"]


@pytest.mark.parametrize("is_passing", [True, False])
def test_no_revocation_waits_for_cloudfront(
    world: World, shaped: Shaped, *, is_passing: bool
) -> None:
    def refuse(*_: object) -> None:
        raise EdgeError("CloudFront does not answer", is_passing=is_passing)

    working = {name: getattr(world.cloudfront, name) for name in ("read", "write", "invalidate")}
    for name in working:
        setattr(world.cloudfront, name, refuse)
    protect(shaped, "users")
    with pytest.raises(EdgeError, match="does not answer"):
        world.round()
    assert world.protects("users")
    assert world.pending() == ["invalidate#closed#0#id_users/"]
    for name, method in working.items():
        setattr(world.cloudfront, name, method)
    world.round()
    assert not world.cloudfront.is_open("users")
    assert "/id_users/*" in world.cloudfront.paths


def test_a_sync_that_knows_no_distribution_leaves_what_is_pending(
    world: World, shaped: Shaped
) -> None:
    protect(shaped, "users")
    world.round()
    pending = world.pending()
    world.now += 24 * 3600
    world.round(has_edge=False)
    assert world.pending() == pending


def test_the_pointer_says_how_many_invalidations_are_pending(world: World, shaped: Shaped) -> None:
    assert world.told() == (0, None)
    protect(shaped, "users")
    world.round()
    assert world.told() == (1, world.now + SECONDS_BETWEEN[CLOSED][0])


@pytest.mark.parametrize("when", ["closed", "removed"])
def test_the_pointer_says_so_too_when_the_sync_dies(
    world: World, shaped: Shaped, when: str
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    world.cloudfront.invalidate = killed  # type: ignore[method-assign] - the process ends here
    if when == "closed":
        protect(shaped, "users")
    else:
        shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    with pytest.raises(KeyboardInterrupt):
        world.round()
    assert world.told() == (1, 1000.0)


def show_to_everybody(world: World, shaped: Shaped) -> None:
    """Have the view show its files to everybody, and forget what CloudFront was asked for."""
    [(text,)] = shaped.execute("SELECT fields FROM _collections WHERE name = 'doc_files'")
    public = [{**each, "protected": False} for each in json.loads(text)]
    shaped.execute(
        "UPDATE _collections SET fields = ? WHERE name = 'doc_files'", json.dumps(public)
    )
    world.round()
    world.cloudfront.paths.clear()


def test_copies_under_a_views_path_are_invalidated_with_its_record(
    world: World, shaped: Shaped
) -> None:
    show_to_everybody(world, shaped)
    shaped.execute("UPDATE docs SET attachment = '' WHERE id = 'doc1'")
    world.round()
    assert "/api/files/id_doc_files/doc1/*" in world.cloudfront.paths
    assert "invalidate#changed#1#id_doc_files/doc1" in world.pending()


def test_a_view_is_pending_before_bytes_that_it_shows_are_replaced(
    world: World, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    show_to_everybody(world, shaped)
    [key] = [key for key in keys(world.cloud) if key.startswith("id_docs/doc1/")]
    shaped.store(key, b"other bytes")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Bucket, "upload", killed)
        world.round()
    assert "invalidate#removed#0#id_doc_files/" in world.pending()
    world.now += 60
    world.round()
    assert world.cloudfront.paths.count("/api/files/id_doc_files/*") == 2


def test_thumbs_that_are_older_than_their_original_are_invalidated_in_views_too(
    world: World, shaped: Shaped
) -> None:
    show_to_everybody(world, shaped)
    [key] = [key for key in keys(world.cloud) if key.startswith("id_docs/doc1/")]
    bucket, file = world.cloud.bucket, key.rpartition("/")[2]
    thumb = key.replace(file, f"thumbs_{file}/100x100_{file}")
    world.cloud.s3.put_object(Bucket=bucket, Key=thumb, Body=b"old")
    time.sleep(1.1)  # S3 lists whole seconds
    body = world.cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    world.cloud.s3.put_object(Bucket=bucket, Key=key, Body=body)
    world.round()
    assert thumb not in keys(world.cloud)
    assert "/api/files/id_doc_files/*" in world.cloudfront.paths


def test_what_a_record_no_longer_names_in_a_bucket_of_pocketbases_is_invalidated(
    world: World, shaped: Shaped
) -> None:
    world.round(files=False)
    shaped.execute("UPDATE users SET email = 'new' WHERE id = 'bob'")
    shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    world.round(files=False)
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"]
    assert world.pending() == ["invalidate#changed#1#id_users/ann"]


def test_a_thumb_that_a_request_stored_late_is_cleared_and_invalidated(
    world: World, shaped: Shaped
) -> None:
    shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    late = "id_users/ann/thumbs_ann.png/100x100_ann.png"
    world.cloudfront.look = lambda: world.cloud.s3.put_object(
        Bucket=world.cloud.bucket, Key=late, Body=b"late"
    )
    world.round()
    world.cloudfront.look = lambda: None
    world.cloudfront.paths.clear()
    world.now += 60
    world.round()
    assert late not in keys(world.cloud)
    assert "/id_users/ann/*" in world.cloudfront.paths


def test_removals_beyond_a_number_are_one_entry_and_one_path(world: World, shaped: Shaped) -> None:
    for record in [f"{word}{number}" for number in range(30) for word in ("many", "kept")]:
        shaped.store(f"id_users/{record}/a.txt", b"a")
        shaped.put("users", record, avatar="a.txt")
    world.round()
    world.cloudfront.paths.clear()
    shaped.execute("UPDATE users SET avatar = '' WHERE id LIKE 'many%'")
    written = 0

    def count() -> None:
        nonlocal written
        written = max(written, len(world.pending()))

    world.cloudfront.look = count
    world.round()
    assert written <= 26
    assert world.cloudfront.paths == ["/id_users/*", "/api/files/id_users/*"] * 2


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


@pytest.fixture
def records(world: World) -> Records:
    """Changes of single records by hand."""
    cloud = world.cloud
    bucket = Bucket(cloud.s3, cloud.bucket)
    waiting = Waiting(world.warnings.append, lambda: world.now, world.wait)
    return Records(cloud.dynamodb, cloud.table, bucket, random_letters, world.edge(), waiting)


def test_removing_a_file_by_hand_invalidates_its_copies(world: World, records: Records) -> None:
    records.remove(records.collection("users"), "ann")
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"]
    assert len(world.pending()) == 1


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


def test_new_files_of_a_closed_collection_wait_in_later_rounds_too(
    world: World, shaped: Shaped
) -> None:
    protect(shaped, "users")
    world.round()
    closed_at = world.now
    shaped.store("id_users/bob/secret.txt", b"secret")
    shaped.execute("UPDATE users SET avatar = 'secret.txt' WHERE id = 'bob'")
    stored_at = []

    def look() -> None:
        if not stored_at and "id_users/bob/secret.txt" in keys(world.cloud):
            stored_at.append(world.now)

    world.look = look
    world.round()
    look()
    assert stored_at[0] >= closed_at + CLOSING_SECONDS


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


MANY = 40


@pytest.fixture
def many(world: World, shaped: Shaped, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than are noted one by one, and as many that stay."""
    monkeypatch.setattr(in_flight, "MAX_FILES_BY_NAME", 5)
    for number in range(MANY):
        for record in (f"many{number:03}", f"kept{number:03}"):
            shaped.store(f"id_users/{record}/a.png", b"a")
            shaped.put("users", record, avatar="a.png")
    world.round()
    world.cloudfront.paths.clear()


@pytest.mark.usefixtures("many")
def test_many_deleted_files_leave_few_notes_and_no_late_thumb(world: World, shaped: Shaped) -> None:
    def later() -> list[str]:
        found = TargetTable(world.cloud.dynamodb, world.cloud.table).partition(LATER)
        return [item["sk"]["S"] for item in found]

    def thumb_comes_late() -> None:
        notes.append(len(later()))
        body = {"Bucket": world.cloud.bucket, "Body": b"late"}
        world.cloud.s3.put_object(Key=late, **body)

    late = f"id_users/many{MANY - 1:03}/thumbs_a.png/100x100_a.png"
    kept = "id_users/kept000/thumbs_a.png/100x100_a.png"
    world.cloud.s3.put_object(Bucket=world.cloud.bucket, Key=kept, Body=b"kept")
    notes = list[int]()
    world.cloudfront.look = thumb_comes_late
    shaped.execute("UPDATE users SET avatar = '' WHERE id LIKE 'many%'")
    world.round()
    assert max(notes) < MANY
    assert {"/id_users/*", "/api/files/id_users/*"} <= set(world.cloudfront.paths)
    assert len(world.cloudfront.paths) < 10
    world.cloudfront.look = lambda: None
    world.now += 60
    world.round()
    assert late not in keys(world.cloud)
    assert kept in keys(world.cloud)
    assert not [sk for sk in later() if sk.startswith("thumbs#")]


@pytest.mark.usefixtures("many")
def test_a_sync_killed_while_it_deletes_many_files_is_gone_on_with(
    world: World, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = list[str]()
    remove = Bucket.remove

    def killed(self: Bucket, key: str) -> None:
        if len(removed) >= MANY - 5:
            raise KeyboardInterrupt
        removed.append(key)
        remove(self, key)

    shaped.execute("DELETE FROM users WHERE id LIKE 'many%'")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Bucket, "remove", killed)
        world.round()
    assert world.cloudfront.paths == []
    world.now += 60
    world.round()
    assert not [key for key in keys(world.cloud) if key.startswith("id_users/many")]
    assert {"/id_users/*", "/api/files/id_users/*"} == set(world.cloudfront.paths)
    assert world.pending() == []


def test_tombstones_of_many_records_are_removed_without_losing_the_lease(
    world: World, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    purge = Writer.purge

    def slow(self: Writer, *tombstone: Any) -> None:
        world.now += 8
        purge(self, *tombstone)

    for number in range(20):
        shaped.put("users", f"many{number}")
        shaped.put("users", f"kept{number}")
    world.round()
    shaped.execute("DELETE FROM users WHERE id LIKE 'many%'")
    world.round()
    world.now += 300
    monkeypatch.setattr(Writer, "purge", slow)
    monkeypatch.setattr(cleanup, "PURGED_AT_ONCE", 3)
    monkeypatch.setattr(cleanup, "PURGED_IN_A_ROUND", 12)
    world.round()
    left = [sk for pk, sk in stored_keys(world.cloud) if pk == "id_users" and "many" in sk]
    assert len(left) == 8
    world.round()
    assert not [sk for pk, sk in stored_keys(world.cloud) if pk == "id_users" and "many" in sk]


def stored_keys(cloud: Cloud) -> list[tuple[str, str]]:
    return [(item["pk"]["S"], item["sk"]["S"]) for item in stored(cloud)]


def test_a_second_request_for_what_was_asked_late_is_not_lost(world: World) -> None:
    cloud = world.cloud
    later = {
        entry.sort_key: world.now
        for entry in (Entry(REMOVED, "c", "r"), Entry(REMOVED, "c", "r", 1))
    }
    table = TargetTable(cloud.dynamodb, cloud.table)
    for sk, due in later.items():
        table.put(later_item(sk, due))
    pending = Pending(table, world.edge(), lambda: world.now, later)
    pending.ask()
    assert left_in(table) == {Entry(REMOVED, "c", "r", 1).sort_key: world.now + 40}
    assert pending.later == left_in(table)
