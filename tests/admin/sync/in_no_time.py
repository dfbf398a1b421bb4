"""Syncs in a time of their own, in which waiting takes none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from admin.sync.apply import Target
from admin.sync.data_directory import Source
from admin.sync.mirror import Mirror
from admin.sync.round import Sync
from admin.target.bucket import Bucket
from admin.target.table import TargetTable
from admin.target.writer import Writer
from tests.admin.shaped import Shaped
from tests.admin.snapshots.world import Inline
from tests.conftest import Cloud


class Clock:
    """A clock that a test moves; sleeping moves it too."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def writer_of(cloud: Cloud, clock: Clock, name: str = "elsewhere 1@1") -> Writer:
    return Writer(TargetTable(cloud.dynamodb, cloud.table), clock, name)


@contextmanager
def syncing(cloud: Cloud, shaped: Shaped, clock: Clock, **more: Any) -> Iterator[Sync]:
    """A sync that has read its target."""
    with Mirror() as mirror:
        writer = writer_of(cloud, clock, **more)
        target = Target(writer, Bucket(cloud.s3, cloud.bucket), Inline(), clock)
        source = Source(shaped.directory)
        sync = Sync(source, target, mirror, removing=True, sleep=clock.sleep)
        sync.read_target()
        yield sync
        writer.release()
