"""Where the mirror's two sides differ, as queries.

Every iterator reads some rows at a time, in order of key, so that carrying out what it yields does not
disturb it; nothing is lost either when nothing is carried out, as in a dry run.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from pocketfiles.catalogue.generations import Item

from ..target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem
from ..target.items import unpacked
from .mirror import NO_DIGEST, PENDING, Mirror, file_of, one, paged

_WAITING = 50


class Differences:
    """``plan.Changes`` of a mirror."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._db = mirror.db

    @property
    def there(self) -> Mapping[str, Item]:
        """As ``plan.Changes`` says."""
        return self._mirror.there

    @property
    def here(self) -> Mapping[str, Item]:
        """As ``plan.Changes`` says."""
        return self._mirror.here

    def settled(self, *, removing: bool) -> bool:
        """As ``plan.Changes`` says."""
        pending = one(self._db, "SELECT 1 FROM files WHERE state = ? LIMIT 1", (PENDING,))
        streams: tuple[Iterator[Action], ...] = (
            self.gone_items(removing=removing),
            self.ready_records(auth=True),
            self.ready_records(auth=False),
            self.new_references(),
            self.gone_files() if removing else iter(()),
        )
        return pending is None and all(next(stream, None) is None for stream in streams)

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        """As ``plan.Changes`` says."""
        kept = (
            ""
            if removing
            else " AND EXISTS (SELECT 1 FROM rows r WHERE r.cid = {owner} AND r.rid = i.sk)"
        )
        # Index items' keys begin with their collection's id and `#`.
        queries = (
            (
                "instr(i.pk, '#') = 0",
                "rows r WHERE r.cid = i.pk AND r.rid = i.sk AND r.digest IS NOT NULL",
                "i.pk",
            ),
            (
                "instr(i.pk, '#') > 0",
                "refs f WHERE f.pk = i.pk AND f.sk = i.sk",
                "substr(i.pk, 1, instr(i.pk, '#') - 1)",
            ),
        )
        for which, wanted, owner in queries:
            query = (
                f"SELECT i.pk, i.sk FROM items i WHERE {which} AND NOT EXISTS (SELECT 1 FROM {wanted})"  # noqa: S608
                f"{kept.format(owner=owner)} AND (i.pk, i.sk) > (?, ?) ORDER BY i.pk, i.sk LIMIT ?"
            )
            for pk, sk in paged(self._db, query, (), ("", "")):
                yield DeleteItem(pk, sk)

    def ready_records(self, *, auth: bool) -> Iterator[PutItem]:
        """As ``plan.Changes`` says."""
        query = (
            "SELECT p.cid, p.rid, p.item FROM payloads p JOIN rows r USING (cid, rid) WHERE r.auth = ? "
            "AND NOT EXISTS (SELECT 1 FROM files f WHERE f.cid = p.cid AND f.rid = p.rid AND f.state = ?) "
            "AND (p.cid, p.rid) > (?, ?) ORDER BY p.cid, p.rid LIMIT ?"
        )
        for _, _, text in paged(self._db, query, (auth, PENDING), ("", "")):
            yield PutItem(unpacked(text))

    def waiting_records(self) -> Iterator[tuple[list[PutFile], list[PutItem]]]:
        """As ``plan.Changes`` says."""
        query = (
            "SELECT f.key, cid, rid, upload, o.key IS NOT NULL "
            "FROM files f LEFT JOIN objects o ON o.key = f.key "
            "WHERE state = ? AND f.key > ? ORDER BY f.key LIMIT ?"
        )
        after = ""
        while page := self._db.execute(query, (PENDING, after, _WAITING)).fetchall():
            after = page[-1][0]
            files = [
                PutFile(key, file_of(text), bool(replaces)) for key, _, _, text, replaces in page
            ]
            records = dict.fromkeys((cid, rid) for _, cid, rid, *_ in page)
            if (*page[-1][1:3],) == self._next_pending(after):
                records.pop((page[-1][1], page[-1][2]))  # some of its files come with the next page
            texts = [
                one(self._db, "SELECT item FROM payloads WHERE cid = ? AND rid = ?", key)
                for key in records
            ]
            yield files, [PutItem(unpacked(text)) for text in texts if text is not None]

    def new_references(self) -> Iterator[PutItem]:
        """As ``plan.Changes`` says."""
        query = (
            "SELECT f.pk, f.sk FROM refs f LEFT JOIN items i ON i.pk = f.pk AND i.sk = f.sk "
            "WHERE ifnull(i.digest, ?) = ? AND (f.pk, f.sk) > (?, ?) ORDER BY f.pk, f.sk LIMIT ?"
        )
        for pk, sk in paged(self._db, query, (NO_DIGEST, NO_DIGEST), ("", "")):
            yield PutItem({"pk": {"S": pk}, "sk": {"S": sk}})

    def gone_files(self) -> Iterator[DeleteFile]:
        """As ``plan.Changes`` says; a thumb whose original is gone counts as its original."""
        query = (
            "SELECT DISTINCT o.owner FROM objects o LEFT JOIN files f ON f.key = o.owner "
            "WHERE f.key IS NULL AND o.owner > ? ORDER BY o.owner LIMIT ?"
        )
        known = {sk.partition("#")[2] for sk in (*self._mirror.there, *self._mirror.here)}
        for (owner,) in paged(self._db, query, (), ("",)):
            if owner.partition("/")[0] in known:
                yield DeleteFile(owner)

    def _next_pending(self, after: str) -> tuple[str, str] | None:
        return cast(
            "tuple[str, str] | None",
            self._db.execute(
                "SELECT cid, rid FROM files WHERE state = ? AND key > ? ORDER BY key LIMIT 1",
                (PENDING, after),
            ).fetchone(),
        )
