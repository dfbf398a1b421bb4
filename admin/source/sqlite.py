"""Opens PocketBase's ``data.db`` for reading without ever writing into its directory.

A plain SQLite reader would write there: the first one to open a database in WAL mode creates the
files ``-wal`` and ``-shm``. How the database is opened depends on the files beside it:

``shared``     It is open elsewhere (``-wal`` and ``-shm`` exist) or has a rollback journal.
               It is opened read-only, under SQLite's own locks.
``immutable``  It is in WAL mode and nobody has it open (there is no ``-wal``). It is read
               without locks; a check afterwards shows whether anybody opened it meanwhile.
``copy``       There is a ``-wal`` without ``-shm``, a journal left by a crash, or a folder in
               which SQLite cannot lock. It is copied to a temporary folder, recovered there, and
               unlinked while it is open (``copies``).

A shared reader changes nothing but its lock, in the ``-shm`` that exists already.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import SourceBusy, SourceError
from .copies import copied

BUSY_SECONDS = 5.0
"""How long a reader waits for the lock of a writer, where the database has no WAL."""

_ATTEMPTS = 3
_BESIDE = ("", "-wal", "-journal")
_WAL_VERSION = 2  # file format read version in byte 19 of the header: SQLite file format §1.3.3

Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""Inode, size and modification time of the database and of the files beside it."""


def signature(database: Path) -> Signature:
    """Return a value that changes whenever the database is written to."""
    return tuple(_stat(_beside(database, suffix)) for suffix in _BESIDE)


@contextmanager
def snapshot(database: Path, busy_seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
    """Open a connection whose queries all see the same state. Texts are returned as bytes.

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
    """Decode a column's text or blob; values of other storage classes are returned as they are."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def explain(database: Path, error: sqlite3.Error) -> SourceError:
    """Turn an error of SQLite into a message that says what to do."""
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
    """Open a connection for ``data_version``, or return ``None`` where that is impossible without
    writing.
    """
    if _way(database) != "shared":
        return None
    connection = None
    try:
        connection = _connect(database, "mode=ro", 0)
        data_version(connection)
    except sqlite3.Error:
        if connection is not None:
            connection.close()
        return None
    return connection


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes when another connection commits."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _way(database: Path) -> str:
    """How the database is opened. Raises ``SourceError`` if it cannot be read."""
    try:
        with database.open("rb") as file:
            wal_mode = file.read(20)[19:20] == bytes([_WAL_VERSION])
    except OSError as error:
        raise SourceError(f"{database} cannot be read: {error.strerror}") from error
    if not wal_mode or _beside(database, "-shm").exists():
        return "shared"
    return "copy" if _size(_beside(database, "-wal")) else "immutable"


@contextmanager
def _opened(database: Path, way: str, busy_seconds: float) -> Iterator[sqlite3.Connection]:
    if way == "copy":
        with _copied(database) as copy, closing(_connect(copy, "mode=rw", 0)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # recovers it
            for suffix in (*_BESIDE, "-shm"):
                _beside(copy, suffix).unlink(missing_ok=True)  # open, and gone with the process
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
    """Whether the database can be read as it is; not after a crash that only a writer can recover
    from.
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
    files = [_beside(database, suffix) for suffix in _BESIDE]
    for _ in range(_ATTEMPTS):
        before = signature(database)
        with copied(files, partial(_is_still, database, before)) as folder:
            if folder:
                yield folder / database.name
                return
    raise SourceBusy(f"{database} kept changing while it was copied; run it again")


def _is_still(database: Path, before: Signature) -> bool:
    return signature(database) == before


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
