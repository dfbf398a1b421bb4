"""Where the mirror's two sides differ, as queries.

Every iterator reads some rows at a time, in order of key, so that carrying out what it yields does
not disturb it; nothing is lost either when nothing is carried out, as in a dry run.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION, DATA, collection_item, text_of

from ..target.actions import DeleteFile, DeleteItem, HoldItem, PutFile, PutItem
from ..target.items import unpacked
from .mirror import FILES, THUMBS, UPLOAD, Mirror
from .mirror_file import NEW_IN_DOUBT, NO_DIGEST, PENDING, file_of, one, paged

_OF_RECORDS = "is_record(i.pk)"
_OF_REFERENCES = "NOT is_record(i.pk)"
_IS_DESIRED = "EXISTS (SELECT 1 FROM rows r WHERE r.cid = collection_of(i.pk) AND r.rid = i.sk)"
_IS_STORED = (
    "EXISTS (SELECT 1 FROM rows r WHERE r.cid = i.pk AND r.rid = i.sk AND r.digest IS NOT NULL)"
)
_IS_REFERRED_TO = "EXISTS (SELECT 1 FROM refs f WHERE f.pk = i.pk AND f.sk = i.sk)"


@dataclass(frozen=True)
class HeldBack:
    """What must not be deleted yet: collections; the records of some, with their files; and the
    files of some, whosever they are. All by the collection's id."""

    collections: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.collections or self.records)

    def may_have_files_of(self, collection_id: str) -> bool:
        """Whether files of a collection may be among it."""
        return collection_id in self.records or collection_id in self.files


NOTHING_HELD = HeldBack()


