"""Looking at what a deployment holds: `ls`, `show`, `thumbs` and tokens of a chosen life."""

import base64
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from admin.cli import main
from admin.sync.prepare import import_directory
from tests.admin.standalone.conftest import Terminal
from tests.conftest import DEMO, Cloud, make_cloud
from tests.deployed import deployed
from tests.serving import serving_origin

COVER = "doc000000000000/cover_mo8ey0wytj.png"


@dataclass
class Stack:
    """The demo's data in a cloud, and the functions that serve it."""

    cloud: Cloud
    url: str

    def table(self) -> list[str]:
        return ["--table", self.cloud.table]

    def both(self) -> list[str]:
        return [*self.table(), "--bucket", self.cloud.bucket]


@pytest.fixture(scope="module")
def stack(endpoint: str) -> Iterator[Stack]:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    with deployed(cloud) as api, serving_origin(api.respond) as origin:
        yield Stack(cloud, origin)


def test_ls_lists_collections_records_and_files(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", *stack.table()]) == 0
    out = capsys.readouterr().out
    fields = "files in attachment (protected), scans (protected), cover"
    assert f"documents  pbc_3332084752, base, {fields}\n" in out
    assert "teams  pbc_" in out
    assert main(["ls", "documents", *stack.table()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 14
    assert "doc000000000000  2 files" in lines
    assert main(["ls", "documents", "doc000000000000", *stack.table()]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "file_0_jr7qyn9hd0.txt  attachment, protected",
        "cover_mo8ey0wytj.png  cover",
    ]


def test_ls_reads_a_data_directory_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "documents", "doc000000000000", "--pb-data", str(DEMO)]) == 0
    assert "cover_mo8ey0wytj.png  cover" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["ls", "nope"], "there is no collection nope; there are: "),
        (["ls", "documents", "nope"], "there is no record nope in documents"),
        (["show", "documents", "nope"], "there is no record nope in documents"),
    ],
)
def test_what_is_not_there_is_an_error(
    command: list[str], reason: str, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *stack.table()]) == 1
    assert f"error: {reason}" in capsys.readouterr().err


def test_show_tells_values_and_where_files_are_served(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "documents", "doc000000000000", *stack.table()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "id: doc000000000000" in lines
    assert lines[-2:] == [
        "file: /api/files/documents/doc000000000000/file_0_jr7qyn9hd0.txt (protected: add ?token=)",
        f"file: /api/files/documents/{COVER}",
    ]


def test_show_tells_no_secret(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "users", "userada00000000", *stack.table()]) == 0
    out = capsys.readouterr().out
    assert "tokenKey: (a secret)\n" in out
    assert "$2" not in out


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("7d", 604_800)])
def test_a_token_lives_as_long_as_was_asked_for(
    text: str, seconds: int, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["token", "users", "userada00000000", "--for", text, *stack.table()]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert re.search(r", valid until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", err.strip())
    payload = out.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert abs(claims["exp"] - time.time() - seconds) < 60


@pytest.mark.parametrize("text", ["7", "0d", "d", "-1d", "1.5h"])
def test_a_life_that_cannot_be_read_is_a_wrong_command_line(text: str, stack: Stack) -> None:
    with pytest.raises(SystemExit):
        main(["token", "users", "userada00000000", f"--for={text}", *stack.table()])


def test_an_empty_list_is_said_to_be_empty(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", "_otps", *stack.table()]) == 0
    assert capsys.readouterr() == ("", "_otps has no records\n")


def test_a_collection_that_is_not_there_is_told_with_those_that_are(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (
        ["ls", "nope"],
        ["thumbs", "report", "--collection", "nope", *stack.both()[2:]],
    ):
        assert main([*command, *stack.table()]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: there is no collection nope; there are: _authOrigins, ")


def test_nothing_is_done_without_a_yes(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only = ["--collection", "documents", *stack.both()]
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert main(["thumbs", "warm", "--url", stack.url, *only]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "nothing is changed"


def missing_thumbs(only: Sequence[str], capsys: pytest.CaptureFixture[str]) -> int:
    """How many thumbs of the documents are missing, where none is stored."""
    assert main(["thumbs", "report", *only]) == 0
    report = re.fullmatch(r"documents: 0 stored, (\d+) missing\n", capsys.readouterr().out)
    assert report
    return int(report[1])


def test_thumbs_are_counted_made_and_deleted(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--collection", "documents", *stack.both()]
    missing = missing_thumbs(only, capsys)
    assert missing > 0
    assert main(["thumbs", "warm", *only]) == 1
    assert "name where the files are served: --url" in capsys.readouterr().err
    assert main(["thumbs", "warm", "--url", stack.url, *only]) == 1
    assert (
        f"error: {missing} requests to {stack.url}, about $0.00 on AWS" in capsys.readouterr().err
    )
    assert main(["thumbs", "warm", "--url", stack.url, "--yes", *only]) == 0
    assert f"made {missing} thumbs; 0 could not be made\n" in capsys.readouterr().out
    assert main(["thumbs", "report", *only]) == 0
    assert capsys.readouterr().out == f"documents: {missing} stored, 0 missing\n"
    assert main(["thumbs", "clear", *only]) == 1
    assert f"{missing} thumbs will be deleted. Run it in a terminal" in capsys.readouterr().err
    assert main(["thumbs", "clear", "--yes", *only]) == 0
    assert f"deleted {missing} thumbs\n" in capsys.readouterr().out
    listed = stack.cloud.s3.list_objects_v2(Bucket=stack.cloud.bucket, Prefix="pbc_3332084752/")
    assert not [each for each in listed["Contents"] if "/thumbs_" in each["Key"]]


def test_thumbs_in_other_formats_are_made_ahead_too(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--collection", "documents", *stack.both()]
    missing = missing_thumbs(only, capsys)
    all_missing = 3 * missing
    formats = ["--formats", "avif,webp", *only]
    assert main(["thumbs", "warm", "--url", stack.url, *formats]) == 1
    assert f"error: {all_missing} requests to {stack.url}" in capsys.readouterr().err
    assert main(["thumbs", "warm", "--url", stack.url, "--yes", *formats]) == 0
    assert f"made {all_missing} thumbs; 0 could not be made\n" in capsys.readouterr().out
    assert main(["thumbs", "report", *formats]) == 0
    assert capsys.readouterr().out == f"documents: {all_missing} stored, 0 missing\n"
    listed = stack.cloud.s3.list_objects_v2(Bucket=stack.cloud.bucket, Prefix="pbc_3332084752/")
    stored = [each["Key"] for each in listed["Contents"]]
    for format_name in ("avif", "webp"):
        assert len([key for key in stored if key.endswith(f".{format_name}")]) == missing
    assert main(["thumbs", "clear", "--yes", *only]) == 0


@pytest.mark.parametrize("formats", ["", "jpeg", "avif,", "avif;webp"])
def test_formats_that_thumbs_do_not_have_are_a_wrong_command_line(
    formats: str, stack: Stack
) -> None:
    with pytest.raises(SystemExit):
        main(["thumbs", "warm", f"--formats={formats}", *stack.both()])


def test_a_picture_that_gives_no_thumb_is_named_as_failed(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = stack.cloud
    key = f"pbc_3332084752/{COVER}"
    whole = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"broken", ContentType="image/png")
    only = ["--collection", "documents", *stack.both()]
    assert main(["thumbs", "warm", "--url", stack.url, "--yes", *only]) == 1
    said = capsys.readouterr().out
    assert "; 1 could not be made\n" in said
    assert f"{COVER}: 1 could not be made\n" in said
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=whole, ContentType="image/png")
