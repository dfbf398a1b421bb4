"""A sync in front of which CloudFront stands: what is open there, and what it has to invalidate."""

import json
from collections.abc import Sequence

import pytest

from admin.errors import EdgeError
from admin.sync.invalidation import CLOSED, REMOVED, SECONDS_BETWEEN, Entry
from admin.sync.pending import CLOSING_SECONDS, Pending, left_in
from admin.target.edge_store import DEFAULT_FORMATS
from admin.target.items import later_item
from admin.target.table import TargetTable
from tests.admin.conftest import keys
from tests.admin.shaped import Shaped
from tests.admin.sync.edge_world import World, protect


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
