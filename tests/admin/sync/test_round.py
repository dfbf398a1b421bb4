"""Importing and syncing into a real (moto) table and bucket."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from admin.commands.sync import WatchReport
from admin.sync.data_directory import Source
from admin.sync.prepare import import_directory, prepared
from admin.sync.round import Sync
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from tests.admin.conftest import items, objects, run, state
from tests.admin.shaped import SETTINGS, Shaped, field
from tests.admin.sync.in_no_time import syncing
from tests.clock import Clock
from tests.conftest import DEMO, Cloud, make_cloud


def test_all_of_the_demo_data_is_imported(cloud: Cloud) -> None:
    summary = import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    assert (summary.collections, summary.records, summary.files) == (12, 44, 112)
    assert summary.warnings == []
    collections = snapshot_of(Table(cloud.dynamodb, cloud.table)).collections
    users = collections.find("users")
    assert users
    assert users.file_token.secret
    assert users.file_token.duration == 180
    record = snapshot_of(Table(cloud.dynamodb, cloud.table)).reader.get(
        "pbc_3526819480", "doc000000000000"
    )
    assert record
    home = record.sources["file_0_jr7qyn9hd0.txt"]
    assert (home.collection_id, home.record_id) == ("pbc_3332084752", "doc000000000000")
    tag, content_type, metadata = objects(cloud)[
        "pbc_1063624087/photo0000000001/tiny_8gfdfay135.png"
    ]
    assert tag == '"0521a0caec7790b017a186da70dacc54"'
    assert content_type == "image/png"
    assert metadata == {"original-filename": "tiny.png"}


def test_a_second_run_writes_nothing(cloud: Cloud, shaped: Shaped) -> None:
    first = run(cloud, shaped.directory, removing=False)
    assert first.written == {"definitions": 4, "records": 8, "files": 7, "references": 5}
    before = state(cloud)
    for removing in (False, True):
        again = run(cloud, shaped.directory, removing=removing)
        assert not again.changed
        assert "nothing to change" in str(again)
    assert state(cloud) == before


def test_a_record_is_written_with_its_columns_references_and_owners(
    cloud: Cloud, shaped: Shaped
) -> None:
    shaped.execute("UPDATE docs SET title = 7.0 WHERE id = 'doc2'")
    run(cloud, shaped.directory)
    found = items(cloud)
    values = json.loads(found["id_docs", "doc2"]["record"]["S"])
    assert values["#file_scans"] == '["s1.txt", "s2.txt"]'
    assert ("id_docs#relation_shared#ann", "doc2") in found
    assert ("id_docs#relation_owner#bob", "doc2") in found
    assert json.loads(found["id_doc_files", "doc1"]["sources"]["S"]) == {
        "doc1.txt": ["id_docs", "doc1"]
    }
    assert objects(cloud)["id_docs/doc1/doc1.txt"][1:] == (
        "text/plain",
        {"original-filename": "%C3%A4%20b.txt"},
    )


def test_secrets_in_the_settings_are_not_copied(cloud: Cloud, shaped: Shaped) -> None:
    run(cloud, shaped.directory)
    settings = items(cloud)["#catalogue", "settings"]["data"]["S"]
    assert json.loads(settings) == {key: SETTINGS[key] for key in ("superuserIPs", "trustedProxy")}


def _gone_field(shaped: Shaped) -> None:
    fields = [field("id", "text"), field("title", "text")]
    shaped.execute("UPDATE _collections SET fields = ? WHERE name = 'docs'", json.dumps(fields))
    for column in ("owner", "shared", "scans"):
        shaped.execute(f"ALTER TABLE docs DROP COLUMN {column}")


CHANGES: dict[str, Any] = {
    "a record goes": lambda s: s.delete("docs", "doc2"),
    "a record changes its relations": lambda s: s.put("docs", "doc0", owner="bob", shared=["ann"]),
    "a file is replaced by another": lambda s: (
        s.store("id_docs/doc0/new.txt", b"new"),
        s.put("docs", "doc0", attachment="new.txt"),
    ),
    "a file goes": lambda s: s.put("docs", "doc2", scans=["s2.txt"]),
    "the bytes of a file change": lambda s: s.store("id_docs/doc1/doc1.txt", b"other text"),
    "a sidecar changes": lambda s: s.store("id_docs/doc1/doc1.txt", b"text 1", "text/csv"),
    "a sidecar goes": lambda s: (s.directory / "storage/id_docs/doc1/doc1.txt.attrs").unlink(),
    "a collection goes": lambda s: s.drop_collection("users"),
    "a collection is renamed": lambda s: (
        s.execute("DROP VIEW doc_files"),
        s.execute("DELETE FROM _collections WHERE name = 'doc_files'"),
        s.execute("UPDATE _collections SET name = 'papers' WHERE name = 'docs'"),
        s.execute("ALTER TABLE docs RENAME TO papers"),
    ),
    "fields go": _gone_field,
    "a rule changes together with records": lambda s: (
        s.execute("UPDATE _collections SET viewRule = '' WHERE name = 'docs'"),
        s.delete("docs", "doc0"),
    ),
    "a secret changes": lambda s: s.execute(
        "UPDATE _collections SET options = '{}' WHERE name = 'users'"
    ),
    "settings change": lambda s: s.execute("UPDATE _params SET value = '{\"superuserIPs\": []}'"),
    "a collection comes": lambda s: (
        s.add_collection("more", [field("text", "text")]),
        s.put("more", "one", text="1"),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_a_change_a_sync_equals_a_fresh_import(
    change: Any, cloud: Cloud, endpoint: str, shaped: Shaped
) -> None:
    run(cloud, shaped.directory)
    cloud.s3.put_object(Bucket=cloud.bucket, Key="backups/other.zip", Body=b"not ours")
    change(shaped)
    summary = run(cloud, shaped.directory)
    assert summary.changed
    fresh = make_cloud(endpoint)
    run(fresh, shaped.directory, removing=False)
    fresh.s3.put_object(Bucket=fresh.bucket, Key="backups/other.zip", Body=b"not ours")
    assert state(cloud) == state(fresh)
    assert not run(cloud, shaped.directory).changed


def put_after(cloud: Cloud, key: str, before: str) -> None:
    """Put an object again until the bucket says that it is younger than the other."""
    heads = cloud.s3.head_object
    while (
        heads(Bucket=cloud.bucket, Key=key)["LastModified"]
        <= heads(Bucket=cloud.bucket, Key=before)["LastModified"]
    ):
        time.sleep(0.1)
        body = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=body, ContentType="text/plain")


def test_thumbs_older_than_their_original_are_cleared_and_younger_ones_stay(
    cloud: Cloud, shaped: Shaped
) -> None:
    run(cloud, shaped.directory)
    stale = "id_docs/doc2/thumbs_s1.txt/1x1_s1.txt"
    fresh = "id_docs/doc2/thumbs_s2.txt/1x1_s2.txt"
    foreign = "elsewhere/doc2/thumbs_s1.txt/1x1_s1.txt"
    for key in (stale, fresh, foreign, "elsewhere/doc2/s1.txt"):
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"thumb")
    put_after(cloud, "id_docs/doc2/s1.txt", stale)
    put_after(cloud, "elsewhere/doc2/s1.txt", foreign)
    run(cloud, shaped.directory)
    assert {key for key in objects(cloud) if "thumbs_" in key} == {fresh, foreign}


def test_deleting_a_file_deletes_its_thumbs_and_no_others(cloud: Cloud, shaped: Shaped) -> None:
    run(cloud, shaped.directory)
    kept = "id_docs/doc2/thumbs_s2.txt/100x100_s2.txt"
    for key in (
        "id_docs/doc2/thumbs_s1.txt/100x100_s1.txt",
        "id_docs/doc2/thumbs_gone.txt/1x1_gone.txt",
        kept,
    ):
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"thumb")
    shaped.put("docs", "doc2", scans=["s2.txt"])
    run(cloud, shaped.directory)
    assert [key for key in objects(cloud) if "thumbs_" in key] == [kept]


def test_an_import_deletes_nothing_but_stale_references(cloud: Cloud, shaped: Shaped) -> None:
    run(cloud, shaped.directory)
    before = state(cloud)
    shaped.delete("docs", "doc0")
    shaped.put("docs", "doc1", owner="bob")
    run(cloud, shaped.directory, removing=False)
    after = state(cloud)
    assert before[0].keys() - after[0].keys() == {("id_docs#relation_owner#ann", "doc1")}
    assert before[1] == after[1]


def test_without_files_the_bucket_is_not_touched(cloud: Cloud, shaped: Shaped) -> None:
    cloud.s3.put_object(Bucket=cloud.bucket, Key="id_docs/gone/x.txt", Body=b"")
    summary = run(cloud, shaped.directory, files=False)
    assert summary.files == 0
    assert list(objects(cloud)) == ["id_docs/gone/x.txt"]
    assert ("id_docs", "doc0") in items(cloud)


def test_a_missing_file_is_a_warning_and_the_rest_is_imported(cloud: Cloud, shaped: Shaped) -> None:
    (shaped.directory / "storage/id_docs/doc1/doc1.txt").unlink()
    (shaped.directory / "storage/id_docs/doc0/doc0.txt.attrs").unlink()
    summary = run(cloud, shaped.directory)
    assert summary.warnings == ["file id_docs/doc1/doc1.txt is missing in storage"]
    assert ("id_docs", "doc1") in items(cloud)
    assert objects(cloud)["id_docs/doc0/doc0.txt"][1:] == ("application/octet-stream", {})
    assert not run(cloud, shaped.directory).changed


def test_many_missing_files_are_one_warning(cloud: Cloud, shaped: Shaped) -> None:
    for number in range(30, 45):
        shaped.put("docs", f"doc{number}", attachment=f"doc{number}.txt")
    (warning,) = run(cloud, shaped.directory).warnings
    assert warning.startswith(
        "15 files are missing in storage/: id_docs/doc30/doc30.txt, id_docs/doc31/doc31.txt, "
        "id_docs/doc32/doc32.txt and 12 more. Does PocketBase store its files in S3?"
    )


def test_a_view_rule_that_breaks_between_rounds_is_a_warning(
    cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    with prepared(
        Source(shaped.directory),
        lambda: (cloud.s3, cloud.dynamodb),
        (cloud.bucket, cloud.table),
        removing=True,
    ) as sync:
        sync.is_watching = True
        sync.read_target()
        report = WatchReport()
        report.round(sync)
        assert capsys.readouterr().err == ""
        shaped.execute("UPDATE _collections SET viewRule = 'nosuch = 1' WHERE name = 'docs'")
        report.round(sync)
        warning = "warning: docs: the view rule cannot be evaluated and denies: "
        assert capsys.readouterr().err.startswith(warning)
        shaped.execute("UPDATE _collections SET viewRule = '' WHERE name = 'users'")
        report.round(sync)
        assert capsys.readouterr().err == ""  # it was said


def test_a_record_too_large_is_left_out_by_name_and_the_others_are_unharmed(
    cloud: Cloud, shaped: Shaped
) -> None:
    noise = "".join(f"{(n * 2654435761) % 2**32:08x}" for n in range(200_000))
    shaped.put("docs", "doc1", title=noise)
    shaped.put("docs", "doc0", title="long " * 200_000)
    summary = run(cloud, shaped.directory)
    assert len(summary.warnings) == 2  # the view shows the title too
    warning = "record docs/doc1 is left out, and view rules that look at it deny: it needs"
    assert summary.warnings[0].startswith(warning)
    reader = snapshot_of(Table(cloud.dynamodb, cloud.table)).reader
    assert reader.get("id_docs", "doc1") is None
    assert reader.batch("id_docs", ["doc1"])["doc1"].is_unreadable
    whole = reader.get("id_docs", "doc0")
    assert whole
    assert whole.values["title"] == "long " * 200_000


def test_a_view_with_two_rows_of_one_id_is_incomplete_for_as_long_as_it_has_them(
    cloud: Cloud, shaped: Shaped
) -> None:
    def is_incomplete() -> bool:
        collections = snapshot_of(Table(cloud.dynamodb, cloud.table)).collections
        view = collections.find("twice")
        return view is not None and view.is_incomplete

    shaped.add_view("twice", "SELECT owner AS id, title FROM docs", [field("title", "text")])
    source = Source(shaped.directory)
    clients = (cloud.s3, cloud.dynamodb)
    with prepared(source, lambda: clients, (cloud.bucket, cloud.table), removing=True) as sync:
        sync.is_watching = True
        sync.read_target()
        sync.round()
        assert is_incomplete()
        assert not sync.round().changed
        shaped.execute("UPDATE docs SET title = 'same'")
        sync.round()
        assert not is_incomplete()
        shaped.execute("UPDATE docs SET title = id")
        sync.round()
        assert is_incomplete()


def test_large_files_are_uploaded_in_parts_once(cloud: Cloud, shaped: Shaped) -> None:
    shaped.store("id_docs/doc0/doc0.txt", bytes(9 * 1024 * 1024))
    run(cloud, shaped.directory)
    assert objects(cloud)["id_docs/doc0/doc0.txt"][0].endswith('-2"')
    assert not run(cloud, shaped.directory).changed


def test_a_damaged_object_is_repaired(cloud: Cloud, shaped: Shaped) -> None:
    run(cloud, shaped.directory)
    before = state(cloud)
    cloud.s3.put_object(Bucket=cloud.bucket, Key="id_docs/doc1/doc1.txt", Body=b"text X")
    assert run(cloud, shaped.directory).written == {"files": 1}
    assert state(cloud) == before


def test_names_that_would_leave_their_record_are_left_out(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("secret")
    shaped.put("docs", "doc0", scans=["../../../../outside", "a/b.txt"])
    summary = run(cloud, shaped.directory)
    assert [warning.rsplit(": ", 1)[1] for warning in summary.warnings] == [
        "'../../../../outside' is no file name",
        "'a/b.txt' is no file name",
    ]
    assert not any("outside" in key for key in objects(cloud))


def test_links_out_of_storage_are_not_followed(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    secret = tmp_path / "outside" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("not for the bucket")
    record = shaped.directory / "storage/id_docs/doc0"
    (record / "doc0.txt").unlink()
    (record / "doc0.txt").symlink_to(secret)
    shaped.put("docs", "linked", attachment="secret.txt")
    (shaped.directory / "storage/id_docs/linked").symlink_to(secret.parent)
    sidecar = shaped.directory / "storage/id_docs/doc1/doc1.txt.attrs"
    sidecar.unlink()
    sidecar.symlink_to(secret)
    summary = run(cloud, shaped.directory)
    reason = "is a link out of storage/, which is not followed"
    assert summary.warnings == [
        f"file id_docs/{name} {reason}"
        for name in ("doc0/doc0.txt", "doc1/doc1.txt", "linked/secret.txt")
    ]
    assert not [key for key in objects(cloud) if "doc0" in key or "doc1" in key or "secret" in key]


def test_links_within_storage_and_a_linked_storage_folder_are_followed(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    storage = shaped.directory / "storage"
    storage.rename(tmp_path / "disk")
    storage.symlink_to(tmp_path / "disk")
    file = storage / "id_docs/doc0/doc0.txt"
    file.rename(storage / "id_docs/doc0/elsewhere.txt")
    file.symlink_to("elsewhere.txt")
    assert run(cloud, shaped.directory).warnings == []
    assert "id_docs/doc0/doc0.txt" in objects(cloud)


def test_a_file_whose_object_is_gone_when_it_is_compared_is_uploaded(
    cloud: Cloud, shaped: Shaped
) -> None:
    run(cloud, shaped.directory)
    clients = (cloud.s3, cloud.dynamodb)
    names = (cloud.bucket, cloud.table)
    with prepared(Source(shaped.directory), lambda: clients, names, removing=True) as sync:
        sync.read_target()
        shaped.store("id_docs/doc1/doc1.txt", b"text 9")  # as long as before
        cloud.s3.delete_object(Bucket=cloud.bucket, Key="id_docs/doc1/doc1.txt")
        sync.round()
    found = cloud.s3.get_object(Bucket=cloud.bucket, Key="id_docs/doc1/doc1.txt")
    assert found["Body"].read() == b"text 9"


def test_views_that_follow_the_clock_are_read_once_a_minute(cloud: Cloud, shaped: Shaped) -> None:
    clock = Clock()

    def pause(sync: Sync, seconds: int) -> None:
        for _ in range(seconds):
            clock.sleep(1)
            sync.keep_alive()

    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()
        pause(sync, 60)
        assert not sync.is_due()
    shaped.add_view("current", "SELECT id FROM docs WHERE title < datetime('now')", [])
    with syncing(cloud, shaped.directory, clock) as sync:
        for _ in range(2):
            sync.round()
            pause(sync, 59)
            assert not sync.is_due()
            pause(sync, 1)
            assert sync.is_due()
