"""Collections from an export: what a file creates, changes and removes, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from admin.errors import AdminError
from admin.standalone import schema
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.keys import item_key
from tests.admin.conftest import items, keys, state
from tests.admin.standalone.conftest import (
    Alone,
    Terminal,
    changed,
    export,
    with_field,
    without,
    without_field,
)


def test_an_export_creates_what_is_missing_once(alone: Alone) -> None:
    collections = snapshot_of(alone.table).collections
    assert len(list(collections)) == 12
    users = collections.find("users")
    assert users
    assert len(users.auth_token.secret) == len(users.file_token.secret) == 50
    assert users.file_token.duration == 180
    before = state(alone.cloud)
    assert alone.apply(export()) == "applied: nothing to change\n"
    assert state(alone.cloud) == before


def test_a_changed_collection_is_shown_and_keeps_its_secrets(alone: Alone) -> None:
    users = snapshot_of(alone.table).collections.find("users")
    out = alone.apply(changed("users", name="people", viewRule=""))
    assert out.splitlines()[0] == "change collection people: renamed from users, view rule"
    people = snapshot_of(alone.table).collections.find("people")
    assert users
    assert people
    assert people.file_token == users.file_token
    assert people.position == users.position


def test_nothing_is_removed_without_asking(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    alone.run("put", "photos", "photo1")
    before = state(alone.cloud)
    fewer = without("photos")
    assert "with --yes" in alone.apply(fewer, "--remove-others", code=1)
    assert "remove collection photos with its 1 record and its files\n" in alone.apply(
        fewer, "--remove-others", "--dry-run"
    )
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    declined = alone.apply(fewer, "--remove-others", code=1)
    assert declined.splitlines()[-1] == "nothing is changed"
    assert state(alone.cloud) == before
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    alone.apply(fewer, "--remove-others")
    assert snapshot_of(alone.table).collections.find("photos") is None
    assert not [key for key in items(alone.cloud) if key[1] == "photo1"]


def test_collections_that_a_file_does_not_name_stay(alone: Alone) -> None:
    out = alone.apply(json.loads(schema.sample()))
    assert out.endswith("applied: 3 collections created or changed\n")
    before = items(alone.cloud)
    names = {each.name for each in snapshot_of(alone.table).collections}
    assert {"customers", "pictures", "contracts", "users", "documents"} <= names
    contracts = [raw for raw in json.loads(schema.sample()) if raw["name"] == "contracts"]
    assert alone.apply(contracts) == "applied: nothing to change\n"
    assert items(alone.cloud) == before


def test_a_new_collection_with_the_name_of_one_that_is_there_is_refused(alone: Alone) -> None:
    raw = [{"id": "other", "name": "Users", "type": "base", "fields": []}]
    assert "there is a collection users with the id _pb_users_auth_" in alone.apply(raw, code=1)


def test_the_sample_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collections", "sample"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == [
        "customers",
        "pictures",
        "contracts",
    ]


class Interrupting(Terminal):
    """A terminal whose user presses ^C."""

    def readline(self, *_: Any) -> str:
        raise KeyboardInterrupt


def test_an_interrupted_question_changes_nothing_and_says_so(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = without("photos")
    monkeypatch.setattr("sys.stdin", Interrupting())
    error = alone.apply(fewer, "--remove-others", code=130)
    assert error.endswith("interrupted; nothing is changed\n")
    assert snapshot_of(alone.table).collections.find("photos")


def test_removing_a_field_removes_its_files_and_references(alone: Alone) -> None:
    alone.run("put", "users", "ann")
    alone.run("put", "users", "bob")
    alone.run("put", "documents", "one", "cover", alone.file("cover.png"), "--set", "owner=ann")
    alone.put_two_scans()
    assert len(keys(alone.cloud)) == 3
    alone.apply(without_field("documents", "cover"), "--yes")
    assert len(keys(alone.cloud)) == 2
    record = alone.record("documents", "one")
    assert record
    assert "cover" not in record.values
    assert any("#" in pk and pk.endswith("#ann") for pk, _ in items(alone.cloud))
    alone.apply(without_field("documents", "owner", viewRule=None), "--yes")
    assert not any(pk.endswith("#ann") for pk, _ in items(alone.cloud))


def test_values_are_kept_when_a_field_is_renamed_or_becomes_multiple(alone: Alone) -> None:
    alone.put_two_scans("--set", "title=T")
    alone.apply(with_field("documents", "title", name="heading"))
    out = alone.apply(with_field("documents", "scans", maxSelect=1), "--yes")
    assert "field scans" in out
    record = alone.record("documents", "one")
    assert record
    assert str(record.values["scans"]).startswith("b")
    assert record.values["title"] == "T"
    assert len(keys(alone.cloud)) == 1
    alone.apply(with_field("documents", "scans", maxSelect=5))
    record = alone.record("documents", "one")
    assert record
    assert json.loads(str(record.values["scans"])) == [
        key.rsplit("/", 1)[1] for key in keys(alone.cloud)
    ]


NO_COLLECTIONS: list[Any] = [{}, [1], 5, "x"]


@pytest.mark.parametrize("raw", NO_COLLECTIONS, ids=json.dumps)
def test_a_file_that_is_no_export_of_collections_is_refused(raw: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(AdminError, match="no export of collections"):
        schema.read(path)


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"id": "q", "fields": [{"protected": true, "protected": false}]}]')
    with pytest.raises(AdminError, match="an object has the key protected twice"):
        schema.read(path)


def test_what_is_no_number_is_refused_and_a_byte_order_mark_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"min": NaN}]')
    with pytest.raises(AdminError, match="NaN is no number"):
        schema.read(path)
    path.write_text("[]", "utf-8-sig")
    assert schema.read(path) == []


def test_a_file_with_a_lack_changes_nothing(alone: Alone) -> None:
    before = state(alone.cloud)
    raw = with_field("documents", "attachment", protcted=True)
    raw.append({"id": "new", "name": "new", "type": "base", "fields": []})
    assert "did you mean protected?" in alone.apply(raw, code=1)
    assert state(alone.cloud) == before


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdminError, match="cannot be read: No such file"):
        schema.read(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("[")
    with pytest.raises(AdminError, match="is not JSON"):
        schema.read(tmp_path / "text.json")


def test_fields_that_pocketbase_would_add_need_not_be_listed(alone: Alone) -> None:
    rule = "id != '' && owner.verified = false && owner.email = ''"
    owner = {"name": "owner", "type": "relation", "collectionId": "people", "maxSelect": 1}
    raw = [
        {"id": "people", "name": "people", "type": "auth", "fields": []},
        {"id": "bills", "name": "bills", "type": "base", "viewRule": rule, "fields": [owner]},
    ]
    created = alone.apply(raw).splitlines()
    assert "create collection people (auth, 0 fields)" not in created
    assert "create collection bills (base, 2 fields)" in created
    collections = snapshot_of(alone.table).collections
    people = collections.find("people")
    users = collections.find("users")
    assert people
    assert users
    for field in people.fields:
        assert users.field(field.name) == field
    names = ["id", "password", "tokenKey", "email", "emailVisibility", "verified"]
    assert [field.name for field in people.fields] == names
    assert alone.apply(raw) == "applied: nothing to change\n"


def test_a_system_field_of_the_table_is_kept_when_a_file_does_not_list_it(alone: Alone) -> None:
    named = {"id": "id", "name": "id", "type": "text"}
    raw = {"id": "notes", "name": "notes", "type": "base", "fields": [named]}
    alone.apply([raw])
    assert alone.apply([{**raw, "fields": []}]) == "applied: nothing to change\n"


def test_a_plan_counts_in_plain_words(alone: Alone) -> None:
    odd = {"id": "odd", "name": "odd", "type": "view", "fields": []}
    assert "create collection odd (view, 1 field)\n" in alone.apply([odd])
    alone.run("put", "photos", "one")
    alone.run("put", "photos", "two")
    fewer = [raw for raw in export() if raw["name"] not in {"photos", "locked_papers"}]
    planned = alone.apply(fewer, "--remove-others", "--dry-run").splitlines()
    assert "remove collection photos with its 2 records and their files" in planned
    assert "remove collection locked_papers, which has no records" in planned
    assert planned[-1] == "dry run, nothing is changed: 3 collections losing data"
    more = [*with_field("teams", "plan", hidden=True), {**odd, "viewRule": ""}]
    more = [raw for raw in more if raw["name"] != "photos"]
    done = alone.apply(more, "--remove-others", "--yes").splitlines()
    assert done[-1] == "applied: 2 collections created or changed, 1 collection losing data"


def test_a_key_that_is_ignored_reaches_no_table(alone: Alone) -> None:
    before = items(alone.cloud)
    raw = with_field("photos", "image", limits={"maxSize": 1}, column="REAL")
    for each in raw:
        each["held"] = True
    alone.apply(raw)
    assert items(alone.cloud) == before


def test_a_record_whose_values_the_table_lacks_stays_unknown(alone: Alone) -> None:
    alone.run("put", "photos", "photo1")
    photos = snapshot_of(alone.table).collections.find("photos")
    assert photos
    alone.cloud.dynamodb.update_item(
        TableName=alone.cloud.table,
        Key=item_key(photos.id, "photo1"),
        UpdateExpression="SET #record = :null",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":null": {"S": "null"}},
    )
    alone.apply(with_field("photos", {"name": "more", "type": "text"}))
    after = snapshot_of(alone.table)
    assert after.reader.batch(photos.id, ["photo1"])["photo1"].is_unreadable
    collection = after.collections.with_id(photos.id)
    assert collection
    assert collection.is_incomplete
    refused = alone.run("put", "photos", "photo1", code=1)
    assert "the values of photos/photo1 are not in the table" in refused
