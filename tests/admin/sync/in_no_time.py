"""Syncs in a time of their own, in which waiting takes none."""

import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from admin.sync.data_directory import Source
from admin.sync.destination import WORKERS, Target
from admin.sync.mirror import Mirror
from admin.sync.round import Sync
from admin.target.bucket import Bucket
from admin.target.table import TargetTable
from admin.target.writer import Writer
from pocketfiles import aws
from tests.admin.snapshots.world import Inline
from tests.clock import Clock
from tests.conftest import Cloud

INLINE = Inline()


def writer_of(cloud: Cloud, clock: Clock, name: str = "elsewhere 1@1") -> Writer:
    return Writer(TargetTable(cloud.dynamodb, cloud.table), clock, name)


@contextmanager
def syncing(
    cloud: Cloud,
    directory: Path,
    clock: Clock,
    pool: Executor = INLINE,
    *,
    files: bool = True,
    **more: Any,
) -> Iterator[Sync]:
    """A sync that has read its target."""
    with Mirror() as mirror:
        writer = writer_of(cloud, clock, **more)
        target = Target(writer, Bucket(cloud.s3, cloud.bucket), pool, clock)
        source = Source(directory, files=files)
        sync = Sync(source, target, mirror, removing=True, sleep=clock.sleep)
        sync.read_target()
        yield sync
        writer.release()


def command(cloud: Cloud, directory: Path, clock: Clock) -> list[str]:
    """The command of a process that syncs once, from the clock's time on."""
    given = (cloud.endpoint, cloud.bucket, cloud.table, directory, clock.now)
    return [sys.executable, "-m", __name__, *map(str, given)]


def main() -> None:
    """Sync once, with as many threads as ``admin sync`` has."""
    endpoint, bucket, table, directory, now = sys.argv[1:]
    cloud = Cloud(endpoint, aws.client("s3"), aws.client("dynamodb"), bucket, table)
    with (
        ThreadPoolExecutor(WORKERS) as pool,
        syncing(cloud, Path(directory), Clock(float(now)), pool) as sync,
    ):
        sync.round()


if __name__ == "__main__":
    main()
