"""Copies of a database for SQLite to recover, of which a killed process leaves as little as can be.

The bytes are copied into files that have no name (``O_TMPFILE``) and vanish with the process. They
get names only for the moment in which SQLite opens and recovers them. A process that is killed in
that moment, or where the system has no files without names, leaves a folder, which the next command
removes: the lock on a folder ends with the process that made it.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PREFIX = "pocketfiles-"
"""Begins the names of folders with copies, in the temporary folder."""

GRACE_SECONDS = 5.0
"""For so long a folder without a lock is left alone: it may just have been made."""

_OWNER_ONLY = 0o600


@contextmanager
def copied(sources: Iterable[Path], is_settled: Callable[[], bool]) -> Iterator[Path | None]:
    """A folder with copies of those of the files that exist, each under its own name.

    ``None`` if ``is_settled`` says, once all are copied, that they do not belong together. The
    folder and what is left in it are removed at the end.
    """
    with ExitStack() as open_files:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        open_files.callback(shutil.rmtree, folder, ignore_errors=True)
        lock = open_files.enter_context(_locked(folder))
        copies = [
            (source, open_files.enter_context(_Copy(folder, source)))
            for source in sources
            if source.exists()
        ]
        if not is_settled():
            yield None
            return
        for source, copy in copies:
            copy.name(source.name, lock)
        yield folder


class _Copy:
    """The bytes of a file, without a name where that is possible."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._path: Path | None = None
        try:
            self._file = os.open(folder, os.O_TMPFILE | os.O_RDWR, _OWNER_ONLY)
        except (AttributeError, OSError):  # not on this system, or not on this file system
            self._file, path = tempfile.mkstemp(dir=folder)
            self._path = Path(path)
        with open(self._file, "wb", closefd=False) as target, source.open("rb") as bytes_of_source:
            shutil.copyfileobj(bytes_of_source, target)

    def __enter__(self) -> "_Copy":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def name(self, name: str, folder: int) -> None:
        """Give the copy a name in the open folder."""
        if self._path is None:
            # linkat(2) follows this link to the file, as open(2) shows under O_TMPFILE.
            os.link(f"/proc/self/fd/{self._file}", name, dst_dir_fd=folder)
        else:
            self._path.rename(self._path.with_name(name))


def remove_leftovers() -> None:
    """Remove the folders that killed processes of this user left in the temporary folder, unless
    they were made this moment."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            is_ours = found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode)
            if is_ours and time.time() - found.st_mtime > GRACE_SECONDS:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Open a folder and hold its lock. Raises ``OSError`` if another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)
