"""The order of actions, which is what makes a sync safe at any moment."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin.source.storage import LocalFile
from admin.sync import plan
from admin.target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import collection_item


@dataclass
class Given:
    """``plan.Changes`` of lists."""

    there: dict[str, Item] = field(default_factory=dict)
    here: dict[str, Item] = field(default_factory=dict)
    busy: bool = True

    def settled(self, *, removing: bool) -> bool:
        return not self.busy

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        return iter([DeleteItem("c", "gone")] if self.busy else [])

    def ready_records(self, *, auth: bool) -> Iterator[PutItem]:
        return iter([_record("users" if auth else "c", "ready")] if self.busy else [])

    def waiting_records(self) -> Iterator[tuple[list[PutFile], list[PutItem]]]:
        if self.busy:
            file = LocalFile(Path("f"), 1, 0.0)
            yield [PutFile("c/waiting/f", file)], [_record("c", "waiting")]

    def new_references(self) -> Iterator[PutItem]:
        return iter([_record("c#f#x", "ready")] if self.busy else [])

    def gone_files(self) -> Iterator[DeleteFile]:
        return iter([DeleteFile("c/gone/f")] if self.busy else [])


def _record(pk: str, sk: str) -> PutItem:
    return PutItem({"pk": {"S": pk}, "sk": {"S": sk}})


def catalogue(**collections: dict[str, Any]) -> dict[str, Item]:
    raw = {
        name: {"id": name, "name": name, "type": "base", "fields": [], **more}
        for name, more in collections.items()
    }
    items = [collection_item(each, position) for position, each in enumerate(raw.values())]
    return {item["sk"]["S"]: item for item in items}


def told(given: Given, *, removing: bool = True) -> list[str]:
    return [str(action) for step in plan.steps(given, removing=removing) for action in step]


def test_access_is_revoked_first_and_granted_last() -> None:
    given = Given(there=catalogue(c={"viewRule": "a = 1"}), here=catalogue(c={"viewRule": "a = 2"}))
    assert told(given) == [
        "put collection c",
        "delete record c/gone",
        "put record users/ready",
        "put record c/ready",
        "upload c/waiting/f (1 bytes, application/octet-stream)",
        "put record c/waiting",
        "put reference c/ready f -> x",
        "delete file c/gone/f",
        "put collection c",
    ]


def test_an_import_deletes_no_file() -> None:
    actions = told(Given(), removing=False)
    assert "delete file c/gone/f" not in actions


def file(*, protected: bool) -> list[dict[str, Any]]:
    return [{"id": "f", "name": "f", "type": "file", "protected": protected}]


def written(actions: Iterator[Action], sk: str) -> list[tuple[Any, bool]]:
    """View rule and protection of each time the collection is written."""
    raws = [
        json.loads(action.item["data"]["S"])
        for action in actions
        if isinstance(action, PutItem) and action.item["sk"]["S"] == sk
    ]
    return [(raw.get("viewRule"), raw["fields"][0]["protected"]) for raw in raws]


CLOSED: dict[str, Any] = {"viewRule": None, "fields": file(protected=True)}
OPEN = {"viewRule": "", "fields": file(protected=False)}
GUARDED = {"viewRule": "a = 1", "fields": file(protected=True)}
OTHER = {"viewRule": "a = 2", "fields": file(protected=True)}

SEALS = {
    "a new collection is shut until its records are there": (
        {},
        GUARDED,
        [(None, True), ("a = 1", True)],
    ),
    "a changed rule judges no old record": (GUARDED, OTHER, [(None, True), ("a = 2", True)]),
    "protection that ends ends last": (
        GUARDED,
        {**GUARDED, **{"fields": file(protected=False)}},
        [("a = 1", True), ("a = 1", False)][1:],
    ),
    "protection that begins begins at once": (
        OPEN,
        {**OPEN, "fields": file(protected=True)},
        [("", True)],
    ),
    "a collection that goes is shut, then deleted": (GUARDED, None, [(None, True)]),
    "what stays is not written": (GUARDED, GUARDED, []),
}


@pytest.mark.parametrize(("old", "new", "writes"), SEALS.values(), ids=SEALS)
def test_while_records_change(
    old: dict[str, Any], new: dict[str, Any] | None, writes: list[Any]
) -> None:
    given = Given(there=catalogue(c=old) if old else {}, here=catalogue(c=new) if new else {})
    actions = [action for step in plan.steps(given, removing=True) for action in step]
    assert written(iter(actions), "collection#c") == writes
    assert (actions[-1] == DeleteItem("#catalogue", "collection#c")) == (new is None)


def test_when_no_record_changes_a_rule_is_written_once() -> None:
    given = Given(catalogue(c=GUARDED), catalogue(c=OTHER), busy=False)
    actions = [action for step in plan.steps(given, removing=True) for action in step]
    assert written(iter(actions), "collection#c") == [("a = 2", True)]


def test_a_collection_whose_write_is_in_doubt_counts_as_changed() -> None:
    there = catalogue(c=GUARDED)
    there["collection#c"][plan.UNSURE] = {"BOOL": True}
    actions = [
        action
        for step in plan.steps(Given(there, catalogue(c=GUARDED)), removing=True)
        for action in step
    ]
    assert written(iter(actions), "collection#c") == [(None, True), ("a = 1", True)]
    assert all(plan.UNSURE not in action.item for action in actions if isinstance(action, PutItem))


def test_an_import_leaves_collections_it_does_not_know() -> None:
    given = Given(catalogue(other=GUARDED), catalogue(c=GUARDED))
    assert not any("other" in line for line in told(given, removing=False))
