"""Why a URL is served or refused, as an operator asks."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import jwt
import pytest

from admin.cli import main
from admin.sync.prepare import import_directory
from tests.admin.shaped import Shaped, field
from tests.conftest import DEMO, ROOT, Cloud

DOC = "/api/files/documents/doc000000000001/file_1_0e9gscmqtk.txt"
SHARED = "/api/files/documents/doc000000000000/file_0_jr7qyn9hd0.txt"
VIEW = "/api/files/document_files/doc000000000001/file_1_0e9gscmqtk.txt"
OPEN = "/api/files/open_papers/paper0000000001/open_nqhrwivcnx.txt"
LOCKED = "/api/files/locked_papers/paper0000000002/locked_8tkibi63xf.txt"
FACE = "/api/files/users/userada00000000/face_ua9u1zqt2i.png"
ADA, BOB, EVE = (f"users/user{name}00000000" for name in ("ada", "bob", "eve"))
ROOT_USER = "_superusers/superuser000001"
NO_RULE = "404 because the view rule says no"
FOREIGN = "404 because the token is not valid: a superuser's, from an address that is not listed"


def explained(
    capsys: pytest.CaptureFixture[str], *arguments: str, data: Path = DEMO
) -> tuple[int, list[str]]:
    """The exit code, and what was printed, its columns one blank apart."""
    code = main(["explain", *arguments, "--pb-data", str(data)])
    out = capsys.readouterr().out
    return code, [" ".join(line.split()) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "said", "verdict"),
    [
        ([FACE], "protected no: open to everybody, neither token nor view rule count", "served"),
        ([FACE], "thumb not asked for: the original", "served"),
        (
            [f"{FACE}?thumb=64x64"],
            "thumb '64x64' is allowed: the thumb if the file is a picture,",
            "served",
        ),
        (
            [f"{FACE}?thumb=1x1"],
            "thumb '1x1' is none of 100x100, 64x64, 128x128f: the original",
            "served",
        ),
        ([FACE, "--query", "thumb=100x100"], "thumb '100x100' is allowed", "served"),
        (
            [f"https://files.test{FACE.replace('u', '%75')}#top"],
            "collection users (_pb_users_auth_)",
            "served",
        ),
        (
            [FACE.replace("users", "_PB_USERS_AUTH_")],
            "path collection '_PB_USERS_AUTH_'",
            "no such collection",
        ),
        (
            [FACE.replace("users", "USERS")],
            "collection users (_pb_users_auth_), of type auth",
            "served",
        ),
        (["/"], "request GET '/'", "404 because no such route"),
        (
            ["photos/x.jpg"],
            "path not a file's, which is /api/files/COLLECTION/RECORD/FILE",
            "404 because no such route",
        ),
        (["/api/files/users//x"], "request GET", "404 because an empty path segment"),
        (
            ["/api/files/nope/x/y"],
            "path collection 'nope', record 'x', file 'y'",
            "no such collection",
        ),
        (["/api/files/users/x/y"], "collection users", "404 because no such record"),
        ([f"{FACE}x"], "record is there", "404 because no field holds this file"),
        ([DOC], "token none: a guest's request", NO_RULE),
        (
            [f"{DOC}?thumb=9x9&token=&password=x"],
            f"request GET '{DOC}' with thumb='9x9'",
            NO_RULE,
        ),
        ([DOC], 'false @request.auth.id != ""', NO_RULE),
        (
            [f"{DOC}?token=x"],
            "token not valid: not three parts; a guest's request",
            "404 because the token is not valid: not three parts",
        ),
        (
            [DOC, "--token", "x.y.z"],
            "token not valid: unreadable claims; a guest's request",
            "404 because the token is not valid: unreadable claims",
        ),
        ([DOC, "--as", ADA], "true owner = @request.auth.id", "served"),
        ([DOC, "--as", BOB], "false owner = @request.auth.id", NO_RULE),
        ([SHARED, "--as", BOB], "true shared_with.id ?= @request.auth.id", "served"),
        ([SHARED, "--as", EVE], "false shared_with.id ?= @request.auth.id", NO_RULE),
        ([DOC, "--as", ROOT_USER], "view rule not asked: a superuser sees every record", "served"),
        (
            [DOC, "--header", "Authorization=x"],
            "header Authorization opens no file; ?token= does",
            NO_RULE,
        ),
        ([OPEN], "view rule empty: open to everybody", "served"),
        (
            [LOCKED, "--as", ADA],
            "view rule locked: superusers alone",
            "404 because the view rule is locked",
        ),
        ([LOCKED, "--as", ROOT_USER], "protected yes", "served"),
        ([VIEW, "--as", ADA], "source documents, record doc000000000001", "served"),
        ([VIEW, "--as", BOB], "collection document_files (pbc_3526819480), of type view", NO_RULE),
    ],
)
def test_each_step_and_the_outcome_are_printed(
    arguments: list[str], said: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = explained(capsys, *arguments)
    assert any(line.startswith(said) for line in lines), lines
    assert lines[-1].endswith(verdict)
    assert code == (0 if verdict == "served" else 1)


def test_explain_agrees_with_every_recorded_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """The steps are listed in the order in which the service takes them; here is what keeps them
    together.
    """
    rows = [
        json.loads(line) for line in (ROOT / "tests/contract/http.jsonl").read_text().splitlines()
    ]
    asked = [
        row
        for row in rows
        if row["method"] in {"GET", "HEAD"}
        and row["path"].startswith("/api/files/")
        and row["status"] != 307
    ]
    assert len(asked) > 250
    wrong = []
    for row in asked:
        headers = [
            part
            for name, value in row["headers"].items()
            for part in ("--header", f"{name}={value}")
        ]
        code, lines = explained(capsys, row["path"], "--method", row["method"], *headers)
        served = row["status"] < 400 or row["status"] in {
            412,
            416,
        }  # about the file, not about who may see it
        if served != (code == 0):
            wrong.append((row["name"], row["path"], row["status"], lines[-1]))
    assert wrong == []


def test_a_table_is_explained_as_the_directory_it_was_imported_from(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    for path in (DOC, SHARED, VIEW, OPEN, FACE, "/api/files/nope/x/y"):
        for owner in (ADA, BOB, ROOT_USER):
            of_directory = explained(capsys, path, "--as", owner)
            code = main(
                ["explain", path, "--as", owner, "--table", cloud.table, "--bucket", cloud.bucket]
            )
            lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
            untimed = [
                [line for line in each if "token" not in line] for each in (lines, of_directory[1])
            ]
            assert (code, untimed[0]) == (of_directory[0], untimed[1])


def test_no_secret_token_or_value_of_a_record_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with closing(sqlite3.connect(f"file:{DEMO}/data.db?mode=ro&immutable=1", uri=True)) as db:
        secrets = {
            secret
            for row in db.execute("SELECT password, tokenKey, email FROM users")
            for secret in row
        }
        (options,) = db.execute("SELECT options FROM _collections WHERE name = 'users'").fetchone()
    secrets |= {json.loads(options)[kind]["secret"] for kind in ("authToken", "fileToken")}
    key = jwt.encode({"id": "userada00000000", "collectionId": "users", "type": "file"}, "k" * 40)
    printed = ""
    for path in (DOC, VIEW, OPEN, LOCKED, FACE, f"{DOC}?token={key}"):
        for who in (["--as", ADA], ["--as", ROOT_USER], ["--token", key], []):
            main(["explain", path, *who, "--pb-data", str(DEMO)])
            out, err = capsys.readouterr()
            printed += out + err
    assert [secret for secret in secrets if secret in printed] == []
    assert "eyJ" not in printed
    assert key.rpartition(".")[2] not in printed


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"type": "auth"}, "a token of another type than file"),
        ({"id": "nobody"}, "the token's owner is unknown"),
        ({}, "signature: not by the owner's key"),
    ],
)
def test_explain_says_why_a_token_is_not_valid(
    claims: dict[str, object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {
        "id": "userada00000000",
        "collectionId": "users",
        "type": "file",
        "exp": time.time() + 60,
    }
    _, lines = explained(capsys, DOC, "--token", jwt.encode(named | claims, "k" * 40))
    assert f"token not valid: {reason}; a guest's request" in lines
    assert lines[-1] == f"404 because the token is not valid: {reason}"


@pytest.fixture
def protecting(shaped: Shaped) -> Shaped:
    """The filled directory, whose superusers come from 192.0.2.0/24 by way of a proxy."""
    shaped.add_collection("_superusers", [field("tokenKey", "text")], kind="auth", view_rule=None)
    shaped.put("_superusers", "root", tokenKey="key of root")
    shaped.put("users", "ann", tokenKey="a longer key of ann")
    return shaped


SECRET = "/api/files/docs/doc0/doc0.txt"


@pytest.mark.parametrize(
    ("arguments", "address", "verdict"),
    [
        (["--address", "192.0.2.8"], "192.0.2.8", "served"),
        (["--address", "198.51.100.1"], "198.51.100.1", FOREIGN),
        (["--header", "X-Forwarded-For=192.0.2.8"], "unknown", FOREIGN),
        ([], "unknown", FOREIGN),
    ],
)
def test_a_superuser_from_an_address_that_is_not_listed_is_a_guest(
    arguments: list[str],
    address: str,
    verdict: str,
    protecting: Shaped,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, lines = explained(
        capsys, SECRET, "--as", "_superusers/root", *arguments, data=protecting.directory
    )
    assert f"address {address}; superusers may come from listed addresses alone" in lines
    assert lines[-1] == verdict
    refused = (
        "token not valid: a superuser's, from an address that is not listed; a guest's request"
    )
    assert (refused in lines) is (verdict != "served")


def test_a_superusers_authorization_from_elsewhere_is_a_403(
    protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = {"id": "root", "collectionId": "_superusers", "type": "auth"}
    token = jwt.encode(claims, "key of root" + "authToken of _superusers")
    code, lines = explained(
        capsys, SECRET, "--header", f"Authorization={token}", data=protecting.directory
    )
    assert (code, lines[-1]) == (1, "403 because a superuser from an address that is not listed")


def test_explain_says_where_a_rule_cannot_be_evaluated(
    protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    protecting.execute(
        "UPDATE _collections SET viewRule = 'title != 1 && gone = 1' WHERE name = 'docs'"
    )
    code, lines = explained(capsys, SECRET, "--as", "users/ann", data=protecting.directory)
    place = "no such field: gone at line 1, column 15: 'gone = 1'"
    assert f"cannot be evaluated: {place}" in lines
    assert (code, lines[-1]) == (
        1,
        f"404 because the view rule of docs cannot be evaluated: {place}",
    )


def test_comparisons_that_were_not_evaluated_are_marked(
    protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [f"doc{number}" for number in range(1001)]
    for name in many:
        protecting.put("docs", f"x{name}")
    rule = "title = 'no' && @collection.docs.title = 'x'"
    protecting.execute("UPDATE _collections SET viewRule = ? WHERE name = 'docs'", rule)
    _, lines = explained(capsys, SECRET, data=protecting.directory)
    assert lines[-5:-2] == [
        f"view rule {rule}",
        "false title = 'no'",
        "- @collection.docs.title = 'x'",
    ]
    assert lines[-2].startswith("work 0 of 1000 records of one collection, ")
    assert lines[-2].endswith(" of 50000000 steps")
    assert lines[-1] == NO_RULE


def test_explain_says_that_the_object_is_missing(
    protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    (protecting.directory / "storage/id_docs/doc0/doc0.txt").unlink()
    code, lines = explained(capsys, SECRET, "--as", "users/ann", data=protecting.directory)
    assert (code, lines[-2:]) == (
        1,
        ["object id_docs/doc0/doc0.txt", "404 because the object is missing"],
    )


def test_explain_says_that_no_record_owns_a_file_in_a_view(
    protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    protecting.add_view(
        "odd", "SELECT id, 'gone.txt' AS file FROM docs", [field("file", "file", maxSelect=1)]
    )
    code, lines = explained(capsys, "/api/files/odd/doc0/gone.txt", data=protecting.directory)
    assert (code, lines[-2]) == (1, "source no record holds this file")
    assert lines[-1] == "404 because the view's source is unknown"


def test_without_a_bucket_explain_does_not_look_for_the_object(
    cloud: Cloud, protecting: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    import_directory(protecting.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    key = "id_docs/doc0/doc0.txt"
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=key)
    asked = ["explain", SECRET, "--as", "users/ann", "--table", cloud.table]
    assert main(asked) == 0
    assert (
        f"object      {key}; whether it is there was not looked at\nserved\n"
        in capsys.readouterr().out
    )
    assert main([*asked, "--bucket", cloud.bucket]) == 1
    assert capsys.readouterr().out.endswith("404 because the object is missing\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [DOC],
        [DOC, "--pb-data", str(DEMO), "--table", "t"],
        [DOC, "--pb-data", str(DEMO), "--as", ADA, "--token", "secret-token"],
        [DOC, "--pb-data", str(DEMO), "--as", "users/nobody"],
        [DOC, "--pb-data", str(DEMO), "--as", "documents/doc000000000001"],
        [DOC, "--pb-data", str(DEMO), "--query", "secret-token"],
        [DOC, "--pb-data", str(DEMO), "--method", "POST"],
        [DOC, "--pb-data", str(DEMO), "--address", "999"],
        [f"https://[{DOC}?token=secret-token", "--pb-data", str(DEMO)],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", *arguments])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "secret-token" not in err


def test_an_equality_reads_only_the_records_that_fit_from_the_table(
    protecting: Shaped, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        protecting.put("docs", f"more{number}")
    protecting.execute("UPDATE docs SET title = 'wanted' WHERE id = 'more7'")
    for rule, work, code in (
        ("@collection.docs:a.title ?= 'wanted'", 1, 0),
        ("@collection.docs:a.title ?= 'absent'", 0, 1),
        ("@collection.docs:a.title != 'wanted'", 3, 1),
        ("@collection.docs:a.title != 'absent'", 1, 0),
    ):
        protecting.execute("UPDATE _collections SET viewRule = ? WHERE name = 'docs'", rule)
        import_directory(protecting.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
        capsys.readouterr()
        assert main(["explain", SECRET, "--table", cloud.table]) == code, rule
        out = capsys.readouterr().out
        assert f"work        {work} of 1000 records" in out, rule
