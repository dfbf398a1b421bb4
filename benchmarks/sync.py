"""How long the first import, a run without changes and a followed change take, and how much memory.

    python -m benchmarks.sync [--records 100000] [--files 1000]

Runs against moto's server in a process of its own. For every page of a scan, moto sorts the whole
table, which AWS does not. The processor time of this process therefore says more than the clock.
"""

import argparse
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "local" / "demo" / "pb_data"
sys.path.insert(0, str(ROOT / "functions"))

from admin.sync.data_directory import Source  # noqa: E402 - after the path is set
from admin.sync.prepare import prepared  # noqa: E402 - after the path is set
from admin.sync.round import Sync  # noqa: E402 - after the path is set
from admin.sync.summary import Summary  # noqa: E402 - after the path is set


def generate(directory: Path, records: int, files: int) -> None:
    """The demo's database with many documents; the first of them have a file of 1 KB."""
    directory.mkdir(parents=True)
    shutil.copy(DEMO / "data.db", directory)
    storage = directory / "storage" / "pbc_3332084752"
    with closing(sqlite3.connect(directory / "data.db")) as db, db:
        for name in ("documents", "photos", "open_papers", "locked_papers"):
            db.execute(f"DELETE FROM {name}")  # noqa: S608
        db.execute("UPDATE users SET avatar = ''")
        db.execute("DELETE FROM _collections WHERE type = 'view'")
        users = [row[0] for row in db.execute("SELECT id FROM users")]
        for number in range(records):
            record_id = f"d{number:014d}"
            name = f"file_{number}.txt" if number < files else ""
            db.execute(
                "INSERT INTO documents (id, title, note, owner, attachment, pages)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (record_id, f"Title {number}", "note " * 20, users[number % 5], name, number),
            )
            if name:
                folder = storage / record_id
                folder.mkdir(parents=True)
                (folder / name).write_bytes(b"%1024d" % number)


@contextmanager
def moto() -> Iterator[str]:
    """A moto server in a process of its own."""
    command = [sys.executable, "-c", "from moto.server import main; main(['-p', '0'])"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr  # noqa: S101
        try:
            for line in process.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)  # noqa: S607
                    yield found[0]
                    break
        finally:
            process.kill()


def clients(endpoint: str) -> Any:
    """Clients as the command line makes them, for that endpoint."""
    options: dict[str, Any] = {
        "endpoint_url": endpoint,
        "region_name": "eu-west-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": Config(max_pool_connections=32, parameter_validation=False, read_timeout=600),
    }
    return boto3.client("s3", **options), boto3.client("dynamodb", **options)


def measured(what: str, work: Callable[[], Summary]) -> None:
    """Print how long it took and the peak memory so far."""
    begin, busy = time.perf_counter(), time.process_time()
    summary = work()
    wall, cpu = time.perf_counter() - begin, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what:<22}{wall:8.2f} s{cpu:8.2f} s of CPU{peak:8.0f} MB at most   {summary}", flush=True
    )


def whole(sync: Sync) -> Summary:
    """A first round, as a new process runs it."""
    sync.read_target()
    return sync.round()


def main() -> None:
    """Generate, import, run again, change one record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=1_000)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, moto() as endpoint:
        directory = Path(folder) / "pb_data"
        generate(directory, parsed.records, parsed.files)
        s3, dynamodb = clients(endpoint)
        s3.create_bucket(
            Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        keys = ("pk", "HASH"), ("sk", "RANGE")
        dynamodb.create_table(
            TableName="bench",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name, _ in keys
            ],
        )
        measure(directory, lambda: (s3, dynamodb))


def measure(directory: Path, aws: Callable[[], Any]) -> None:
    """The four runs."""
    names = ("bench", "bench")
    with prepared(Source(directory), aws, names, removing=False) as sync:
        measured("first import", lambda: whole(sync))
    with prepared(Source(directory), aws, names, removing=True) as sync:
        measured("no change", lambda: whole(sync))
        measured("no change, watching", sync.round)
        with closing(sqlite3.connect(directory / "data.db")) as db, db:
            db.execute("UPDATE documents SET title = 'changed' WHERE id = 'd00000000000007'")
        measured("one change, watching", sync.round)


if __name__ == "__main__":
    main()
