"""Following a database."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from admin.errors import SourceError
from admin.sync import watch
from admin.sync.data_directory import Source
from admin.sync.prepare import prepared
from admin.sync.round import Sync
from admin.sync.watch import ChangeDetector
from tests.admin.conftest import items, keys, run
from tests.admin.shaped import Shaped, identify
from tests.conftest import ROOT, Cloud


class RecordingReport:
    """A report that counts, and can make rounds fail."""

    def __init__(self) -> None:
        self.rounds = 0
        self.failures: list[tuple[Exception, float]] = []
        self.to_raise: list[Exception] = []
        self.refusals: list[Exception] = []
        self.ended = False

    def round(self, sync: Sync) -> None:
        if self.to_raise:
            raise self.to_raise.pop(0)
        sync.round()
        self.rounds += 1

    def failed(self, error: Exception, wait_seconds: float) -> None:
        self.failures.append((error, wait_seconds))

    def refused(self, error: Exception) -> None:
        self.refusals.append(error)

    def stopped(self) -> None:
        self.ended = True


@contextmanager
def watching(cloud: Cloud, directory: Path, report: RecordingReport) -> Iterator[None]:
    stop = threading.Event()

    def sleep(seconds: float) -> None:
        if stop.wait(min(seconds, 0.05)):
            raise KeyboardInterrupt

    def follow() -> None:
        names = (cloud.bucket, cloud.table)
        with prepared(
            Source(directory), lambda: (cloud.s3, cloud.dynamodb), names, removing=True
        ) as sync:
            watch.follow(sync, report, sleep)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        until(lambda: report.rounds > 0)
        yield
    finally:
        stop.set()
        thread.join()
    assert report.ended


def until(true: Callable[[], Any], seconds: float = 120) -> float:
    """How long it took, in seconds."""
    begin = time.monotonic()
    while not true():
        assert time.monotonic() - begin < seconds
        time.sleep(0.01)
    return time.monotonic() - begin


@pytest.mark.parametrize("wal", [False, True])
def test_a_new_record_appears_in_the_table_and_a_deleted_one_leaves_it(
    wal: bool, cloud: Cloud, tmp_path: Path
) -> None:
    shaped = Shaped(tmp_path / "pb_data", wal=wal)
    shaped.fill()
    with (
        closing(shaped.connect()) as pocketbase,
        watching(cloud, shaped.directory, RecordingReport()),
    ):
        pocketbase.execute("SELECT count(*) FROM docs").fetchone()
        shaped.store("id_docs/new/new.txt", b"new")
        pocketbase.execute("INSERT INTO docs (id, attachment) VALUES ('new', 'new.txt')")
        until(lambda: ("id_docs", "new") in items(cloud))
        assert "id_docs/new/new.txt" in keys(cloud)
        pocketbase.execute("DELETE FROM docs WHERE id = 'new'")
        until(lambda: "id_docs/new/new.txt" not in keys(cloud))
        assert ("id_docs", "new") not in items(cloud)


def test_nothing_is_read_while_nothing_changes(cloud: Cloud, shaped: Shaped) -> None:
    report = RecordingReport()
    with watching(cloud, shaped.directory, report):
        time.sleep(0.5)
        assert report.rounds == 1
        shaped.put("docs", "doc0", title="changed")
        until(lambda: report.rounds == 2)


def test_lost_connections_and_unreadable_moments_are_waited_out(
    cloud: Cloud, shaped: Shaped
) -> None:
    report = RecordingReport()
    with watching(cloud, shaped.directory, report):
        lost = EndpointConnectionError(endpoint_url="http://gone")
        report.to_raise = [lost, SourceError("half a copy"), OSError("disk")]
        shaped.put("docs", "doc0", title="changed")
        until(lambda: report.rounds == 2)
    assert [wait for _, wait in report.failures] == [1.0, 2.0, 4.0]
    assert "changed" in items(cloud)["id_docs", "doc0"]["record"]["S"]


def test_a_refused_round_deletes_nothing_and_waits_for_the_next_change(
    cloud: Cloud, shaped: Shaped
) -> None:
    for number in range(12):
        shaped.put("docs", f"more{number}")
    report = RecordingReport()
    with watching(cloud, shaped.directory, report):
        before = items(cloud)
        shaped.execute("DELETE FROM docs")
        until(lambda: report.refusals)
        time.sleep(0.3)
        assert (report.rounds, report.failures) == (1, [])
        assert items(cloud) == before
        for number in range(12):
            shaped.put("docs", f"more{number}")
        until(lambda: report.rounds == 2)
    assert ("id_docs", "doc0") not in items(cloud)
    assert ("id_docs", "more0") in items(cloud)


def test_a_file_that_comes_late_is_uploaded(
    cloud: Cloud, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MISSING_SECONDS", 0.1)
    path = shaped.directory / "storage/id_docs/doc0/doc0.txt"
    body = path.read_bytes()
    path.unlink()
    with watching(cloud, shaped.directory, RecordingReport()):
        assert "id_docs/doc0/doc0.txt" not in keys(cloud)
        path.write_bytes(body)
        until(lambda: "id_docs/doc0/doc0.txt" in keys(cloud))


@pytest.mark.parametrize("wal", [False, True])
def test_an_ear_hears_each_change_once(wal: bool, tmp_path: Path) -> None:
    shaped = Shaped(tmp_path, wal=wal)
    with (
        closing(ChangeDetector(shaped.database)) as detector,
        closing(shaped.connect()) as pocketbase,
    ):
        pocketbase.execute("SELECT * FROM docs").fetchall()
        assert detector.changed()
        detector.changed()  # a follower may have joined
        assert not detector.changed()
        for number in range(5):
            pocketbase.execute("INSERT INTO docs (id) VALUES (?)", (f"n{number}",))
            assert detector.changed()
            assert not detector.changed()


def test_an_ear_hears_of_a_restored_backup(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path / "now")
    backup = Shaped(tmp_path / "backup")
    with closing(ChangeDetector(shaped.database)) as detector:
        detector.changed()
        shaped.database.unlink()
        assert detector.changed()
        backup.database.rename(shaped.database)
        assert detector.changed()
        shaped.put("docs", "new", title="after")
        assert detector.changed()


@contextmanager
def process(
    cloud: Cloud, directory: Path
) -> "Iterator[tuple[subprocess.Popen[str], Iterator[str]]]":
    """A watching process, and the lines it prints."""
    command = [sys.executable, "-u", "-m", "admin", "sync", "--watch", "--pb-data", str(directory)]
    command += ["--bucket", cloud.bucket, "--table", cloud.table]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        assert started.stdout
        try:
            yield started, iter(started.stdout.readline, "")
        finally:
            started.kill()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_watching_process_stops_cleanly(
    end: signal.Signals, cloud: Cloud, shaped: Shaped
) -> None:
    with process(cloud, shaped.directory) as (started, lines):
        assert "synced: 3 collections, 8 records, 7 files; written" in next(lines)
        assert "watching" in next(lines)
        shaped.put("docs", "doc0", title="changed")
        assert "written 2 records" in next(lines)
        os.kill(started.pid, end)
        assert next(lines).endswith("stopped\n")
        assert list(lines) == []
        assert started.wait() == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_watch_takes_over_before_the_lease_ends(
    end: signal.Signals, cloud: Cloud, shaped: Shaped
) -> None:
    with process(cloud, shaped.directory) as (first, lines):
        assert "synced" in next(lines)
        os.kill(first.pid, end)
        first.wait()
    shaped.put("docs", "doc0", title="meanwhile")
    with process(cloud, shaped.directory) as (_, lines):
        assert "written 2 records" in next(lines)  # its first words: it did not have to wait


def test_a_watch_that_starts_before_the_other_stops_takes_over_from_it(
    cloud: Cloud, shaped: Shaped
) -> None:
    with process(cloud, shaped.directory) as (first, first_lines):
        assert "synced" in next(first_lines)
        with process(cloud, shaped.directory) as (_, second_lines):
            assert f"process {first.pid} on " in next(second_lines)
            os.kill(first.pid, signal.SIGTERM)
            assert first.wait() == 0
            assert any("synced" in line for line in second_lines)


def test_a_process_that_watches_a_wrong_directory_says_so_and_waits(
    cloud: Cloud, shaped: Shaped, tmp_path: Path
) -> None:
    identify(shaped, 1)
    run(cloud, shaped.directory)
    before = items(cloud)
    wrong = Shaped(tmp_path / "wrong")
    identify(wrong, 2)
    with process(cloud, wrong.directory) as (started, lines):
        line = next(lines)
        assert " is not the data directory that this table was filled from, and nothing" in line
        assert line.endswith("; waiting for the next change\n")
        os.kill(started.pid, signal.SIGTERM)
        assert next(lines).endswith("stopped\n")
        assert started.wait() == 0
    assert items(cloud) == before
