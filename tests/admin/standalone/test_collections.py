"""Collections from an export: what a file creates, changes and removes, and what is refused."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from admin.errors import AdminError
from admin.standalone import schema
from pocketfiles.catalogue.cached import snapshot_of
from tests.admin.conftest import items, keys, state
from tests.admin.standalone.conftest import Alone, changed, export, with_field, without_field


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
    alone.run("put", "teams", "team1")
    before = state(alone.cloud)
    fewer = [raw for raw in export() if raw["name"] != "teams"]
    assert "with --yes" in alone.apply(fewer, "--remove-others", code=1)
    assert "remove collection teams with its 1 record and their files" in alone.apply(
        fewer, "--remove-others", "--dry-run"
    )
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert "nothing is changed" in alone.apply(fewer, "--remove-others", code=1)
    assert state(alone.cloud) == before
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    alone.apply(fewer, "--remove-others")
    assert snapshot_of(alone.table).collections.find("teams") is None
    assert not [key for key in items(alone.cloud) if key[1] == "team1"]


def test_collections_that_a_file_does_not_name_stay(alone: Alone) -> None:
    out = alone.apply(json.loads(schema.sample()))
    assert out.endswith("applied: 3 collections created or changed, 0 losing data\n")
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


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Interrupting(Terminal):
    """A terminal whose user presses ^C."""

    def readline(self, *_: Any) -> str:
        raise KeyboardInterrupt


def test_an_interrupted_question_changes_nothing_and_says_so(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = [raw for raw in export() if raw["name"] != "teams"]
    monkeypatch.setattr("sys.stdin", Interrupting())
    error = alone.apply(fewer, "--remove-others", code=130)
    assert error.endswith("interrupted; nothing is changed\n")
    assert snapshot_of(alone.table).collections.find("teams")


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


WRONG: list[tuple[Any, str]] = [
    ({}, "no export of collections"),
    ([1], "no export of collections"),
    ([{"name": "x"}], "collection x: its id must be"),
    ([{"id": "a#b", "name": "x"}], "its id must be"),
    ([{"id": "a", "name": "x", "type": "odd"}], "its type must be one of auth, base, view"),
    ([{"id": "a", "name": "x", "type": "base"}], "its fields must be an array of objects"),
    (
        [
            {
                "id": "a",
                "name": "x",
                "type": "base",
                "fields": [{"name": "f", "type": "file", "maxSelect": "x"}],
            }
        ],
        "collection x cannot be read",
    ),
    (
        [{"id": "a", "name": "x", "type": "base", "fields": [], "viewRule": "a ="}],
        "collection x: viewRule: ",
    ),
    *(
        (
            [{"id": "a", "name": "x", "type": "base", "fields": [], "viewRule": rule}],
            f"collection x: viewRule: {reason}",
        )
        for rule, reason in (
            ("nope = 1", "no such field: nope"),
            ("@collection.y.id = 1", "no such collection: y"),
            ("@request.query.a:length > 0", ":length does not fit @request.query"),
            ("@request.body.a:changed = true", ":changed does not fit @request.body"),
            ("@request.body = ''", "no such identifier: @request.body"),
        )
    ),
    (
        [{"id": "a", "name": name, "type": "base", "fields": []} for name in "xX"],
        "two collections have the id a",
    ),
    (
        [{"id": name, "name": name, "type": "base", "fields": []} for name in "xX"],
        "two collections have the name x",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), WRONG)
def test_a_file_that_is_no_export_of_collections_is_refused(
    raw: Any, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(AdminError, match=reason):
        schema.require_rules(schema.read(path), raw)


def test_all_that_a_file_lacks_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    fields = [{"type": "text"}, {"name": "cover"}, {"name": "title", "type": "text"}]
    raw = [{"name": "a b", "fields": fields}, {"id": "x", "name": "x", "type": "base"}]
    path.write_text(json.dumps(raw))
    with pytest.raises(AdminError) as failure:
        schema.read(path)
    assert str(failure.value).split("; ") == [
        f"{path}: collection a b: its id must be letters, digits and _",
        "collection a b: its name must be letters, digits and _",
        "collection a b: its type must be one of auth, base, view",
        "collection a b: field 1 has no name",
        "collection a b: field cover has no type",
        "collection x: its fields must be an array of objects",
    ]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdminError, match="cannot be read: No such file"):
        schema.read(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("[")
    with pytest.raises(AdminError, match="is not JSON"):
        schema.read(tmp_path / "text.json")
