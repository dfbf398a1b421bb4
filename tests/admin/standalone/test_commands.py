"""The catalogue without PocketBase: collections from an export, records and files by hand."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from admin.commands.arguments import random_letters
from admin.errors import AdminError
from admin.source.storage import LocalFile
from admin.standalone import schema
from admin.standalone.records import Records
from admin.target.bucket import PART_BYTES, Bucket
from pocketfiles import tokens
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Record
from pocketfiles.catalogue.table import Table
from tests.admin.conftest import items, keys, objects, state
from tests.conftest import DEMO, Cloud


def export() -> list[dict[str, Any]]:
    """The demo's collections as PocketBase exports them: without secrets."""
    found = []
    with closing(sqlite3.connect(f"file:{DEMO}/data.db?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM _collections ORDER BY type, rowid"):
            raw = {**json.loads(row["options"]), **{key: row[key] for key in row.keys()}}  # noqa: SIM118
            raw |= {"fields": json.loads(raw["fields"]), "indexes": json.loads(raw["indexes"])}
            for key in ("options", "created", "updated"):
                del raw[key]
            for key, value in raw.items():
                if key.endswith("Token"):
                    raw[key] = {"duration": value["duration"]}
            found.append(raw)
    return found


class Alone:
    """Commands on one cloud."""

    def __init__(self, cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cloud = cloud
        self.table = Table(cloud.dynamodb, cloud.table)
        self._folder = folder
        self._capsys = capsys

    def run(self, *command: str, code: int = 0) -> str:
        target = [
            "--table",
            self.cloud.table,
            *(["--bucket", self.cloud.bucket] if command[0] != "token" else []),
        ]
        assert main([*command, *target]) == code, self._capsys.readouterr().err
        out, err = self._capsys.readouterr()
        return out if code == 0 else err

    def apply(self, raw: Any, *more: str, code: int = 0) -> str:
        path = self._folder / "pb_schema.json"
        path.write_text(json.dumps(raw))
        return self.run("collections", "apply", str(path), *more, code=code)

    def file(self, name: str, body: bytes = b"hello") -> str:
        (self._folder / name).write_bytes(body)
        return str(self._folder / name)

    def record(self, collection: str, record_id: str) -> Record | None:
        collections = snapshot_of(self.table).collections
        found = collections.find(collection)
        assert found
        return snapshot_of(self.table).record(found, record_id)


@pytest.fixture
def alone(cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Alone:
    made = Alone(cloud, tmp_path, capsys)
    made.apply(export())
    return made


def changed(collection: str, **more: Any) -> list[dict[str, Any]]:
    return [{**raw, **more} if raw["name"] == collection else raw for raw in export()]


def without_field(collection: str, name: str, **more: Any) -> list[dict[str, Any]]:
    raw = next(raw for raw in export() if raw["name"] == collection)
    fields = [field for field in raw["fields"] if field["name"] != name]
    return changed(collection, fields=fields, **more)


def with_field(collection: str, which: str, /, **more: Any) -> list[dict[str, Any]]:
    raw = next(raw for raw in export() if raw["name"] == collection)
    fields = [{**field, **more} if field["name"] == which else field for field in raw["fields"]]
    return changed(collection, fields=fields)


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


def test_uploads_tell_how_far_they_are(cloud: Cloud, tmp_path: Path) -> None:
    bucket = Bucket(cloud.s3, cloud.bucket)
    for size in (10, PART_BYTES + 10):
        path = tmp_path / str(size)
        path.write_bytes(bytes(size))
        sent: list[int] = []
        file = LocalFile(path, size, 0.0)
        bucket.upload(f"c/r/{size}", file, replaces=False, on_bytes=sent.append)
        assert sum(sent) == size


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
    alone.run("put", "documents", "one", "scans", alone.file("a.txt"), alone.file("b.txt"))
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
    alone.run(
        "put",
        "documents",
        "one",
        "scans",
        alone.file("a.txt"),
        alone.file("b.txt"),
        "--set",
        "title=T",
    )
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


def test_a_file_is_stored_under_a_safe_name_with_its_type(alone: Alone) -> None:
    out = alone.run(
        "put", "photos", "beach0000000001", "image", alone.file("My Béach.svg", b"<svg></svg>")
    )
    record = alone.record("photos", "beach0000000001")
    assert record
    name = str(record.values["image"])
    assert name.startswith("my_b_ach_")
    assert f"-> /api/files/photos/beach0000000001/{name}" in out
    assert out.endswith("created photos/beach0000000001: 1 file stored, 0 fields set\n")
    assert objects(alone.cloud) == {
        f"pbc_1063624087/beach0000000001/{name}": (
            objects(alone.cloud)[f"pbc_1063624087/beach0000000001/{name}"][0],
            "image/svg+xml",
            {"original-filename": "My%20B%C3%A9ach.svg"},
        )
    }
    assert record.values["gallery"] == "[]"


def test_a_single_file_is_replaced_and_a_list_grows(alone: Alone) -> None:
    alone.run("put", "photos", "p1", "image", alone.file("one.txt"))
    (old,) = keys(alone.cloud)
    folder, name = old.rsplit("/", 1)
    alone.cloud.s3.put_object(
        Bucket=alone.cloud.bucket, Key=f"{folder}/thumbs_{name}/1x1_{name}", Body=b""
    )
    out = alone.run("put", "photos", "p1", "image", alone.file("two.txt"))
    assert "updated photos/p1" in out
    (new,) = keys(alone.cloud)
    assert "two_" in new
    for number in range(2):
        alone.run("put", "photos", "p1", "gallery", alone.file(f"g{number}.txt"))
    record = alone.record("photos", "p1")
    assert record
    assert [each[:2] for each in json.loads(str(record.values["gallery"]))] == ["g0", "g1"]


def test_values_are_stored_as_pocketbases_columns_hold_them(alone: Alone) -> None:
    alone.run("put", "users", "ann")
    alone.run("put", "users", "bob")
    values = {
        "title": "a=b",
        "pages": "3",
        "score": "1.5",
        "published": "true",
        "owner": "ann",
        "tags": "red,blue",
    }
    flags = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    alone.run("put", "documents", "one", *flags)
    record = alone.record("documents", "one")
    assert record
    typed = {name: record.values[name] for name in values}
    assert typed == {
        **{
            "title": "a=b",
            "pages": 3,
            "score": 1.5,
            "published": 1,
            "owner": "ann",
            "tags": '["red","blue"]',
        }
    }
    assert any(pk.endswith("#ann") and sk == "one" for pk, sk in items(alone.cloud))
    alone.run("put", "documents", "one", "--set", "owner=bob")
    assert not any(pk.endswith("#ann") for pk, _ in items(alone.cloud))


REFUSED: list[tuple[list[str], str]] = [
    (
        ["put", "nope", "x", "image", "FILE"],
        "there is no collection nope; there are: _authOrigins, ",
    ),
    (
        ["put", "photos", "x", "title", "FILE"],
        "has no file field title; it has: image, gallery, any",
    ),
    (["put", "photos", "x", "image", "FILE", "FILE"], "field image holds one file"),
    (["put", "photos", "x", "image"], "name at least one file"),
    (["put", "photos", "x", "image", "/no/such/file"], "cannot be read: No such file"),
    (["put", "photos", "../x", "image", "FILE"], "'../x' is no record id"),
    (["put", "documents", "x", "--set", "nope=1"], "has no field nope that could be set"),
    (["put", "documents", "x", "--set", "cover=1"], "has no field cover that could be set"),
    (
        ["put", "documents", "x", "--set", "pages=many"],
        "'many' is no value for the number field pages",
    ),
    (["put", "documents", "x", "--set", "pages"], "NAME=VALUE is expected"),
    (
        ["put", "documents", "x", "cover", "FILE", "--set", "owner=nobody"],
        "field owner refers to users/nobody, which is no record",
    ),
    (["rm", "photos", "x"], "there is no record x in photos"),
    (["rm", "photos", "x", "image"], "name the file to delete too"),
    (["rm", "photos", "x", "image", "f"], "there is no record x in photos"),
    (["token", "photos", "x"], "photos is no auth collection"),
    (["token", "users", "x"], "there is no record x in users"),
]


@pytest.mark.parametrize(
    ("command", "reason"), REFUSED, ids=[" ".join(command) for command, _ in REFUSED]
)
def test_a_command_that_fails_says_why_and_changes_nothing(
    command: list[str], reason: str, alone: Alone
) -> None:
    before = state(alone.cloud)
    file = alone.file("file.txt")
    err = alone.run(*[file if part == "FILE" else part for part in command], code=1)
    assert reason in err
    assert state(alone.cloud) == before


def test_a_full_file_field_refuses_another_file_and_deletes_the_upload(alone: Alone) -> None:
    alone.apply(with_field("photos", "gallery", maxSelect=2), "--yes")
    err = alone.run(
        "put", "photos", "p", "gallery", *[alone.file(f"{n}.txt") for n in range(3)], code=1
    )
    assert "holds 2 files at most; it would have 3" in err
    assert keys(alone.cloud) == set()


def test_a_file_is_deleted_with_its_thumbs_and_a_record_with_everything(alone: Alone) -> None:
    alone.run("put", "users", "ann")
    alone.run("put", "users", "bob")
    alone.run(
        "put",
        "documents",
        "one",
        "scans",
        alone.file("a.txt"),
        alone.file("b.txt"),
        "--set",
        "owner=ann",
    )
    before = items(alone.cloud)
    first = sorted(keys(alone.cloud))[0].rsplit("/", 1)[1]
    assert (
        alone.run("rm", "documents", "one", "scans", first) == f"deleted {first} of documents/one\n"
    )
    assert len(keys(alone.cloud)) == 1
    assert "has no file" in alone.run("rm", "documents", "one", "scans", first, code=1)
    assert alone.run("rm", "documents", "one") == "deleted documents/one and 1 file\n"
    assert keys(alone.cloud) == set()
    left = {key for key in before if key[0] in {"#catalogue", "_pb_users_auth_"}}
    assert left == set(items(alone.cloud))


@pytest.mark.parametrize(("flag", "kind"), [("--auth", "auth"), ("--file", "file"), (None, "file")])
def test_a_token_is_accepted_as_its_records(flag: str | None, kind: Any, alone: Alone) -> None:
    alone.run("put", "users", "ann")
    token = alone.run("token", "users", "ann", *([flag] if flag else [])).strip()
    collections = snapshot_of(alone.table).collections

    def owner(collection: str, record: str) -> Any:
        found = collections.find(collection)
        return found and (found, snapshot_of(alone.table).record(found, record))

    assert tokens.verify(token, kind, owner, 0).record.id == "ann"


def test_a_record_changed_by_somebody_else_is_not_overwritten(alone: Alone) -> None:
    class Interfering:
        """A table where somebody else writes between our read and our write."""

        def __getattr__(self, name: str) -> Any:
            if name == "update_item":
                alone.cloud.dynamodb.put_item(
                    TableName=alone.cloud.table,
                    Item={
                        "pk": {"S": "pbc_1063624087"},
                        "sk": {"S": "p1"},
                        "data": {"S": '{"id":"p1"}'},
                    },
                )
            return getattr(alone.cloud.dynamodb, name)

    interfering: Any = Interfering()
    records = Records(
        interfering, alone.cloud.table, Bucket(alone.cloud.s3, alone.cloud.bucket), random_letters
    )
    photos = records.collection("photos")
    before = items(alone.cloud)
    with pytest.raises(AdminError, match="changed by somebody else"):
        records.put(photos, "p1", photos.field("image"), [Path(alone.file("one.txt"))], {})
    assert keys(alone.cloud) == set()
    assert items(alone.cloud).keys() - before.keys() == {("pbc_1063624087", "p1")}


def test_large_files_are_streamed(alone: Alone) -> None:
    alone.run("put", "photos", "big", "any", alone.file("big.bin", bytes(20 * 1024 * 1024)))
    (tag, content_type, _) = next(iter(objects(alone.cloud).values()))
    assert tag.endswith('-3"')
    assert content_type == "application/octet-stream"
