"""What killed processes leave of the databases that they copy."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from admin.cli import main
from admin.source import sqlite
from admin.source.copies import GRACE_SECONDS, PREFIX, remove_leftovers
from tests.admin.shaped import Shaped
from tests.conftest import ROOT

SECRET = "a-title-that-nobody-may-find"
READS = """
import sys
from pathlib import Path
from admin.source import pocketbase
with pocketbase.opened(Path(sys.argv[1])):
    pass
"""
COPIES = """
import sys
from pathlib import Path
from admin.source.copies import copied
with copied([Path(sys.argv[1]) / "data.db"], lambda: True) as folder:
    print("copied", flush=True)
    sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has and shows files without a name"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty temporary folder, of this process and of its children."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory that was copied while PocketBase had it open, so it must be recovered."""
    live = Shaped(tmp_path / "live", wal=True)
    copy = tmp_path / "pb_data"
    copy.mkdir()
    with closing(live.connect()) as held:
        held.execute("SELECT count(*) FROM docs").fetchone()
        live.fill()
        live.put("docs", "doc0", title=SECRET)
        for name in ("data.db", "data.db-wal"):
            shutil.copy(live.directory / name, copy)
    return copy


@contextmanager
def child(program: str, directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is killed outright at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(directory)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def unnamed(pid: int, folder: Path) -> bytes:
    """The bytes of all files without a name that a process has open in a folder."""
    found = b""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            target = str(each.readlink())
            if target.startswith(str(folder)) and target.endswith("(deleted)"):
                found += each.read_bytes()
    return found


def grow_old(folder: Path) -> None:
    """Have been made longer ago than folders without a lock are left alone."""
    old = time.time() - GRACE_SECONDS - 1
    os.utime(folder, (old, old))


def test_a_process_killed_while_it_copies_leaves_no_bytes_of_the_database(
    directory: Path, temporary: Path
) -> None:
    os.mkfifo(directory / "data.db-journal")  # the last file to be copied; reading it never ends
    with child(READS, directory) as process:
        while SECRET.encode() not in unnamed(process.pid, temporary):
            assert process.poll() is None
            time.sleep(0.01)
        (folder,) = temporary.iterdir()
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_a_living_ones_is_not(
    directory: Path, temporary: Path
) -> None:
    with child(COPIES, directory) as process:
        assert process.stdout
        assert process.stdout.readline() == b"copied\n"
        (folder,) = temporary.iterdir()
        assert [each.name for each in folder.iterdir()] == ["data.db"]
        grow_old(folder)
        remove_leftovers()
        assert folder.exists()
    remove_leftovers()
    assert not folder.exists()


def test_any_command_removes_what_a_killed_process_left(directory: Path, temporary: Path) -> None:
    with child(COPIES, directory) as process:
        assert process.stdout
        assert process.stdout.readline() == b"copied\n"
    (folder,) = temporary.iterdir()
    grow_old(folder)
    assert main(["collections", "sample"]) == 0
    assert list(temporary.iterdir()) == []


def test_a_folder_that_was_just_made_is_left_alone_and_so_are_other_files(temporary: Path) -> None:
    fresh, old = temporary / f"{PREFIX}fresh", temporary / f"{PREFIX}old"
    link, file = temporary / f"{PREFIX}link", temporary / f"{PREFIX}file"
    fresh.mkdir()
    old.mkdir()
    link.symlink_to(temporary)
    file.touch()
    for each in (old, file):
        grow_old(each)
    remove_leftovers()
    assert set(temporary.iterdir()) == {fresh, link, file}


def test_a_database_is_recovered_where_every_file_needs_a_name(
    directory: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    with sqlite.snapshot(directory / "data.db") as connection:
        query = "SELECT title FROM docs WHERE id = 'doc0'"
        assert connection.execute(query).fetchone() == (SECRET.encode(),)
    assert list(temporary.iterdir()) == []
