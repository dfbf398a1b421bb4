"""What table and bucket hold (actual) and should hold (desired), in a temporary SQLite file.

100,000 records need no memory this way, differences are a query, and a watch need not read the
table and the bucket again. What is written counts once its generation is published; until then the
mirror keeps what is to be written.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from pocketfiles import keys
from pocketfiles.catalogue.generations import (
    GONE,
    HELD,
    UNVERSIONED,
    Item,
    Pointer,
    generation_of,
)
from pocketfiles.catalogue.items import COLLECTION

from ..source.storage import LocalFile
from ..target.bucket import Stored, owner_of
from ..target.items import digest, packed, size
from . import mirror_file
from .catalogue_versions import CatalogueVersions
from .mirror_file import (
    NO_DIGEST,
    PENDING,
    UNCHECKED,
    file_text,
    one,
    paged,
)

THUMBS = "thumbs#"
"""Begins the sort key of thumbs that are to be cleared once more; the key of the original follows,
or the id of a collection and a slash for all whose original is gone."""

FILES = "files#"
"""Begins the sort key of a collection whose files may be left behind; its id follows."""

UPLOAD = "upload#"
"""Begins the sort key of an upload that was put off; the object's key follows."""


class Mirror:
    """Both sides; ``differences`` tells what differs between them."""

    def __init__(self) -> None:
        self.db = mirror_file.create()
        self.catalogue = CatalogueVersions()
        """What the table has of the catalogue."""
        self.desired: dict[str, Item] = {}
        self.desired_indexed: frozenset[tuple[str, str]] = frozenset()
        self.broken_rules: list[str] = []
        """A warning for each view rule of the desired definitions that cannot be evaluated."""
        self.follows_clock = False
        """Whether a view of the source has other rows at another time."""
        self.must_publish = False
        """Whether a generation must be published even if nothing differs."""
        self.source = ""
        """The identity of the data directory that was read last; empty if it has none."""
        self.later: dict[str, float] = {}
        """What is left to do later, by sort key, and from when on."""

    def __enter__(self) -> "Mirror":
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

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

    def forget(self) -> None:
        """Forget both sides, before they are read again."""
        for table in ("items", "objects", "rows", "staged", "payloads", "refs", "files"):
            self.db.execute(f"DELETE FROM {table}")  # noqa: S608
        self.catalogue = CatalogueVersions()
        self.desired = {}
        self.desired_indexed = frozenset()
        self.broken_rules = []
        self.later = {}

    # The actual side.

    @property
    def actual(self) -> Mapping[str, Item]:
        """The definitions of the catalogue that counts, by sort key."""
        return self.catalogue.definitions

    def add_items(self, items: Iterable[Item], pointer: Pointer = UNVERSIONED) -> None:
        """Items as the table has them, of which the pointer tells what counts."""
        for item in items:
            pk = item["pk"]["S"]
            sk = item["sk"]["S"]
            if keys.is_definition(pk):
                self.catalogue.add(item, pointer)
            elif pk == keys.LATER:
                self.later[sk] = float(item["due"]["N"])
            elif keys.is_data(pk):
                self._add_data(item, pointer)

    def _add_data(self, item: Item, pointer: Pointer) -> None:
        """A record or an index item. What a generation that does not count wrote is to be written
        again, and so is what is only held."""
        found: bytes | None = digest(item)
        counts = pointer.shows(generation_of(item))
        is_held = counts and HELD in item
        if is_held or not counts:
            found = NO_DIGEST
        elif GONE in item:
            found = None
        key = (item["pk"]["S"], item["sk"]["S"])
        row = (*key, found, generation_of(item), size(item), is_held)
        self.db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)", row)

    def add_objects(self, objects: Iterable[Stored]) -> None:
        """Objects as the bucket lists them; those outside ``collection/record/`` are not ours."""
        for stored in objects:
            owner = owner_of(stored.key)
            if owner:
                self.db.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                    (stored.key, owner, stored.size, stored.etag, stored.modified),
                )

    def stale_thumbs(self) -> list[str]:
        """Originals, by key, of which a listing just showed a thumb that is older than they are.

        Such a thumb was made of other bytes. Times are whole seconds, so one that is equally old
        counts as fresh.
        """
        query = (
            "SELECT DISTINCT t.owner FROM objects t JOIN objects o ON o.key = t.owner "
            "WHERE t.modified < o.modified ORDER BY t.owner"
        )
        return [owner for (owner,) in self.db.execute(query)]

    def tombstones(self, before: int, most: int) -> list[tuple[str, str, int]]:
        """Some deleted items that generations up to ``before`` wrote: keys and generations."""
        query = (
            "SELECT pk, sk, generation FROM items WHERE digest IS NULL AND generation <= ? "
            "ORDER BY pk, sk LIMIT ?"
        )
        return self.db.execute(query, (before, most)).fetchall()

    def purged(self, pk: str, sk: str) -> None:
        """A tombstone is gone."""
        self.db.execute("DELETE FROM items WHERE pk = ? AND sk = ?", (pk, sk))

    # The desired side: written by the reader of PocketBase.

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
        """A record's items (none when it is refused) and its files' keys, in place of what it had
        before."""
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
                "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?, NULL)",
                (name, *key, UNCHECKED),
            )
        actual = one(self.db, "SELECT digest FROM items WHERE pk = ? AND sk = ?", key)
        if items and actual != item_digest:
            self.db.execute("INSERT INTO payloads VALUES (?, ?, ?)", (*key, packed(items[0])))

    def commit(self, collection_id: str, gone: Iterable[str]) -> None:
        """The end of a collection: what was staged counts, and the records named in ``gone`` are
        removed."""
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

    def defined_collections(self) -> set[str]:
        """Ids of the collections that are or should be in the catalogue."""
        definitions = (*self.actual, *self.desired)
        return {sk.removeprefix(COLLECTION) for sk in definitions if sk.startswith(COLLECTION)}

    def _forget(self, key: tuple[str, str]) -> None:
        self.db.execute("DELETE FROM refs WHERE cid = ? AND sk = ?", key)
        self.db.execute("DELETE FROM files WHERE cid = ? AND rid = ?", key)
        self.db.execute("DELETE FROM payloads WHERE cid = ? AND rid = ?", key)

    # Desired files: written by the comparison of storage and bucket.

    def files_in(self, state: int) -> Iterator[tuple[str, Stored | None]]:
        """The desired files of a state, with the object that bears the key."""
        query = (
            "SELECT f.key, o.size, o.etag, o.modified "
            "FROM files f LEFT JOIN objects o ON o.key = f.key "
            "WHERE f.state = ? AND f.key > ? ORDER BY f.key LIMIT ?"
        )
        for key, length, *rest in paged(self.db, query, (state,), ("",)):
            yield key, None if length is None else Stored(key, length, *rest)

    def settle(self, key: str, state: int, upload: LocalFile | None = None) -> None:
        """A file's new state; with ``PENDING``, what to upload."""
        text = None if upload is None else file_text(upload)
        self.db.execute("UPDATE files SET state = ?, upload = ? WHERE key = ?", (state, text, key))

    def is_to_be_uploaded(self, key: str) -> bool:
        """Whether the bucket lacks a desired file or has it with other bytes."""
        state = one(self.db, "SELECT state FROM files WHERE key = ?", (key,))
        return bool(state == PENDING)

    def counts(self) -> tuple[int, int, int]:
        """Collections, records and files that are desired."""
        records = one(self.db, "SELECT count(*) FROM rows WHERE digest IS NOT NULL")
        return len(self.desired) - 1, records, one(self.db, "SELECT count(*) FROM files")

    def actual_records(self, collection_id: str) -> int:
        """How many records of a collection the table has."""
        query = "SELECT count(*) FROM items WHERE pk = ? AND digest IS NOT NULL"
        count: int = one(self.db, query, (collection_id,))
        return count

    def pending(self) -> int:
        """Records to write and files to upload."""
        payloads: int = one(self.db, "SELECT count(*) FROM payloads")
        files: int = one(self.db, "SELECT count(*) FROM files WHERE state = ?", (PENDING,))
        return payloads + files
