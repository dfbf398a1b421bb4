"""A wrong or fresh data directory does not empty the table and the bucket."""

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.cli import main
from admin.errors import MassDeletion, WrongSource
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.table import Table
from tests.admin.conftest import items, keys, objects, run, state
from tests.admin.shaped import Shaped, identify
from tests.admin.test_cli import arguments_of
from tests.conftest import DEMO, Cloud


@pytest.fixture
def many(shaped: Shaped) -> Shaped:
    """72 records, as a view shows each of the 35 documents a second time; 19 files."""
    for number in range(32):
        shaped.put("docs", f"more{number:02}", attachment=f"{number}.txt" if number < 12 else "")
        if number < 12:
            shaped.store(f"id_docs/more{number:02}/{number}.txt", b"more")
    return shaped


def fresh(path: Path) -> Shaped:
    """A PocketBase that was just started: its users collection, and nobody in it."""
    made = Shaped(path)
    made.execute("DELETE FROM _collections WHERE name <> 'users'")
    made.execute("UPDATE _collections SET id = '_pb_users_auth_'")
    return made


def without_records(many: Shaped) -> None:
    many.execute("DELETE FROM docs WHERE id > 'more05'")


def without_files(many: Shaped) -> None:
    many.execute("UPDATE docs SET attachment = ''")


