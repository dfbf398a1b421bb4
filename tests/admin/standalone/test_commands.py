"""Records, files and tokens by hand: ``put``, ``rm`` and ``token``."""

import json
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from admin.commands.arguments import random_letters
from admin.errors import AdminError
from admin.source.storage import LocalFile
from admin.standalone.records import Records
from admin.target.bucket import PART_BYTES, Bucket
from pocketfiles import tokens
from pocketfiles.catalogue.cached import snapshot_of
from tests.admin.conftest import items, keys, objects, state
from tests.admin.standalone.conftest import Alone, Terminal, changed, with_field
from tests.conftest import Cloud
from tests.pointer import set_in_pointer


def test_uploads_tell_how_far_they_are(cloud: Cloud, tmp_path: Path) -> None:
    bucket = Bucket(cloud.s3, cloud.bucket)
    for size in (10, PART_BYTES + 10):
        path = tmp_path / str(size)
        path.write_bytes(bytes(size))
        sent: list[int] = []
        file = LocalFile(path, size, 0.0)
        bucket.upload(f"c/r/{size}", file, replaces=False, on_bytes=sent.append)
        assert sum(sent) == size


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
    (["put", "photos", "../x", "--set", "visible=true"], "'../x' is no record id"),
    (["put", "document_files", "x", "--set", "title=a"], "document_files is a view: its records"),
    (["put", "document_files", "x", "file", "FILE"], "document_files is a view: its records"),
    (["rm", "document_files", "x"], "document_files is a view: its records"),
    (["put", "documents", "x", "--set", "status=odd"], "there are draft, review, final"),
    (["put", "documents", "x", "--set", "tags=red,odd"], "there are red, green, blue"),
    (["put", "users", "x", "--set", "email=ada"], "'ada' is no value for the email field email"),
    (["put", "users", "x", "--set", "password=secret"], "`token` makes tokens"),
    (["put", "users", "x", "avatar", "FILE"], "is text/plain; field avatar takes image/jpeg, "),
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
    alone.put_two_scans("--set", "owner=ann")
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


def test_a_file_larger_than_its_field_takes_is_refused(alone: Alone) -> None:
    alone.apply(with_field("documents", "scans", maxSize=5))
    files = [alone.file("a.txt", b"12345"), alone.file("b.txt", b"123456")]
    error = alone.run("put", "documents", "one", "scans", *files, code=1)
    assert "b.txt has 6 bytes; field scans takes 5 at most (maxSize)" in error
    assert keys(alone.cloud) == set()
    alone.run("put", "documents", "one", "scans", files[0])


def test_a_record_without_what_its_collection_requires_is_refused(alone: Alone) -> None:
    alone.apply(with_field("documents", "attachment", required=True))
    before = items(alone.cloud)
    error = alone.run("put", "documents", "d1", "--set", "title=t", code=1)
    assert "documents/d1 needs a value of attachment (required)" in error
    assert (items(alone.cloud), keys(alone.cloud)) == (before, set())
    alone.run("put", "documents", "d1", "attachment", alone.file("a.txt"))
    alone.run("put", "documents", "d1", "--set", "title=t")


def test_two_auth_records_cannot_have_one_address(alone: Alone) -> None:
    for record in ("ann", "bob"):
        alone.run("put", "users", record)
    alone.run("put", "users", "ann", "--set", "email=ann@example.com")
    alone.run("put", "users", "ann", "--set", "email=ann@example.com")
    error = alone.run("put", "users", "bob", "--set", "email=ann@example.com", code=1)
    assert "users/ann has the e-mail address ann@example.com" in error
    alone.run("put", "users", "bob", "--set", "email=")


def test_a_record_is_deleted_on_a_terminal_after_a_yes(
    alone: Alone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone.run("put", "users", "ann")
    alone.run("put", "users", "bob")
    alone.put_two_scans("--set", "owner=ann", "--set", "shared_with=ann,bob")
    before = state(alone.cloud)
    monkeypatch.setattr("sys.stdin", Terminal("\n\n"))
    where = ["--table", alone.cloud.table, "--bucket", alone.cloud.bucket]
    assert main(["rm", "documents", "one", *where]) == 1
    assert "documents/one will be deleted with 2 files. Go on? [y/N]" in capsys.readouterr().out
    assert main(["rm", "users", "ann", *where]) == 1
    out = capsys.readouterr().out
    assert "users/ann will be deleted; it is referred to by 1 record of documents (owner)" in out
    assert "1 record of documents (shared_with)." in out
    assert state(alone.cloud) == before
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    alone.run("rm", "documents", "one")
    alone.run("rm", "users", "ann")  # has no files, and nothing refers to it
    alone.run("put", "documents", "two", "--set", "owner=bob")
    alone.run("rm", "users", "bob", "--yes")


@pytest.mark.parametrize(
    "command",
    [
        ["put", "photos", "", "image", "file.txt"],
        ["put", "photos", ""],
        ["put", "photos", "x" * 1025],
        ["rm", "photos", ""],
        ["token", "users", ""],
        ["ls", "photos", ""],
        ["show", "photos", ""],
    ],
    ids=" ".join,
)
def test_an_id_that_no_record_can_have_is_a_wrong_command_line(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--table", "t"])
    assert ended.value.code == 2
    assert "argument RECORD: a record's id " in capsys.readouterr().err


def test_a_file_is_not_said_to_be_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["put", "photos", "--local"])
    assert "required: RECORD\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "made"), [("--auth", "an auth token"), ("--file", "a file token")]
)
def test_a_token_is_described_on_standard_error(
    kind: str, made: str, alone: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    alone.run("put", "users", "ann")
    assert main(["token", "users", "ann", kind, "--table", alone.cloud.table]) == 0
    assert capsys.readouterr().err.startswith(f"made {made} of users/ann, valid until ")


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


def test_commands_do_not_pass_for_a_living_sync(alone: Alone) -> None:
    assert alone.table.pointer().heartbeat is None
    alone.run("put", "users", "userada00000000", "--set", "email=ada@example.com")
    assert alone.table.pointer().heartbeat is None
    set_in_pointer(alone.cloud, heartbeat={"N": "1000.0"})
    alone.run("put", "users", "userada00000000", "--set", "email=eve@example.com")
    alone.apply(changed("documents", viewRule=None))
    alone.run("rm", "users", "userada00000000")
    assert alone.table.pointer().heartbeat == 1000.0


def test_collections_open_a_copy_of_a_table_only_if_no_pocketbase_stands_behind_it(
    alone: Alone,
) -> None:
    set_in_pointer(alone.cloud, table={"S": "the original"}, source={"S": "a PocketBase"})
    alone.apply(changed("documents", viewRule=None))
    assert snapshot_of(alone.table).is_copy
    set_in_pointer(alone.cloud, source={"S": ""})
    alone.apply(changed("documents", viewRule=""))
    assert not snapshot_of(alone.table).is_copy


def test_collections_are_not_changed_while_a_mass_deletion_is_held_back(alone: Alone) -> None:
    set_in_pointer(alone.cloud, holding={"BOOL": True})
    with pytest.raises(AssertionError, match="holds a mass deletion back"):
        alone.apply(changed("documents", viewRule=None))
