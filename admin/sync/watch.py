"""Following a database: a round whenever it changed, and nothing read while it did not.

A check costs three ``stat`` calls and, where PocketBase has the database open,
``PRAGMA data_version``, which tells of a commit even when the file times do not.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import AdminError, MassDeletion, SourceError
from ..source import sqlite
from .round import Sync

POLL_SECONDS = 0.2
MISSING_SECONDS = 2.0
"""How often files that storage lacked are looked for again."""

REREAD_SECONDS = 3600.0
"""How often a watch reads table and bucket again."""

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0


class Report(Protocol):
    """What a watch reports to. ``commands.sync.WatchReport`` prints it."""

    def round(self, sync: Sync) -> None:
        """Something changed: run a round and report it. Raises what ``Sync.round`` raises."""

    def failed(self, error: Exception, wait_seconds: float) -> None:
        """AWS or the source failed; it is tried again after a while."""

    def refused(self, error: Exception) -> None:
        """A round would delete too much: that is held back, and the next change is waited for."""

    def stopped(self) -> None:
        """The watch was interrupted."""


def follow(
    sync: Sync,
    report: Report,
    sleep: Callable[[float], None] = time.sleep,
    reread_seconds: float = REREAD_SECONDS,
) -> int:
    """Run rounds until interrupted; returns the exit code.

    ``reread_seconds``: how often table and bucket are read again, so that what anybody else wrote
    is put right.
    """
    sync.is_watching = True
    with closing(ChangeDetector(sync.source.directory / "data.db")) as detector:
        try:
            _persist(sync.read_target, report, sleep)
            read_at = looked_for = time.monotonic()
            while True:
                due = detector.changed()
                if time.monotonic() - looked_for > MISSING_SECONDS:
                    looked_for = time.monotonic()
                    due = sync.missing_found() or due
                _persist(sync.keep_alive, report, sleep)
                if time.monotonic() - read_at > reread_seconds:
                    read_at = time.monotonic()
                    _persist(sync.read_target, report, sleep)
                    due = True
                if due or sync.is_due() or not sync.is_writing:
                    _persist(lambda: report.round(sync), report, sleep)
                sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            report.stopped()
            return 0


def _persist(work: Callable[[], None], report: Report, sleep: Callable[[float], None]) -> None:
    """Do it until it succeeds or is refused, with longer and longer pauses."""
    pause = _FIRST_WAIT
    while True:
        try:
            return work()
        except MassDeletion as error:
            return report.refused(error)
        except (AdminError, BotoCoreError, ClientError, OSError) as error:
            report.failed(error, pause)
        sleep(pause)
        pause = min(2 * pause, _LONGEST_WAIT)


class ChangeDetector:
    """Notices every change to a database; the first call always reports one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: object = None
        self._inodes: object = None
        self._follower: sqlite3.Connection | None = None

    def changed(self) -> bool:
        """Whether the database changed since the last call."""
        signature = sqlite.signature(self._path)
        inodes = [found and found[0] for found in signature]
        # Opened, closed or replaced: an old connection would follow an old file.
        if inodes != self._inodes:
            self.close()
            self._inodes = inodes
            with suppress(OSError, SourceError):
                self._follower = sqlite.follower(self._path)
        known = (signature, self._version())
        changed = known != self._known
        self._known = known
        return changed

    def close(self) -> None:
        """Let the database go."""
        if self._follower:
            self._follower.close()
        self._follower = None

    def _version(self) -> int | None:
        if self._follower is None:
            return None
        try:
            return sqlite.data_version(self._follower)
        except sqlite3.Error:
            self._inodes = None  # open it anew next time
            return None
