"""Opening PocketBase's ``data.db`` for reading without ever writing into its directory.

SQLite itself would write there: the first reader of a database in WAL mode creates ``-wal`` and
``-shm``. So the way in depends on what lies beside the database:

``shared``     it is open elsewhere (WAL and its index are there), or it has a rollback journal: plain
               read-only access under SQLite's own locks
``immutable``  WAL mode, but nobody has it open (no WAL): read without locks, then check that nobody came
``copy``       a WAL without index, a journal left by a crash, or a folder SQLite cannot lock in: the
               database and what belongs to it are copied to a temporary folder and recovered there

The one thing a shared reader touches is its lock in the ``-shm`` that is there already.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import SourceBusy, SourceError

BUSY_SECONDS = 5.0
"""How long a reader waits for a writer that holds the lock of a database without WAL."""

_ATTEMPTS = 3
_BESIDE = ("", "-wal", "-journal")
_WAL_VERSION = 2  # file format read version in byte 19 of the header: SQLite file format §1.3.3

Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""Inode, size and time of change of the database and of the files beside it."""


def signature(database: Path) -> Signature:
    """What changes whenever somebody writes to the database."""
    return tuple(_stat(_beside(database, suffix)) for suffix in _BESIDE)


@contextmanager
def snapshot(database: Path, busy_seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
    """A connection whose every query sees one state and gives texts as bytes.

    Raises ``SourceError``.
    """
    way = _way(database)
    try:
        with _opened(database, way, busy_seconds) as connection:
            before = signature(database)
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
            if way == "immutable" and signature(database) != before:
                raise SourceBusy(
                    f"{database} was opened by another program while it was read; run it again"
                )
    except sqlite3.Error as error:
        raise explain(database, error) from error


def text(value: Any) -> Any:
    """A column as this connection gives it, texts and blobs as Unicode; other storage classes as
    they are.
    """
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def explain(database: Path, error: sqlite3.Error) -> SourceError:
    """SQLite's error as a line that says what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return SourceBusy(
            f"{database} is locked by another program; try again when it has finished writing"
        )
    if name.startswith("SQLITE_NOTADB"):
        return SourceError(f"{database} is not a SQLite database")
    if name.startswith("SQLITE_CORRUPT"):
        return SourceError(f"{database} is damaged or was copied while it was written: {error}")
    return SourceError(f"{database} cannot be read: {error}")


def follower(database: Path) -> sqlite3.Connection | None:
    """A connection to ask ``PRAGMA data_version`` of, where that is possible without writing."""
    if _way(database) != "shared":
        return None
    try:
        connection = _connect(database, "mode=ro", 0)
        data_version(connection)
    except sqlite3.Error:
        return None
    return connection


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection commits."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _way(database: Path) -> str:
    with database.open("rb") as file:
        wal_mode = file.read(20)[19:20] == bytes([_WAL_VERSION])
    if not wal_mode or _beside(database, "-shm").exists():
        return "shared"
    return "copy" if _size(_beside(database, "-wal")) else "immutable"


@contextmanager
def _opened(database: Path, way: str, busy_seconds: float) -> Iterator[sqlite3.Connection]:
    if way == "copy":
        with _copied(database) as copy, closing(_connect(copy, "mode=rw", 0)) as connection:
            yield connection
        return
    connection = _connect(
        database, "mode=ro" if way == "shared" else "mode=ro&immutable=1", busy_seconds
    )
    with closing(connection):
        if way == "shared" and not _lockable(connection):
            with _opened(database, "copy", 0) as copied:
                yield copied
            return
        yield connection


def _lockable(connection: sqlite3.Connection) -> bool:
    """Whether a shared reader gets in; not so where a crash left work that only a writer may clear
    up.
    """
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        name = error.sqlite_errorname or ""
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            return False
        raise
    return True


@contextmanager
def _copied(database: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pocketfiles-") as folder:
        for _ in range(_ATTEMPTS):
            before = signature(database)
            copy = Path(folder) / "data.db"
            for suffix in _BESIDE:
                _copy(_beside(database, suffix), _beside(copy, suffix))
            if signature(database) == before:
                yield copy
                return
        raise SourceBusy(f"{database} kept changing while it was copied; run it again")


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    if source.exists():
        shutil.copyfile(source, target)


def _connect(database: Path, query: str, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{database.resolve().as_uri()}?{query}",
        uri=True,
        isolation_level=None,
        timeout=busy_seconds,
    )
    # Go writes any bytes as text, JSON takes Unicode only; and most rows are compared, never
    # decoded.
    connection.text_factory = bytes
    return connection


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)


def _size(path: Path) -> int:
    found = _stat(path)
    return found[1] if found else 0


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
