"""Many files and records that go at once, in front of CloudFront."""

from typing import Any

import pytest

from admin.sync import cleanup, in_flight
from admin.target.bucket import Bucket
from admin.target.table import TargetTable
from admin.target.writer import Writer
from pocketfiles.keys import LATER
from tests.admin.conftest import keys, stored
from tests.admin.shaped import Shaped
from tests.admin.sync.edge_world import World
from tests.conftest import Cloud

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
