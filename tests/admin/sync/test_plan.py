"""The order of a round's steps: what matters is where bytes come in, and that all else counts at
once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin.source.storage import LocalFile
from admin.sync import plan
from admin.sync.differences import NOTHING_HELD, HeldBack, held_definition
from admin.target.actions import DeleteFile, DeleteItem, HoldItem, Publish, PutFile, PutItem
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import collection_item

KEY = "c/waiting/f"


@dataclass
class Given:
    """``plan.Changes`` of lists."""

    actual: Mapping[str, Item] = field(default_factory=dict)
    desired: Mapping[str, Item] = field(default_factory=dict)
    held: HeldBack = NOTHING_HELD
    must_redefine: bool = False
    indexed: frozenset[tuple[str, str]] = frozenset()
    busy: bool = True
    replaces: bool = False
    named: bool = False
    due: float | None = None
    size: int = 1

    def final(self, *, removing: bool) -> dict[str, Item]:
        return dict(self.desired) if removing else {**self.actual, **self.desired}

    def gone_items(self, *, removing: bool) -> Iterator[DeleteItem]:
        return iter([DeleteItem("c", "gone")] if self.busy else [])

    def held_items(self) -> Iterator[HoldItem]:
        return iter([HoldItem("c", "held")] if self.held else [])

    def changed_records(self) -> Iterator[PutItem]:
        return iter([_record("c", "changed")] if self.busy else [])

    def new_references(self) -> Iterator[PutItem]:
        return iter([_record("c#f#x", "changed")] if self.busy else [])

    def uploads(self) -> Iterator[tuple[PutFile, float | None]]:
        yield PutFile(KEY, LocalFile(Path("f"), self.size, 0.0), self.replaces), self.due

    def is_named(self, key: str) -> bool:
        return self.named

    def was_removed(self, key: str) -> bool:
        return False

    def changes_record_of(self, key: str) -> bool:
        return False

    def dropped(self) -> list[str]:
        return []

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


def lines(given: Given, *, removing: bool = True, now: float = 0.0, **more: float) -> list[str]:
    found = plan.steps(given, removing=removing, now=now, **more)
    return [str(action) for step in found for action in step]


UPLOAD = f"upload {KEY} (1 bytes, application/octet-stream)"


def test_files_come_before_what_names_them_and_go_after() -> None:
    given = Given(catalogue(c={"viewRule": "a = 1"}), catalogue(c={"viewRule": "a = 2"}))
    assert lines(given) == [
        UPLOAD,
        "delete record c/gone",
        "put record c/changed",
        "put reference c/changed f -> x",
        "put collection c",
        "publish",
        "delete file c/gone/f",
    ]


def test_many_bytes_do_not_keep_a_revocation_waiting() -> None:
    found = lines(Given(size=plan.FIRST_BYTES + 1))
    assert found[-3:-1] == ["publish", "delete file c/gone/f"]
    assert found[-1].startswith(f"upload {KEY}")


@pytest.mark.parametrize(("replaces", "named"), [(True, False), (False, True)])
def test_bytes_that_the_published_data_names_wait_while_the_data_changes(
    replaces: bool, named: bool
) -> None:
    found = lines(Given(replaces=replaces, named=named))
    assert UPLOAD not in found
    cleared = [f"clear file {KEY}"] if replaces else []
    assert found[: len(cleared)] == cleared
    assert found.index(f"put off the upload of {KEY}") < found.index("publish")


@pytest.mark.parametrize(("now", "uploads"), [(99.0, False), (100.0, True)])
@pytest.mark.parametrize("busy", [True, False])
def test_an_upload_that_was_put_off_comes_once_no_request_goes_by_the_data_before(
    now: float, uploads: bool, busy: bool
) -> None:
    given = Given(due=90.0, named=True, busy=busy)
    assert (UPLOAD in lines(given, now=now, settled=100.0)) is uploads


def test_bytes_alone_change_at_once() -> None:
    assert lines(Given(busy=False, replaces=True, named=True)) == [UPLOAD]


def test_an_import_deletes_no_file_and_no_collection() -> None:
    given = Given(catalogue(other={}), catalogue(c={}))
    found = lines(given, removing=False)
    assert "delete file c/gone/f" not in found
    assert not any("delete collection" in line for line in found)


def test_definitions_are_published_whole_and_only_when_they_differ() -> None:
    actual, desired = catalogue(a={}, b={}), catalogue(a={"viewRule": ""}, b={})
    (published,) = _published(Given(actual, desired))
    assert published.definitions == desired
    assert lines(Given(actual, desired)).count("put collection b") == 0
    (published,) = _published(Given(actual, actual))
    assert published.definitions is None
    assert _published(Given(actual, actual, busy=False)) == []
    (published,) = _published(Given(actual, actual, busy=False, must_redefine=True))
    assert published.definitions == actual


def test_a_collection_that_comes_or_goes_is_remembered_until_its_files_are_deleted() -> None:
    found = lines(Given(catalogue(old={}), catalogue(new={}), busy=False))
    assert found[:2] == ["remember the files of new", "remember the files of old"]
    assert "delete collection old" in found


def test_what_is_held_back_is_marked_and_published_as_held() -> None:
    given = Given(held=HeldBack(records=frozenset({"c"})))
    assert "hold record c/held" in lines(given)
    (published,) = _published(given)
    assert published.holding


def test_a_held_definition_is_the_same_but_for_its_mark() -> None:
    (item,) = catalogue(c={"viewRule": "a = 1"}).values()
    held = held_definition(item)
    assert '"held":true' in held["data"]["S"]
    assert held["data"]["S"].replace('"held":true,', "") == item["data"]["S"]


def _published(given: Given) -> list[Publish]:
    actions = (action for step in plan.steps(given, removing=True) for action in step)
    return [action for action in actions if isinstance(action, Publish)]
