"""The mirror's temporary SQLite file: its tables, what stands in their columns, and how they are
read."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pocketfiles import keys

from ..source.storage import LocalFile

_PAGE = 100
NO_DIGEST = b""
"""The digest of an item being written; equal to no other."""

UNCHECKED, PRESENT, MISSING, PENDING = range(4)
"""A desired file: not compared yet, in the bucket, in neither place, to be uploaded."""

NEW_IN_DOUBT = -1
"""The size of an object whose upload may or may not have arrived, where there was none before."""

REPLACED_IN_DOUBT = -2
"""The same where there were other bytes before."""

_SCHEMA = """
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE items (pk, sk, digest, generation, size, held, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE TABLE objects (key PRIMARY KEY, owner, size, etag, modified) WITHOUT ROWID;
CREATE INDEX tombstones ON items (generation) WHERE digest IS NULL;
CREATE INDEX objects_by_owner ON objects (owner);
CREATE TABLE rows (cid, rid, source, digest, auth, PRIMARY KEY (cid, rid)) WITHOUT ROWID;
CREATE TABLE staged (cid, rid, source, digest, auth, PRIMARY KEY (cid, rid)) WITHOUT ROWID;
CREATE TABLE payloads (cid, rid, item, PRIMARY KEY (cid, rid));
CREATE TABLE refs (pk, sk, cid, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE INDEX refs_by_record ON refs (cid, sk);
CREATE TABLE files (key PRIMARY KEY, cid, rid, state, upload) WITHOUT ROWID;
CREATE INDEX files_by_record ON files (cid, rid);
CREATE INDEX files_to_do ON files (state, key) WHERE state <> 1;
"""


def create() -> sqlite3.Connection:
    """The tables, empty, in a file that ends with the connection."""
    # Without a name, SQLite uses a temporary file that it unlinks as soon as it is open:
    # nothing of the data outlives the process, however that ends (sqlite.org/inmemorydb.html).
    with tempfile.TemporaryFile():
        pass  # SQLite would say less clearly that the temporary folder cannot be written
    db = sqlite3.connect("", isolation_level=None)
    db.executescript(_SCHEMA)
    db.create_function("is_record", 1, keys.is_record, deterministic=True)
    db.create_function("collection_of", 1, keys.collection_of, deterministic=True)
    db.execute("BEGIN")  # never committed
    return db


def paged(
    db: sqlite3.Connection, query: str, fixed: tuple[Any, ...], after: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    """A query's rows after a key, some at a time, so that its tables may change between.

    The query's first columns are the key, and its last parameters are the key after which it
    begins and a limit.
    """
    while True:
        page = db.execute(query, (*fixed, *after, _PAGE)).fetchall()
        if not page:
            return
        yield from page
        last_row = page[-1]
        after = last_row[: len(after)]


def one(db: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> Any:
    """The first column of a query's first row, or ``None``."""
    row = db.execute(query, values).fetchone()
    return row[0] if row else None


def file_text(file: LocalFile) -> str:
    """A file to upload as text."""
    return json.dumps({**asdict(file), "path": str(file.path)})


def file_of(text: str) -> LocalFile:
    """The file to upload of its text."""
    raw = json.loads(text)
    return LocalFile(**{**raw, "path": Path(raw["path"])})
