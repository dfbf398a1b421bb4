"""Follows a PocketBase that runs: what it writes is served a moment later."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from admin.sync import watch
from admin.sync.data_directory import Source
from admin.sync.prepare import prepared
from admin.sync.round import Sync
from admin.sync.summary import Summary
from admin.target.edge import NO_EDGE, Edge
from admin.wording import printable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


class Report:
    """Says what came of each change. ``warned``: warnings that were said before."""

    def __init__(self, say: Callable[[str], None], warned: Iterable[str]) -> None:
        self._say = say
        self._warned = set(warned)

    def round(self, sync: Sync) -> None:
        """Bring table and bucket up to date."""
        summary = sync.round(self._warnings)
        if summary.changed:
            self._say(f"synced: {summary}")

    def failed(self, error: Exception, wait_seconds: float) -> None:
        """Say that a round is tried again."""
        self._say(f"sync failed: {error}; trying again in {wait_seconds:.0f} s")

    def refused(self, error: Exception) -> None:
        """Say why a round was refused; the runner's syncs have no limit on deletions."""
        self._say(f"sync refused: {error}")

    def stopped(self) -> None:
        """Say nothing: the runner ends."""

    @contextmanager
    def _warnings(self, summary: Summary, total: int) -> Iterator[Callable[[object], None]]:
        for warning in summary.warnings:
            if warning not in self._warned:
                self._say(printable(f"warning: {warning}"))
        self._warned = set(summary.warnings)
        yield lambda action: None


@contextmanager
def following(
    data: Path,
    clients: "tuple[S3Client, DynamoDBClient]",
    names: tuple[str, str],
    say: Callable[[str], None],
    warned: Iterable[str],
    edge: Edge = NO_EDGE,
) -> Iterator[None]:
    """Keep bucket and table (``names``) equal to the data directory until the block ends, and the
    ``edge`` in step. ``warned``: warnings that were said before."""
    stop = threading.Event()

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise KeyboardInterrupt

    def follow() -> None:
        with prepared(
            Source(data),
            lambda: clients,
            names,
            removing=True,
            allow_mass_deletion=True,
            edge=edge,
        ) as sync:
            watch.follow(sync, Report(say, warned), sleep)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
