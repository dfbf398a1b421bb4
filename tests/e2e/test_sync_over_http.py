"""What PocketBase writes is served a moment later: a watching sync beside the running service."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, ROOT, Runner, start, stop
from tests.e2e.test_runner import ask

PHOTOS = "pbc_1063624087"


@pytest.fixture
def kept_in_step(tmp_path: Path) -> Iterator[tuple[Runner, Path]]:
    """A service over a copy of the demo data, and that copy, watched."""
    directory = tmp_path / "pb_data"
    shutil.copytree(ROOT / "local" / "demo" / "pb_data", directory)
    runner = start(tmp_path / "log", "--data", str(directory))
    bucket = Bucket.of(runner.aws)
    command = [sys.executable, "-u", "-m", "admin", "sync", "--watch", "--pb-data", str(directory)]
    command += ["--bucket", bucket.bucket, "--table", bucket.table]
    credentials = {
        "AWS_ACCESS_KEY_ID": runner.aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": runner.aws.secret_access_key,
        "AWS_DEFAULT_REGION": runner.aws.region,
    }
    environment = {**os.environ, **credentials, "AWS_ENDPOINT_URL": runner.aws.endpoint}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as sync:
        assert sync.stdout
        sync.stdout.readline()  # the first round is through
        yield runner, directory
        sync.terminate()
    stop(runner)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[tuple[Runner, Path]]:
    """A service that itself follows a copy of the demo data."""
    directory = tmp_path / "pb_data"
    shutil.copytree(ROOT / "local" / "demo" / "pb_data", directory)
    runner = start(tmp_path / "log", "--data", str(directory), "--watch")
    yield runner, directory
    stop(runner)


@pytest.mark.parametrize("how", ["kept_in_step", "watching"])
def test_a_new_record_is_served_a_moment_later(how: str, request: pytest.FixtureRequest) -> None:
    runner, directory = request.getfixturevalue(how)
    path = "/api/files/photos/photo0000000009/new_0123456789.txt"
    assert ask(runner, "GET", path)[0] == 404
    folder = directory / "storage" / PHOTOS / "photo0000000009"
    folder.mkdir()
    (folder / "new_0123456789.txt").write_text("new")
    with sqlite3.connect(directory / "data.db") as database:
        database.execute(
            "INSERT INTO photos (id, image) VALUES ('photo0000000009', 'new_0123456789.txt')"
        )
    database.close()
    committed = time.monotonic()
    while ask(runner, "GET", path)[0] != 200:
        assert time.monotonic() - committed < PATIENCE
        time.sleep(0.05)
    print(f"served {time.monotonic() - committed:.2f} s after the commit")


def test_a_view_rule_that_breaks_is_named_once_and_missing_files_are_not_named_twice(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "pb_data"
    shutil.copytree(ROOT / "local" / "demo" / "pb_data", directory)
    shutil.rmtree(directory / "storage")
    log = tmp_path / "log"
    runner = start(log, "--data", str(directory), "--watch")
    try:
        with sqlite3.connect(directory / "data.db") as database:
            database.execute(
                "UPDATE _collections SET viewRule = 'nosuch = 1' WHERE name = 'documents'"
            )
        database.close()
        began = time.monotonic()
        while "synced: " not in log.read_text():
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.05)
    finally:
        stop(runner)
    warnings = [line for line in log.read_text().splitlines() if line.startswith("warning: ")]
    missing, broken = warnings
    assert "files are missing in storage/" in missing
    assert broken.startswith("warning: documents: the view rule cannot be evaluated and denies: ")
