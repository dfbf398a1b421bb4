"""One writer at a time, tables of the format before, copies of tables, and bytes that get
replaced."""

import pytest

from admin.errors import LeaseHeld, LeaseLost
from admin.sync.destination import LONGEST_REQUEST_SECONDS, SETTLE_SECONDS
from admin.target.items import later_item
from admin.target.lease import LEASE_SECONDS
from admin.target.table import TargetTable
from admin.target.values import Replacement
from admin.target.writer import KEEP_SECONDS, Writer
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.generations import GONE
from pocketfiles.catalogue.items import collection_item, record_items, settings_item
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table
from pocketfiles.errors import Denied, StorageUnavailable
from tests.admin.conftest import keys, run, stored
from tests.admin.shaped import Shaped
from tests.admin.sync.in_no_time import syncing, writer_of
from tests.clock import Clock
from tests.conftest import Cloud
from tests.pointer import set_in_pointer

THUMB = "id_docs/doc0/thumbs_doc0.txt/100x100_doc0.txt"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def snapshot(cloud: Cloud) -> Snapshot:
    return snapshot_of(Table(cloud.dynamodb, cloud.table))


def test_a_second_sync_says_who_writes_to_the_table(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as first:
        with pytest.raises(LeaseHeld, match=r"process \d+ on .+ writes to this table"):
            writer_of(cloud, clock, "another 2@2").acquire()
        first.round()
    writer_of(cloud, clock, "another 2@2").acquire()


def test_a_writer_that_wakes_after_a_takeover_writes_nothing(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as first:
        first.round()
        shaped.put("docs", "doc0", title="late")
        summary = first.gather()
        clock.now += LEASE_SECONDS + 1
        with syncing(cloud, shaped.directory, clock, name="another 2@2") as second:
            second.round()
            before = stored(cloud)
            for refusal in (LeaseLost, LeaseHeld):
                with pytest.raises(refusal):
                    first.apply(summary.count)
            with pytest.raises(LeaseLost):
                first._writer.beat()
            assert stored(cloud) == before


def test_a_sync_whose_process_has_ended_holds_nobody_up(cloud: Cloud, clock: Clock) -> None:
    own = Writer(TargetTable(cloud.dynamodb, cloud.table), clock)
    own.acquire()
    Writer(TargetTable(cloud.dynamodb, cloud.table), clock).acquire()
    with pytest.raises(LeaseLost):
        own.lease.renew()


def test_a_table_without_generations_is_served_and_upgraded_by_the_next_sync(
    cloud: Cloud, shaped: Shaped
) -> None:
    raw = {"id": "id_old", "name": "old", "type": "base", "fields": [], "viewRule": ""}
    record = Record("id_old", "r", {"id": "r"})
    legacy = record_items(Collection.from_json(raw), record)[0]
    legacy["data"] = legacy.pop("record")
    for item in (collection_item(raw, 1), settings_item({}), legacy):
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)
    old = snapshot(cloud).collections.find("old")
    assert old
    assert snapshot(cloud).record(old, "r") == record
    run(cloud, shaped.directory, removing=False)
    after = snapshot(cloud)
    assert after.pointer.generation == 1
    assert after.collections.find("docs")
    assert after.record(old, "r") == record


def test_a_table_for_newer_functions_is_refused_in_words(cloud: Cloud, shaped: Shaped) -> None:
    run(cloud, shaped.directory)
    set_in_pointer(cloud, reader={"N": "3"})
    with pytest.raises(StorageUnavailable, match="needs functions that read format 3"):
        snapshot(cloud)


def test_a_copy_of_a_table_is_trusted_after_a_sync_and_not_after_an_import(
    cloud: Cloud, shaped: Shaped
) -> None:
    run(cloud, shaped.directory)
    set_in_pointer(cloud, table={"S": "the original"})
    shaped.put("docs", "doc0", title="new")
    for removing in (False, True):
        run(cloud, shaped.directory, removing=removing)
        if removing:
            snapshot(cloud).require_trust(0.0, 0)
        else:
            with pytest.raises(Denied, match="copy of the original"):
                snapshot(cloud).require_trust(0.0, 0)


@pytest.mark.parametrize("title", ["as before", "new"])
def test_only_a_sync_moves_the_heartbeat(cloud: Cloud, shaped: Shaped, title: str) -> None:
    shaped.put("docs", "doc0", title="as before")
    run(cloud, shaped.directory, removing=False)
    assert snapshot(cloud).pointer.heartbeat is None
    set_in_pointer(cloud, heartbeat={"N": "1000.0"})
    shaped.put("docs", "doc0", title=title)
    run(cloud, shaped.directory, removing=False)
    assert snapshot(cloud).pointer.heartbeat == 1000.0
    run(cloud, shaped.directory, removing=True)
    assert (snapshot(cloud).pointer.heartbeat or 0) > 1000


def test_deleted_items_stay_as_tombstones_for_a_while(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
        shaped.delete("docs", "doc0")
        sync.round()
        tombstones = [item for item in stored(cloud) if GONE in item]
        assert {item["sk"]["S"] for item in tombstones} == {"doc0"}
        clock.now += KEEP_SECONDS / 2
        sync.keep_alive()
        sync.round()
        assert [item for item in stored(cloud) if GONE in item] == tombstones
        clock.now += KEEP_SECONDS / 2
        sync.keep_alive()
        sync.round()
        assert not [item for item in stored(cloud) if GONE in item]


def close_and_replace(shaped: Shaped) -> None:
    """Lock the docs and put other bytes into one's file, under the same name."""
    shaped.execute("UPDATE _collections SET viewRule = NULL WHERE name = 'docs'")
    shaped.store("id_docs/doc0/doc0.txt", b"only for those who may")


def body(cloud: Cloud, key: str) -> bytes | None:
    if key not in keys(cloud):
        return None
    return bytes(cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())


def test_bytes_that_are_replaced_while_their_record_closes_come_when_all_know(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.is_watching = True
        sync.round()
        close_and_replace(shaped)
        sync._mirror.forget()
        sync.read_target()
        sync.round()
        docs = snapshot(cloud).collections.find("docs")
        assert docs
        assert docs.view_rule is None
        assert body(cloud, "id_docs/doc0/doc0.txt") is None
        clock.now += SETTLE_SECONDS - 1
        sync.keep_alive()
    with syncing(cloud, shaped.directory, clock) as restarted:
        restarted.is_watching = True
        restarted.round()
        assert body(cloud, "id_docs/doc0/doc0.txt") is None
        clock.now += 1
        assert restarted.is_due()
        restarted.round()
        assert body(cloud, "id_docs/doc0/doc0.txt") == b"only for those who may"


def test_bytes_under_the_name_of_a_file_that_was_just_removed_come_when_all_know(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.is_watching = True
        sync.round()
        shaped.put("docs", "doc0", attachment="", owner="ann")
        sync.round()
        assert body(cloud, "id_docs/doc0/doc0.txt") is None
        shaped.store("id_docs/doc0/doc0.txt", b"for bob alone")
        shaped.put("docs", "doc0", attachment="doc0.txt", owner="bob")
        sync.round()
        assert body(cloud, "id_docs/doc0/doc0.txt") is None
        clock.now += SETTLE_SECONDS
        sync.keep_alive()
        sync.round()
        assert body(cloud, "id_docs/doc0/doc0.txt") == b"for bob alone"


def test_a_single_sync_waits_for_them(cloud: Cloud, shaped: Shaped, clock: Clock) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
    close_and_replace(shaped)
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
        assert clock.slept >= SETTLE_SECONDS
        assert body(cloud, "id_docs/doc0/doc0.txt") == b"only for those who may"


@pytest.mark.parametrize("goes", [True, False])
@pytest.mark.parametrize("restarts", [True, False])
def test_a_thumb_that_a_late_request_stored_is_cleared_once_more(
    goes: bool, restarts: bool, cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
        if goes:
            shaped.put("docs", "doc0", attachment="")
        else:
            shaped.store("id_docs/doc0/doc0.txt", b"other bytes")
            sync.read_target()
        sync.is_watching = True
        sync.round()
        cloud.s3.put_object(Bucket=cloud.bucket, Key=THUMB, Body=b"of the old bytes")
        clock.now += LONGEST_REQUEST_SECONDS
        if not restarts:
            sync.keep_alive()
            assert sync.is_due()
            sync.round()
            assert THUMB not in keys(cloud)
            return
    with syncing(cloud, shaped.directory, clock) as restarted:
        restarted.round()
    assert THUMB not in keys(cloud)


def test_a_late_write_of_a_dead_writer_is_forgotten_only_once_it_was_found(
    cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
    dead = writer_of(cloud, clock, "dead 3@3")
    dead.acquire()
    dead.begin()
    item = dead.table.get("id_docs", "doc0")
    assert item
    clock.now += LEASE_SECONDS + 1
    with syncing(cloud, shaped.directory, clock, name="another 2@2") as sync:
        shaped.put("docs", "doc1", title="new")
        sync.round()
        late = Replacement("id_docs", "doc0", {"record": {"S": "late"}}, 1, dead.generation)
        dead.table.update(late.of_published(0))
        for _ in range(300):
            clock.now += LEASE_SECONDS / 4
            sync.keep_alive()
        shaped.put("docs", "doc1", title="newer")
        sync.round()
        assert snapshot(cloud).pointer.abandoned == {dead.generation}
        sync.read_target()
        sync.round()
        shaped.put("docs", "doc1", title="newest")
        sync.round()
        assert snapshot(cloud).pointer.abandoned == set()
    found = dead.table.get("id_docs", "doc0")
    assert found
    assert found["record"] == item["record"]


@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("name", ["doc0.txt", "nobody-names.txt"])
def test_a_sync_ends_where_a_dead_one_noted_an_upload_that_nobody_waits_for(
    files: bool, name: str, cloud: Cloud, shaped: Shaped, clock: Clock
) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
    note = later_item(f"upload#id_docs/doc0/{name}", clock.now)
    cloud.dynamodb.put_item(TableName=cloud.table, Item=note)
    with syncing(cloud, shaped.directory, clock, files=files) as sync:
        sync.round()
        assert not sync.is_due()
    assert (note in stored(cloud)) is not files
