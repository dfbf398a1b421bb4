"""Records whose files this sync does not delete itself: those of views, whose files lie with
another record, and all records where PocketBase keeps the bucket.

Their copies are invalidated when the published record no longer names a file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import record_from
from pocketfiles.catalogue.model import Collection, Source

from ..target.actions import Action, ClearFile, DeleteItem, PutFile, PutItem
from .invalidation import CHANGED, REMOVED, Entry


@dataclass(frozen=True)
class Elsewhere:
    """Tells which actions take a public file from a record that is not in ``files``' care.

    ``before`` and ``after``: the collections, by id, whose files lie elsewhere. ``read`` gives the
    published value of an item.
    """

    before: Mapping[str, Collection] = field(default_factory=dict)
    after: Mapping[str, Collection] = field(default_factory=dict)
    read: Callable[[str, str], Item | None] = lambda _pk, _sk: None

    @classmethod
    def of(
        cls,
        before: Iterable[Collection],
        after: Iterable[Collection],
        read: Callable[[str, str], Item | None],
        *,
        files: bool,
    ) -> "Elsewhere":
        """``files``: whether this sync deletes the files of all collections but views itself."""

        def chosen(collections: Iterable[Collection]) -> dict[str, Collection]:
            return {each.id: each for each in collections if each.type == "view" or not files}

        return cls(chosen(before), chosen(after), read)

    def entries(self, action: Action) -> Iterator[Entry]:
        """What is to be invalidated because of an action."""
        match action:
            case PutItem(item, known) if known is not None:
                yield from self._vanished(item["pk"]["S"], item["sk"]["S"], item)
            case DeleteItem(pk, sk):
                yield from self._vanished(pk, sk, None)
            case ClearFile() | PutFile(_, _, True):  # the record stays as it is
                yield from (
                    Entry(REMOVED, each.id) for each in self.before.values() if _is_public(each)
                )

    def _vanished(self, pk: str, sk: str, item: Item | None) -> Iterator[Entry]:
        collection = self.before.get(pk)
        if collection is None or not _is_public(collection):
            return
        published = self.read(pk, sk)
        if published is not None and _files(published, collection) - self._files_after(pk, item):
            yield Entry(CHANGED, pk, sk)

    def _files_after(self, pk: str, item: Item | None) -> set[tuple[str, Source | None]]:
        collection = self.after.get(pk)
        return set() if item is None or collection is None else _files(item, collection)


def _is_public(collection: Collection) -> bool:
    return any(not of.protected for of in collection.file_fields)


def _files(item: Item, collection: Collection) -> set[tuple[str, Source | None]]:
    """The files of a record that everybody may have, and where each lies."""
    record = record_from(item, collection)
    names = (name for of in collection.file_fields if not of.protected for name in record.names(of))
    return {(name, record.sources.get(name)) for name in names}
