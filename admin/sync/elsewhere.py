"""Records whose files this sync does not delete itself: those of views, whose files lie with
another record, and all records where PocketBase keeps the bucket.

Their copies are invalidated when the published record no longer names a file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pocketfiles.catalogue.generations import Item, Pointer, value_at
from pocketfiles.catalogue.items import record_from
from pocketfiles.catalogue.model import Collection, Source

from ..target.actions import Action, ClearFile, DeleteFile, DeleteItem, PutFile, PutItem
from ..target.table import TargetTable
from .invalidation import CHANGED, REMOVED, Entry

PublicFile: TypeAlias = tuple[str, Source | None]
"""The name of a file, and where it lies if not with its own record."""


@dataclass(frozen=True)
class Elsewhere:
    """Tells which actions take a public file from a record that is not in ``files``' care.

    ``before`` and ``after``: the collections, by id, whose files lie elsewhere. ``read`` gives the
    published value of an item. ``views_follow``: whether the records of views lose the files that
    are deleted.
    """

    before: Mapping[str, Collection] = field(default_factory=dict)
    after: Mapping[str, Collection] = field(default_factory=dict)
    read: Callable[[str, str], Item | None] = lambda _pk, _sk: None
    views_follow: bool = True

    @classmethod
    def of(
        cls,
        before: Iterable[Collection],
        after: Iterable[Collection],
        read: Callable[[str, str], Item | None],
        *,
        files: bool,
        views_follow: bool = True,
    ) -> "Elsewhere":
        """``files``: whether this sync deletes the files of all collections but views itself."""

        def chosen(collections: Iterable[Collection]) -> dict[str, Collection]:
            return {each.id: each for each in collections if each.type == "view" or not files}

        return cls(chosen(before), chosen(after), read, views_follow)

    def entries_of_item(self, action: Action) -> Iterator[Entry]:
        """What is to be invalidated because a record is changed or deleted."""
        match action:
            case PutItem(item, known) if known is not None:
                yield from self._vanished(item["pk"]["S"], item["sk"]["S"], item)
            case DeleteItem(pk, sk):
                yield from self._vanished(pk, sk, None)

    def entries_of_file(self, action: Action) -> Iterator[Entry]:
        """What is to be invalidated because a file is replaced, or deleted, while the records of
        views go on naming it."""
        match action:
            case ClearFile() | PutFile(_, _, True):
                yield from of_public_views(self.before.values())
            case DeleteFile() if not self.views_follow:
                yield from of_public_views(self.before.values())

    def _vanished(self, pk: str, sk: str, item: Item | None) -> Iterator[Entry]:
        """The record, if it names a public file now that ``item`` does not name."""
        collection = self.before.get(pk)
        if collection is None or not _is_public(collection):
            return
        published = self.read(pk, sk)
        if published is None:
            return
        files_before = _public_files(published, collection)
        if files_before - self._files_after(pk, item):
            yield Entry(CHANGED, pk, sk)

    def _files_after(self, pk: str, item: Item | None) -> set[PublicFile]:
        collection = self.after.get(pk)
        if item is None or collection is None:
            return set()
        return _public_files(item, collection)


def of_public_views(collections: Iterable[Collection]) -> Iterator[Entry]:
    """All that views show to everybody."""
    for each in collections:
        if each.type == "view" and _is_public(each):
            yield Entry(REMOVED, each.id)


def of_views_that_show(
    source: Source, table: TargetTable, pointer: Pointer, collections: Iterable[Collection]
) -> Iterator[Entry]:
    """The records of views that show everybody a file of another record.

    An empty record id of ``source`` is the whole collection. The views are read, each record once.
    """
    for view in collections:
        if view.type != "view" or not _is_public(view):
            continue
        for stored in table.partition(view.id):
            item = value_at(stored, pointer)
            if item is None:
                continue
            homes = [home for _, home in _public_files(item, view)]
            if any(_is_within(home, source) for home in homes):
                yield Entry(REMOVED, view.id, item["sk"]["S"])


def _is_within(home: Source | None, source: Source) -> bool:
    """Whether a file lies with a record, or with one of a whole collection."""
    if home is None or home.collection_id != source.collection_id:
        return False
    return source.record_id in {"", home.record_id}


def _is_public(collection: Collection) -> bool:
    return any(not file_field.protected for file_field in collection.file_fields)


def _public_files(item: Item, collection: Collection) -> set[PublicFile]:
    """The files of a record that everybody may have, and where each lies."""
    record = record_from(item, collection)
    found = set()
    for file_field in collection.file_fields:
        if file_field.protected:
            continue
        for name in record.names(file_field):
            found.add((name, record.sources.get(name)))
    return found
