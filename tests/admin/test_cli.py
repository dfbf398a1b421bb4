"""The command line as an operator meets it."""

import json
import re
from pathlib import Path

import pytest

from admin.cli import main
from admin.commands import output
from admin.commands.arguments import PROGRAM
from tests.admin.conftest import items, keys, state
from tests.admin.shaped import Shaped
from tests.admin.source.test_pocketbase import KEY, _sealed
from tests.conftest import Cloud


def arguments_of(command: str, directory: Path, cloud: Cloud, *more: str) -> list[str]:
    return [
        command,
        "--pb-data",
        str(directory),
        "--bucket",
        cloud.bucket,
        "--table",
        cloud.table,
        *more,
    ]


def test_an_import_prints_what_it_wrote(
    cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    (shaped.directory / "storage/id_docs/doc0/doc0.txt").unlink()
    assert main(arguments_of("import", shaped.directory, cloud)) == 0
    out, err = capsys.readouterr()
    assert out == (
        "imported: 3 collections, 8 records, 7 files; written 4 definitions, 8 records, 6 files, "
        "5 references; uploaded 30 bytes; 1 warning\n"
    )
    assert err == "warning: file id_docs/doc0/doc0.txt is missing in storage\n"
    assert main(arguments_of("sync", shaped.directory, cloud)) == 0
    assert capsys.readouterr().out.startswith(
        "synced: 3 collections, 8 records, 7 files; nothing to change"
    )


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments_of("import", shaped.directory, cloud)) == 0
    shaped.put("docs", "doc2", scans=["s2.txt"], owner="ann")
    shaped.store("id_docs/doc0/new.txt", b"new")
    shaped.put("docs", "doc0", attachment="new.txt")
    before = state(cloud)
    capsys.readouterr()
    assert main(arguments_of("sync", shaped.directory, cloud, "--dry-run")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "upload id_docs/doc0/new.txt (3 bytes, text/plain)",
        "delete reference id_docs/doc2 relation_owner -> bob",
        "put record id_doc_files/doc0",
        "put record id_docs/doc0",
        "put record id_docs/doc2",
        "put reference id_docs/doc2 relation_owner -> ann",
        "delete file id_docs/doc0/doc0.txt",
        "delete file id_docs/doc2/s1.txt",
        "dry run, nothing is changed: 3 collections, 8 records, 6 files; "
        "written 3 records, 1 file, "
        "1 reference; uploaded 3 bytes; removed 2 files, 1 reference",
    ]
    assert state(cloud) == before


def test_without_files_the_bucket_stays_empty(cloud: Cloud, shaped: Shaped) -> None:
    assert main(arguments_of("sync", shaped.directory, cloud, "--no-files")) == 0
    assert keys(cloud) == set()
    assert items(cloud)


def failing(cloud: Cloud, shaped: Shaped) -> dict[str, tuple[list[str], str]]:
    none = shaped.directory / "none"
    gone = Cloud(cloud.endpoint, cloud.s3, cloud.dynamodb, "no-such-bucket", cloud.table)
    lost = Cloud(cloud.endpoint, cloud.s3, cloud.dynamodb, cloud.bucket, "no-such-table")
    there = shaped.directory
    return {
        "no directory": (arguments_of("import", none, cloud), "is not a directory"),
        "no bucket": (
            arguments_of("import", there, gone),
            "there is no bucket no-such-bucket (table ",
        ),
        "no table": (
            arguments_of("sync", there, lost),
            "there is no table no-such-table (table no-such-table, bucket ",
        ),
        "no key": (
            arguments_of("sync", there, cloud, "--encryption-env", "NO_SUCH"),
            "NO_SUCH is not set",
        ),
        "no collection": (
            ["token", "nope", "x", "--table", cloud.table],
            "there is no collection nope",
        ),
    }


@pytest.mark.parametrize(
    "case", ["no directory", "no bucket", "no table", "no key", "no collection"]
)
def test_a_failure_is_one_line_and_exit_code_1(
    case: str, cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    command, reason = failing(cloud, shaped)[case]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert reason in err
    assert items(cloud) == {}


def test_encrypted_settings_are_read_with_the_key_in_the_named_variable(
    cloud: Cloud, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    shaped.execute("UPDATE _params SET value = ?", _sealed({"superuserIPs": ["192.0.2.9"]}))
    monkeypatch.setenv("PB_KEY", KEY)
    assert main(arguments_of("import", shaped.directory, cloud, "--encryption-env", "PB_KEY")) == 0
    assert json.loads(items(cloud)["#catalogue", "settings"]["data"]["S"])["superuserIPs"] == [
        "192.0.2.9"
    ]


COMMANDS = [
    ["import"],
    ["sync"],
    ["collections", "apply"],
    ["ls"],
    ["show"],
    ["purge"],
    ["put"],
    ["rm"],
    ["token"],
    ["thumbs"],
    ["explain"],
    ["check-rules"],
    ["compare"],
    ["console"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"example:\n  {PROGRAM} {' '.join(command)} " in out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = re.findall(r"^    ([a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert listed == [command[0] for command in COMMANDS]


def test_no_command_at_all_is_answered_with_the_list_of_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "check-rules" in capsys.readouterr().err


def test_watch_and_dry_run_together_are_a_wrong_command_line(cloud: Cloud, shaped: Shaped) -> None:
    with pytest.raises(SystemExit):
        main(arguments_of("sync", shaped.directory, cloud, "--watch", "--dry-run"))


def test_only_the_first_fifty_warnings_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    output.warn([str(number) for number in range(60)])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "warning: 0"
    assert lines[50:] == ["warning: and 10 more"]


HOSTILE = "a\x1b[2J\n07:00:00 synced\u202e.txt"


def test_names_of_files_are_printed_escaped(
    cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    shaped.put("docs", "doc0", attachment=HOSTILE)
    assert main(arguments_of("import", shaped.directory, cloud)) == 0
    out, err = capsys.readouterr()
    escaped = r"a\x1b[2J\n07:00:00 synced\u202e.txt"
    assert f"warning: file id_docs/doc0/{escaped} is missing in storage\n" in err
    shaped.store(f"id_docs/doc0/{HOSTILE}", b"here")
    assert main(arguments_of("import", shaped.directory, cloud, "--dry-run")) == 0
    out, err = capsys.readouterr()
    assert f"upload id_docs/doc0/{escaped} (4 bytes, text/plain)\n" in out
    assert main(["rm", HOSTILE, "x", "--bucket", cloud.bucket, "--table", cloud.table]) == 1
    printed = out + err + capsys.readouterr().err
    assert not {"\x1b", "\u202e"} & set(printed)


def test_a_temporary_folder_that_cannot_be_written_is_an_error_in_words(
    cloud: Cloud,
    shaped: Shaped,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert main(arguments_of("import", shaped.directory, cloud)) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: the temporary folder {tmp_path}/absent/")
    assert error.endswith(" cannot be written (No such file or directory): set TMPDIR to another\n")
