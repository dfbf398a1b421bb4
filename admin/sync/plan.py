"""From what is there and what shall be there to the actions between, in an order that is safe at any moment.

Pure: it reads ``Changes`` and yields steps. The actions of a step may run in any order, a step begins when
the one before is done, and a run may die between any two actions: the next one plans from what it finds.

1. The catalogue, *sealed*: settings, collections and secrets as they shall be, except that a collection whose
   view rule changes, appears or disappears is open to superusers alone, and a file protected before or after
   is protected, for as long as records are still to follow. New rules never judge old records.
2. What goes: records and index items. Access is revoked before any is granted.
3. Changed records whose files are there, those of auth collections first: a token key that changed counts.
4. The others, some at a time: their files, then they. No record is ever without its files.
5. New index items.
6. Files that go, each with its thumbs; their records went before.
7. The catalogue as it shall be; collections that are gone go last, so that a later run still knows whose
   items and files are left over.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION, collection_item
from pocketfiles.keys import CATALOGUE

from ..target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem

UNSURE = "unsure"
"""Marks an item of the catalogue whose last write may or may not have arrived."""


Step: TypeAlias = Iterable[Action]


class Changes(Protocol):
    """Where what is there and what shall be there differ; each iterator may be long."""

    @property
    def there(self) -> Mapping[str, Item]:
        """The catalogue's items in the table, by sort key."""

    @property
    def here(self) -> Mapping[str, Item]:
        """The catalogue's items as they shall be."""

    def settled(self, *, removing: bool) -> bool:
        """Whether records, index items and files are all as they shall be."""

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        """Items nothing accounts for; unless ``removing``, only index items of records that remain."""

    def ready_records(self, *, auth: bool) -> Iterator[PutItem]:
        """Changed records of auth or other collections that wait for no upload."""

    def waiting_records(self) -> Iterator[tuple[list[PutFile], list[PutItem]]]:
        """Files to upload, some at a time, with the changed records that wait for them."""

    def new_references(self) -> Iterator[PutItem]:
        """Index items to come."""

    def gone_files(self) -> Iterator[DeleteFile]:
        """Objects of our collections that no record holds."""


def steps(changes: Changes, *, removing: bool) -> Iterator[Step]:
    """The steps from there to here; without ``removing``, no collection, record or file is deleted."""
    final = dict(changes.here) if removing else {**changes.there, **changes.here}
    calm = changes.there == final or changes.settled(removing=removing)
    first = final if calm else sealed(changes.there, changes.here, removing=removing)
    yield _puts(changes.there, first)
    yield changes.gone_items(removing=removing)
    yield changes.ready_records(auth=True)
    yield changes.ready_records(auth=False)
    for files, records in changes.waiting_records():
        yield files
        yield records
    yield changes.new_references()
    if removing:
        yield changes.gone_files()
    yield _puts({**changes.there, **first}, final)
    yield [DeleteItem(CATALOGUE, sk) for sk in sorted(changes.there.keys() - final.keys())]


def sealed(
    there: Mapping[str, Item], here: Mapping[str, Item], *, removing: bool
) -> dict[str, Item]:
    """The catalogue to stand while records change; collections that are gone are in it, shut."""
    catalogue = dict(here)
    for sk, new in here.items():
        if sk.startswith(COLLECTION):
            catalogue[sk] = _sealed(there.get(sk), new)
    for sk in there.keys() - here.keys():
        catalogue[sk] = _shut(there[sk]) if removing else there[sk]
    return catalogue


def _sealed(old: Item | None, new: Item) -> Item:
    raw = _raw(new)
    before = _raw(old) if old else {}
    guarded = {field["name"] for field in before.get("fields", ()) if field.get("protected")}
    fields = [
        {**field, "protected": True}
        if field["name"] in guarded and field["type"] == "file"
        else field
        for field in raw["fields"]
    ]
    sure = old is not None and UNSURE not in old
    same_rule = sure and all(raw.get(key) == before.get(key) for key in ("viewRule", "viewQuery"))
    rule = raw.get("viewRule") if same_rule else None
    return collection_item({**raw, "fields": fields, "viewRule": rule}, _position(new))


def _shut(old: Item) -> Item:
    raw = _raw(old)
    fields = [
        {**field, "protected": True} if field["type"] == "file" else field
        for field in raw["fields"]
    ]
    return collection_item({**raw, "fields": fields, "viewRule": None}, _position(old))


def _puts(there: Mapping[str, Item], here: Mapping[str, Item]) -> list[Action]:
    return [PutItem(item) for sk, item in sorted(here.items()) if there.get(sk) != item]


def _raw(item: Item) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(item["data"]["S"])
    return raw


def _position(item: Item) -> int:
    return int(item["position"]["N"])