def without_collections(many: Shaped) -> None:
    for name in ("docs", "users"):
        many.drop_collection(name)
    many.execute("DROP VIEW doc_files")
    many.execute("DELETE FROM _collections")


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (without_records, "would delete 52 of the table's 72 records;"),
        (without_files, "would delete 15 of the bucket's 19 files;"),
        (
            without_collections,
            "would delete all 3 collections and 72 of the table's 72 records "
            "and 19 of the bucket's 19 files",
        ),
    ],
)
def test_losing_most_is_held_back_until_it_is_allowed(
    lose: Callable[[Shaped], None],
    reason: str,
    many: Shaped,
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(cloud, many.directory)
    lose(many)
    before = state(cloud)
    assert main(arguments_of("sync", many.directory, cloud, "--dry-run")) == 0
    assert reason in capsys.readouterr().err
    assert state(cloud) == before
    assert main(arguments_of("sync", many.directory, cloud)) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert reason in err
    assert "--allow-mass-deletion" in err
    assert objects(cloud) == before[1]
    assert items(cloud).keys() >= before[0].keys()
    assert main(arguments_of("sync", many.directory, cloud, "--allow-mass-deletion")) == 0
    assert state(cloud) != before
    assert main(arguments_of("sync", many.directory, cloud)) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_what_is_held_back_opens_nothing_and_all_else_goes_through(
    many: Shaped, cloud: Cloud
) -> None:
    run(cloud, many.directory)
    without_records(many)
    many.put("users", "ann", tokenKey="another key")
    many.execute("UPDATE _collections SET viewRule = 'title != 1' WHERE name = 'docs'")
    many.delete("users", "bob")
    for _ in range(2):
        with pytest.raises(MassDeletion, match="held back"):
            run(cloud, many.directory)
        with_held, without = views(cloud)
        for view in (with_held, without):
            users = view.collections.find("users")
            docs = view.collections.find("docs")
            assert users
            assert docs
            assert docs.view_rule == "title != 1"
            ann = view.record(users, "ann")
            assert ann
            assert ann.token_key == "another key"
            assert view.record(users, "bob") is None
            assert view.record(docs, "doc0")
        assert with_held.reader.get("id_docs", "more31")
        assert without.reader.get("id_docs", "more31") is None


def test_an_import_leaves_it_to_a_sync_what_becomes_of_what_is_held(
    many: Shaped, cloud: Cloud
) -> None:
    run(cloud, many.directory)
    without_records(many)
    with pytest.raises(MassDeletion):
        run(cloud, many.directory)
    many.put("docs", "doc0", title="changed")
    many.put("docs", "more30", title="back again")
    assert run(cloud, many.directory, removing=False).changed
    with_held, without = views(cloud)
    assert with_held.reader.get("id_docs", "more31")
    assert without.reader.get("id_docs", "more31") is None
    assert without.reader.get("id_docs", "more30")


def test_files_go_whose_deletion_is_not_the_mass_deletion(many: Shaped, cloud: Cloud) -> None:
    run(cloud, many.directory)
    without_records(many)
    many.put("users", "ann", avatar="")
    many.store("id_docs/doc0/new.txt", b"new")
    many.put("docs", "doc0", attachment="new.txt")
    many.delete("users", "bob")
    before = keys(cloud)
    with pytest.raises(MassDeletion, match="53 of the table's 72 records"):
        run(cloud, many.directory)
    gone = {"id_users/ann/ann.png", "id_docs/doc0/doc0.txt", "id_users/bob/bob.png"}
    assert keys(cloud) == before - gone | {"id_docs/doc0/new.txt"}


def test_files_go_of_a_collection_that_keeps_most_of_its_own(many: Shaped, cloud: Cloud) -> None:
    run(cloud, many.directory)
    without_files(many)
    many.put("docs", "doc2", scans=["s1.txt"])
    many.put("users", "ann", avatar="")
    before = keys(cloud)
    with pytest.raises(MassDeletion, match="17 of the bucket's 19 files"):
        run(cloud, many.directory)
    assert keys(cloud) == before - {"id_users/ann/ann.png"}


def test_what_comes_back_is_held_no_longer(many: Shaped, cloud: Cloud) -> None:
    run(cloud, many.directory)
    without_records(many)
    with pytest.raises(MassDeletion):
        run(cloud, many.directory)
    for number in (*range(20), 31):
        many.put("docs", f"more{number:02}", title="back again")
    run(cloud, many.directory)
    (view,) = views(cloud)
    assert view.reader.get("id_docs", "more31")
    assert view.reader.get("id_docs", "more30") is None


def test_collections_held_back_are_in_one_view_only(many: Shaped, cloud: Cloud) -> None:
    run(cloud, many.directory)
    without_collections(many)
    with pytest.raises(MassDeletion):
        run(cloud, many.directory)
    with_held, without = views(cloud)
    assert with_held.collections.find("docs")
    assert without.collections.find("docs") is None


def views(cloud: Cloud) -> tuple[Snapshot, ...]:
    return snapshot_of(Table(cloud.dynamodb, cloud.table)).views


def test_another_pocketbases_directory_is_refused_whole(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    identify(shaped, 1)
    run(cloud, shaped.directory)
    before = state(cloud)
    other = fresh(tmp_path / "fresh")
    identify(other, 2)
    other.put("users", "ann", tokenKey="another key")
    for directory in (other.directory, DEMO):
        with pytest.raises(WrongSource, match="is not the data directory"):
            run(cloud, directory)
        assert state(cloud) == before
    assert main(arguments_of("sync", other.directory, cloud, "--allow-mass-deletion")) == 0
    with pytest.raises(WrongSource):
        run(cloud, shaped.directory)


def test_files_of_a_full_bucket_outlive_a_fresh_directory(cloud: Cloud, tmp_path: Path) -> None:
    for number in range(10):
        cloud.s3.put_object(Bucket=cloud.bucket, Key=f"_pb_users_auth_/user{number}/face.png")
    with pytest.raises(MassDeletion, match="10 of the bucket's 10 files"):
        run(cloud, fresh(tmp_path / "fresh").directory)
    assert len(keys(cloud)) == 10


def half(many: Shaped) -> None:
    many.execute("DELETE FROM docs WHERE id > 'more13'")


def most_of_few(many: Shaped) -> None:
    many.execute("DELETE FROM docs WHERE id > 'more27'")


@pytest.mark.parametrize("lose", [half, most_of_few])
def test_losing_less_is_a_sync_like_any_other(
    lose: Callable[[Shaped], None], many: Shaped, cloud: Cloud
) -> None:
    run(cloud, many.directory)
    lose(many)
    run(cloud, many.directory)
    assert ("id_docs", "more31") not in items(cloud)


def test_a_few_records_may_all_go(shaped: Shaped, cloud: Cloud) -> None:
    run(cloud, shaped.directory)
    shaped.execute("DELETE FROM docs")
    shaped.execute("DELETE FROM users")
    run(cloud, shaped.directory)
    assert {pk for pk, _ in items(cloud)} == {"#catalogue"}


def test_an_import_deletes_nothing_and_is_never_refused(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    run(cloud, shaped.directory)
    run(cloud, fresh(tmp_path / "fresh").directory, removing=False)
    assert ("id_docs", "doc0") in items(cloud)
