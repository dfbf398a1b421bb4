"""What table and bucket hold, and what they shall hold, side by side in a temporary SQLite file.

100,000 records need no memory this way, differences are a query, and a watch reads neither the table nor the
bucket again. An action is noted before it is sent and again when it is done: one whose outcome nobody knows
stays a difference, so the next round repeats it.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from pocketfiles.catalogue.generations import Item
from pocketfiles.keys import CATALOGUE

from ..source.storage import LocalFile
from ..target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem
from ..target.bucket import Stored, owner_of, uploaded
from ..target.items import digest, packed
from .plan import UNSURE

_PAGE = 100
NO_DIGEST = b""
"""The digest of an item being written; equal to no other."""

UNCHECKED, PRESENT, MISSING, PENDING = range(4)
"""A wanted file: not compared yet, in the bucket, in neither place, to be uploaded."""

_SCHEMA = """
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE items (pk, sk, digest, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE TABLE objects (key PRIMARY KEY, owner, size, etag, modified) WITHOUT ROWID;
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


class Mirror:
    """Both sides; ``differences`` tells what differs between them."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pocketfiles-")
        self.db = sqlite3.connect(Path(self._folder.name) / "mirror.db", isolation_level=None)
        self.db.executescript(_SCHEMA)
        self.db.execute("BEGIN")  # never committed: the file dies with the process
        self.there: dict[str, Item] = {}
        self.here: dict[str, Item] = {}

    def __enter__(self) -> "Mirror":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.db.close()
        self._folder.cleanup()

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Forget what the block wrote if it raises."""
        self.db.execute("SAVEPOINT block")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO block")
            raise
        finally:
            self.db.execute("RELEASE block")

    # What is there.

    def add_items(self, items: Iterable[Item]) -> None:
        """Items as the table holds them."""
        for item in items:
            pk, sk = item["pk"]["S"], item["sk"]["S"]
            if pk == CATALOGUE:
                self.there[sk] = item
            else:
                self.db.execute(
                    "INSERT OR REPLACE INTO items VALUES (?, ?, ?)", (pk, sk, digest(item))
                )

    def add_objects(self, objects: Iterable[Stored]) -> None:
        """Objects as the bucket lists them; those outside ``collection/record/`` are none of ours."""
        for stored in objects:
            owner = owner_of(stored.key)
            if owner:
                self.db.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                    (stored.key, owner, stored.size, stored.etag, stored.modified),
                )

    # What shall be there: written by the reader of PocketBase.

    def sources(self, collection_id: str) -> Iterator[tuple[str, bytes]]:
        """The collection's records by id with the digest of the row each was made of."""
        return cast(
            "Iterator[tuple[str, bytes]]",
            self.db.execute(
                "SELECT rid, source FROM rows WHERE cid = ? ORDER BY rid", (collection_id,)
            ),
        )

    def stage(
        self,
        key: tuple[str, str],
        source: bytes,
        items: list[Item],
        files: list[str],
        *,
        auth: bool,
    ) -> None:
        """A record's items (none when it is refused) and its files' keys, in place of what it had before."""
        self._forget(key)
        item_digest = digest(items[0]) if items else None
        self.db.execute(
            "INSERT OR REPLACE INTO staged VALUES (?, ?, ?, ?, ?)",
            (*key, source, item_digest, auth),
        )
        for item in items[1:]:
            self.db.execute(
                "INSERT OR IGNORE INTO refs VALUES (?, ?, ?)",
                (item["pk"]["S"], item["sk"]["S"], key[0]),
            )
        for name in files:
            self.db.execute(
                "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?, NULL)", (name, *key, UNCHECKED)
            )
        there = one(self.db, "SELECT digest FROM items WHERE pk = ? AND sk = ?", key)
        if items and there != item_digest:
            self.db.execute("INSERT INTO payloads VALUES (?, ?, ?)", (*key, packed(items[0])))

    def commit(self, collection_id: str, gone: Iterable[str]) -> None:
        """The end of a collection: what was staged counts, the records named in ``gone`` are no more."""
        for record_id in gone:
            self._forget((collection_id, record_id))
            self.db.execute(
                "DELETE FROM rows WHERE cid = ? AND rid = ?", (collection_id, record_id)
            )
        self.db.execute("INSERT OR REPLACE INTO rows SELECT * FROM staged")
        self.db.execute("DELETE FROM staged")

    def known_collections(self) -> list[str]:
        """Ids of the collections that have rows."""
        return [row[0] for row in self.db.execute("SELECT DISTINCT cid FROM rows")]

    def _forget(self, key: tuple[str, str]) -> None:
        self.db.execute("DELETE FROM refs WHERE cid = ? AND sk = ?", key)
        self.db.execute("DELETE FROM files WHERE cid = ? AND rid = ?", key)
        self.db.execute("DELETE FROM payloads WHERE cid = ? AND rid = ?", key)

    # Wanted files: written by the comparison of storage and bucket.

    def files_in(self, state: int) -> Iterator[tuple[str, Stored | None]]:
        """The wanted files of a state, with the object that bears the key."""
        query = (
            "SELECT f.key, o.size, o.etag, o.modified FROM files f LEFT JOIN objects o ON o.key = f.key "
            "WHERE f.state = ? AND f.key > ? ORDER BY f.key LIMIT ?"
        )
        for key, size, *rest in paged(self.db, query, (state,), ("",)):
            yield key, None if size is None else Stored(key, size, *rest)

    def settle(self, key: str, state: int, upload: LocalFile | None = None) -> None:
        """A file's new state; with ``PENDING``, what to upload."""
        text = None if upload is None else file_text(upload)
        self.db.execute("UPDATE files SET state = ?, upload = ? WHERE key = ?", (state, text, key))

    def counts(self) -> tuple[int, int, int]:
        """Collections, records and files that shall be there."""
        records = one(self.db, "SELECT count(*) FROM rows WHERE digest IS NOT NULL")
        return len(self.here) - 1, records, one(self.db, "SELECT count(*) FROM files")

    def records_there(self, collection_id: str) -> int:
        """How many records of a collection the table holds."""
        count: int = one(self.db, "SELECT count(*) FROM items WHERE pk = ?", (collection_id,))
        return count

    def pending(self) -> int:
        """Records to write and files to upload."""
        payloads: int = one(self.db, "SELECT count(*) FROM payloads")
        files: int = one(self.db, "SELECT count(*) FROM files WHERE state = ?", (PENDING,))
        return payloads + files

    # The journal: written by whoever carries the actions out.

    def begin(self, action: Action) -> None:
        """The action is about to be sent: until it is ``done``, nobody knows."""
        match action:
            case PutItem(item) if item["pk"]["S"] != CATALOGUE:
                self._note(item, NO_DIGEST)
            case PutItem(item):
                self.there[item["sk"]["S"]] = {**item, UNSURE: {"BOOL": True}}
            case PutFile(key):
                self.add_objects([Stored(key, -1, "", 0.0)])

    def done(self, action: Action) -> None:
        """The action is carried out."""
        match action:
            case PutItem(item) if item["pk"]["S"] == CATALOGUE:
                self.there[item["sk"]["S"]] = item
            case PutItem(item):
                self._note(item, digest(item))
                self.db.execute(
                    "DELETE FROM payloads WHERE cid = ? AND rid = ?",
                    (item["pk"]["S"], item["sk"]["S"]),
                )
            case DeleteItem(pk, sk) if pk == CATALOGUE:
                self.there.pop(sk, None)
            case DeleteItem(pk, sk):
                self.db.execute("DELETE FROM items WHERE pk = ? AND sk = ?", (pk, sk))
            case PutFile(key, file):
                self.add_objects([uploaded(key, file)])
                self.settle(key, PRESENT)
            case DeleteFile(key):
                self.db.execute("DELETE FROM objects WHERE owner = ?", (key,))

    def missed(self, action: PutFile) -> None:
        """The file vanished before it could be uploaded."""
        self.db.execute("DELETE FROM objects WHERE key = ? AND size < 0", (action.key,))
        self.settle(action.key, MISSING)

    def _note(self, item: Item, value: bytes) -> None:
        key = (item["pk"]["S"], item["sk"]["S"])
        self.db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", (*key, value))


def paged(
    db: sqlite3.Connection, query: str, fixed: tuple[Any, ...], after: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    """A query's rows, some at a time, so that its tables may change between; it begins after a key."""
    while page := db.execute(query, (*fixed, *after, _PAGE)).fetchall():
        after = tuple(page[-1][: len(after)])
        yield from page


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
