"""From the actual to the desired state: the actions between, in steps.

Pure: it reads ``Changes`` and yields steps. The actions of a step may run in any order; a step
begins when the one before is done. A run may die between any two actions: the next one plans from
what it finds.

Readers see nothing of what is written until ``Publish``, and then all of it. So the order among
items does not matter; it matters where bytes come in, which have no generations:

1. New files, as long as they are few: a record is rarely without its files. Many would keep
   revocations waiting, so they come after ``Publish``.
2. Files that get other bytes, that were removed just now, or that the published data names
   although they are missing, are cleared: new bytes must not be seen by the rules of the data
   before. They are uploaded in a later round, once no request can go by that data. So are the new
   files of a collection that becomes less public: an edge may still take it for open.
3. Records, index items and definitions, then ``Publish``.
4. Files that go, each with its thumbs; and the rest of the new files.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Protocol, TypeAlias

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION

from ..target.actions import (
    Action,
    ClearFile,
    DeleteFile,
    DeleteItem,
    ForgetFiles,
    HoldItem,
    Publish,
    PutFile,
    PutItem,
    PutOff,
    RememberFiles,
)
from .differences import HeldBack

FIRST_BYTES = 32 * 1024 * 1024
"""Bytes of new files up to which they are uploaded before the records that name them."""

Step: TypeAlias = Iterable[Action]


class Changes(Protocol):
    """Where the actual and the desired state differ; each iterator may be long."""

    @property
    def held(self) -> HeldBack:
        """What must not be deleted yet."""

    @property
    def actual(self) -> Mapping[str, Item]:
        """The definitions in the table, by sort key."""

    def final(self, *, removing: bool) -> dict[str, Item]:
        """The definitions as they should be, with those that are held back."""

    @property
    def indexed(self) -> frozenset[tuple[str, str]]:
        """The fields that have index items."""

    @property
    def must_redefine(self) -> bool:
        """Whether a version of the catalogue is due even with the same definitions."""

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        """Items nothing accounts for; unless ``removing``, only index items of records that
        stay."""

    def held_items(self) -> Iterator[HoldItem]:
        """Records to be marked as held back."""

    def changed_records(self) -> Iterator[PutItem]:
        """New and changed records."""

    def new_references(self) -> Iterator[PutItem]:
        """New index items."""

    def uploads(self) -> Iterator[tuple[PutFile, float | None]]:
        """Files to upload, each with the time it was put off to, if it was."""

    def is_named(self, key: str) -> bool:
        """Whether a record of the published data may name the file."""

    def was_removed(self, key: str) -> bool:
        """Whether other bytes were removed there so recently that a request may go by the data
        that named them."""

    def changes_record_of(self, key: str) -> bool:
        """Whether the record that the file belongs to changes."""

    def dropped(self) -> list[str]:
        """Ids of collections that came or went and whose files may be left behind."""

    def gone_files(self) -> Iterator[DeleteFile]:
        """Objects of our collections that no record names."""


def steps(
    changes: Changes,
    *,
    removing: bool,
    now: float = 0.0,
    settled: float = 0.0,
    closing: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Step]:
    """The steps from the actual to the desired state.

    Without ``removing``, no collection, record or file is deleted. ``settled``: the moment from
    which on no request goes by the data before the published. ``closing``: until when CloudFront
    may take collections for open that are not, by id. All in epoch seconds.
    """
    final = changes.final(removing=removing)
    redefined = _puts(changes.actual, final)
    dropped = [
        DeleteItem(keys.CATALOGUE, sk) for sk in sorted(changes.actual.keys() - final.keys())
    ]
    redefines = bool(redefined or dropped or changes.must_redefine)
    items = _items(changes, removing=removing)
    first = next(items, None)
    publishes = redefines or first is not None
    files = _Files(
        changes,
        publishes=publishes,
        redefines=redefines,
        now=now,
        settled=settled,
        closing=closing,
    )
    if publishes:
        yield [RememberFiles(each) for each in _partial(changes.actual, final)]
        if files.come_first:
            yield files.ready()
        yield files.cleared()
        yield chain([] if first is None else [first], items)
        yield [*redefined, *dropped]
        yield files.put_off()
        definitions = final if redefines else None
        yield [Publish(definitions, changes.indexed, holding=bool(changes.held))]
    if removing:
        yield changes.gone_files()
        yield [
            ForgetFiles(collection_id)
            for collection_id in changes.dropped()
            if not changes.held.may_have_files_of(collection_id)
        ]
    if not publishes:
        yield files.put_off()
    if not (publishes and files.come_first):
        yield files.ready()


class _Files:
    """The files to upload: those that may be uploaded now, and those that must wait."""

    def __init__(
        self,
        changes: Changes,
        *,
        publishes: bool,
        redefines: bool,
        now: float,
        settled: float,
        closing: Mapping[str, float],
    ) -> None:
        self._changes = changes
        self._publishes = publishes
        self._redefines = redefines
        self._now = now
        self._settled = settled
        self._waiting: dict[str, bool] = {}
        self._newly_put_off: list[str] = []
        ready_bytes = 0
        for action, due in changes.uploads():
            is_closing = closing.get(action.key.partition("/")[0], 0.0) > now
            if is_closing or self._must_wait(action, due):
                self._waiting[action.key] = action.replaces
                if publishes or due is None:
                    self._newly_put_off.append(action.key)
            else:
                ready_bytes += action.file.size
        self.come_first = ready_bytes <= FIRST_BYTES
        """Whether the files that need not wait are few enough to come before the records."""

    def _must_wait(self, action: PutFile, due: float | None) -> bool:
        """Whether a request that goes by the data before could see these bytes."""
        is_put_off = due is not None
        is_due = due is not None and max(due, self._settled) <= self._now
        if not self._publishes:
            return is_put_off and not is_due
        if is_due and not self._redefines and not self._changes.changes_record_of(action.key):
            return False
        if action.replaces or self._changes.was_removed(action.key):
            return True
        return self._changes.is_named(action.key)

    def ready(self) -> Iterator[Action]:
        """Uploads that need not wait."""
        for action, _ in self._changes.uploads():
            if action.key not in self._waiting:
                yield action

    def cleared(self) -> Iterator[Action]:
        """Removals of bytes that are replaced later."""
        for key, replaces in self._waiting.items():
            if replaces:
                yield ClearFile(key)

    def put_off(self) -> Iterator[Action]:
        """The uploads that wait."""
        for key in self._newly_put_off:
            yield PutOff(key)


def _items(changes: Changes, *, removing: bool) -> Iterator[Action]:
    yield from changes.gone_items(removing=removing)
    if removing:
        yield from changes.held_items()
    yield from changes.changed_records()
    yield from changes.new_references()


def _partial(actual: Mapping[str, Item], final: Mapping[str, Item]) -> list[str]:
    """Ids of the collections that come or go: a run that dies may leave files of them behind."""
    differing = sorted(actual.keys() ^ final.keys())
    return [sk.removeprefix(COLLECTION) for sk in differing if sk.startswith(COLLECTION)]


def _puts(actual: Mapping[str, Item], final: Mapping[str, Item]) -> list[Action]:
    return [PutItem(item) for sk, item in sorted(final.items()) if actual.get(sk) != item]