class Differences:
    """The ``plan.Changes`` between the two sides of a mirror.

    ``read`` returns the published value of the item at a partition and a sort key of the table.
    Without it, ``is_named`` assumes that a record names every file of its own.
    """

    def __init__(
        self,
        mirror: Mirror,
        read: Callable[[str, str], Item | None] | None = None,
        held: HeldBack = NOTHING_HELD,
    ) -> None:
        self._mirror = mirror
        self._db = mirror.db
        self._read = read
        self.held = held

    @property
    def actual(self) -> Mapping[str, Item]:
        """The definitions that count in the table, by sort key."""
        return self._mirror.actual

    def final(self, *, removing: bool) -> dict[str, Item]:
        """The definitions to be published, with those that are held back from deletion.

        Without ``removing``, definitions that the source does not have stay.
        """
        desired = self._mirror.desired
        if not removing:
            return {**self._mirror.actual, **desired}
        kept = {
            sk: held_definition(item)
            for sk, item in self._mirror.actual.items()
            if sk not in desired and sk.removeprefix(COLLECTION) in self.held.collections
        }
        return {**kept, **desired}

    @property
    def indexed(self) -> frozenset[tuple[str, str]]:
        """The fields that are to have index items, as pairs of collection id and field name."""
        return self._mirror.desired_indexed

    @property
    def must_redefine(self) -> bool:
        """Whether a new version of the catalogue is due even with the same definitions."""
        is_newly_indexed = self._mirror.desired_indexed != self._mirror.catalogue.indexed
        return is_newly_indexed or self._mirror.must_publish

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        """Items of the table that the source does not account for.

        Without ``removing``, only index items of records that stay.
        """
        yield from self._gone(_OF_RECORDS, _IS_STORED, removing=removing)
        yield from self._gone(_OF_REFERENCES, _IS_REFERRED_TO, removing=removing)

    def _gone(self, which: str, is_desired: str, *, removing: bool) -> Iterator[DeleteItem]:
        of_records_that_stay = "" if removing else f"AND {_IS_DESIRED}"
        query = (
            f"SELECT i.pk, i.sk, i.generation, i.size, {_IS_DESIRED} "  # noqa: S608
            f"FROM items i WHERE {which} AND i.digest IS NOT NULL AND NOT {is_desired} "
            f"{of_records_that_stay} AND (i.pk, i.sk) > (?, ?) ORDER BY i.pk, i.sk LIMIT ?"
        )
        for pk, sk, known, room, stays in paged(self._db, query, (), ("", "")):
            if stays or keys.collection_of(pk) not in self.held.records:
                yield DeleteItem(pk, sk, known, room)

    def held_items(self) -> Iterator[HoldItem]:
        """Records that are gone from the source, held back, and not marked yet."""
        query = (
            f"SELECT i.pk, i.sk, i.generation FROM items i WHERE {_OF_RECORDS} "  # noqa: S608
            f"AND i.digest IS NOT NULL AND i.held = 0 AND NOT {_IS_DESIRED} "
            "AND (i.pk, i.sk) > (?, ?) ORDER BY i.pk, i.sk LIMIT ?"
        )
        for pk, sk, known in paged(self._db, query, (), ("", "")):
            if pk in self.held.records:
                yield HoldItem(pk, sk, known)

    def changed_records(self) -> Iterator[PutItem]:
        """Records that the table lacks or has with another value."""
        query = (
            "SELECT p.cid, p.rid, p.item, i.generation, ifnull(i.size, 0) FROM payloads p "
            "LEFT JOIN items i ON i.pk = p.cid AND i.sk = p.rid "
            "WHERE (p.cid, p.rid) > (?, ?) ORDER BY p.cid, p.rid LIMIT ?"
        )
        for _, _, packed, known, room in paged(self._db, query, (), ("", "")):
            yield PutItem(unpacked(packed), known, room)

    def new_references(self) -> Iterator[PutItem]:
        """Index items that the table lacks."""
        query = (
            "SELECT f.pk, f.sk, i.generation, ifnull(i.size, 0) "
            "FROM refs f LEFT JOIN items i ON i.pk = f.pk AND i.sk = f.sk "
            "WHERE ifnull(i.digest, ?) = ? AND (f.pk, f.sk) > (?, ?) ORDER BY f.pk, f.sk LIMIT ?"
        )
        for pk, sk, known, room in paged(self._db, query, (NO_DIGEST, NO_DIGEST), ("", "")):
            yield PutItem({"pk": {"S": pk}, "sk": {"S": sk}}, known, room)

    def uploads(self) -> Iterator[tuple[PutFile, float | None]]:
        """Files that the bucket lacks or has with other bytes, and when a delayed one is due."""
        query = (
            "SELECT f.key, f.upload, ifnull(o.size, ?) <> ? "
            "FROM files f LEFT JOIN objects o ON o.key = f.key "
            "WHERE f.state = ? AND f.key > ? ORDER BY f.key LIMIT ?"
        )
        for key, upload, replaces in paged(self._db, query, (*[NEW_IN_DOUBT] * 2, PENDING), ("",)):
            due = self._mirror.later.get(f"{UPLOAD}{key}")
            yield PutFile(key, file_of(upload), bool(replaces)), due

    def is_named(self, key: str) -> bool:
        """Whether the published value of the file's record may name the file."""
        collection_id, record_id, name = key.split("/")
        found = one(
            self._db,
            "SELECT 1 FROM items WHERE pk = ? AND sk = ? AND generation IS NOT NULL",
            (collection_id, record_id),
        )
        if found is None:
            return False
        if self._read is None:
            return True
        item = self._read(collection_id, record_id)
        return item is not None and name in text_of(item)

    def was_removed(self, key: str) -> bool:
        """Whether an object of this key was removed so recently that its thumbs are still to be
        cleared once more."""
        collection_id = key.partition("/")[0]
        later = self._mirror.later
        return f"{THUMBS}{key}" in later or f"{THUMBS}{collection_id}/" in later

    def changes_record_of(self, key: str) -> bool:
        """Whether the record that the file belongs to is among ``changed_records``."""
        collection_id, record_id, _ = key.split("/")
        query = "SELECT 1 FROM payloads WHERE cid = ? AND rid = ?"
        return one(self._db, query, (collection_id, record_id)) is not None

    def dropped(self) -> list[str]:
        """Ids of collections whose files an earlier run may have left behind."""
        return [sk.removeprefix(FILES) for sk in self._mirror.later if sk.startswith(FILES)]

    def gone_files(self) -> Iterator[DeleteFile]:
        """Objects that no record names, of collections that are or were in the catalogue.

        A thumb counts as its original, so it is deleted with it.
        """
        query = (
            "SELECT DISTINCT o.owner FROM objects o LEFT JOIN files f ON f.key = o.owner "
            "WHERE f.key IS NULL AND o.owner > ? ORDER BY o.owner LIMIT ?"
        )
        known = self._mirror.defined_collections() | set(self.dropped())
        for (owner,) in paged(self._db, query, (), ("",)):
            collection_id = owner.partition("/")[0]
            if collection_id in known and not self._is_held_file(owner):
                yield DeleteFile(owner)

    def _is_held_file(self, key: str) -> bool:
        collection_id, record_id, _ = key.split("/")
        if collection_id in self.held.files:
            return True
        return collection_id in self.held.records and self._is_gone(collection_id, record_id)

    def _is_gone(self, collection_id: str, record_id: str) -> bool:
        """Whether the table has a record that the source does not have."""
        query = (
            f"SELECT 1 FROM items i WHERE i.pk = ? AND i.sk = ? "  # noqa: S608
            f"AND i.digest IS NOT NULL AND NOT {_IS_DESIRED}"
        )
        return one(self._db, query, (collection_id, record_id)) is not None


def held_definition(item: Item) -> Item:
    """The definition of a collection that is only held back from deletion."""
    raw = json.loads(item[DATA]["S"])
    return collection_item({**raw, "held": True}, int(item["position"]["N"]))
