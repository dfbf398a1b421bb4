from typing import Any

import pytest

from pocketfiles.catalogue.generations import (
    FORMAT,
    Item,
    Pointer,
    pointer_from,
    value_at,
)
from pocketfiles.errors import Outdated, StorageUnavailable

KEY: Item = {"pk": {"S": "c"}, "sk": {"S": "r"}}


def item(**attributes: Any) -> Item:
    """An item whose numbers are generations, whose texts are records, and ``True`` a mark."""
    kinds = {int: "N", str: "S", bool: "BOOL", type(None): "NULL"}
    typed = {
        name: {kinds[type(value)]: str(value) if type(value) is int else value}
        for name, value in attributes.items()
    }
    return KEY | typed


def record_at(found: Item | None) -> str | None:
    return None if found is None else str(found["record"]["S"])


CHANGED = item(generation=8, record="new", previous_generation=5, previous_record="old")
CREATED = item(generation=8, record="new")
DELETED = item(generation=8, gone=True, previous_generation=5, previous_record="old")
RESTORED = item(generation=8, record="new", previous_generation=5, previous_gone=True)
UNVERSIONED = item(record="old")


@pytest.mark.parametrize(
    ("stored", "generation", "record"),
    [
        (CHANGED, 9, "new"),
        (CHANGED, 8, "new"),
        (CHANGED, 7, "old"),
        (CHANGED, 5, "old"),
        (CREATED, 8, "new"),
        (CREATED, 7, None),
        (DELETED, 8, None),
        (DELETED, 7, "old"),
        (RESTORED, 8, "new"),
        (RESTORED, 7, None),
        (UNVERSIONED, 0, "old"),
        (UNVERSIONED, 7, "old"),
    ],
)
def test_an_item_shows_what_it_held_at_the_generation(
    stored: Item, generation: int, record: str | None
) -> None:
    assert record_at(value_at(stored, Pointer(generation=generation))) == record


def test_an_item_with_two_newer_values_is_outdated() -> None:
    with pytest.raises(Outdated):
        value_at(CHANGED, Pointer(generation=4))


def test_an_item_whose_former_value_did_not_fit_is_outdated() -> None:
    too_large = item(generation=8, record="new", previous_generation=5, previous_lost=True)
    assert record_at(value_at(too_large, Pointer(generation=8))) == "new"
    with pytest.raises(Outdated):
        value_at(too_large, Pointer(generation=7))


def test_an_abandoned_generation_is_never_shown() -> None:
    pointer = Pointer(generation=9, abandoned=frozenset({8}))
    assert record_at(value_at(CHANGED, pointer)) == "old"
    assert value_at(CREATED, pointer) is None
    assert record_at(value_at(DELETED, pointer)) == "old"


def test_a_held_item_counts_only_for_those_who_ask() -> None:
    held = item(generation=8, record="new", held=True, previous_generation=5, previous_record="old")
    assert record_at(value_at(held, Pointer(generation=8))) == "new"
    assert value_at(held, Pointer(generation=8), with_held=False) is None
    assert record_at(value_at(held, Pointer(generation=7), with_held=False)) == "old"


def pointer_item(**changes: Any) -> Item:
    return {
        "generation": {"N": "8"},
        "catalogue": {"N": "3"},
        "table": {"S": "t"},
        "abandoned": {"L": [{"N": "6"}]},
        "holding": {"BOOL": True},
        "heartbeat": {"N": "17.5"},
        "stale_seconds": {"N": "60"},
        "reader": {"N": str(FORMAT)},
        **changes,
    }


def test_a_pointer_is_read_from_its_item() -> None:
    assert pointer_from(pointer_item()) == Pointer(8, 3, "t", frozenset({6}), True, 17.5, 60)


def test_a_table_for_newer_functions_is_refused_in_words() -> None:
    with pytest.raises(StorageUnavailable, match="needs functions that read format 3"):
        pointer_from(pointer_item(reader={"N": str(FORMAT + 1)}, format={"N": str(FORMAT + 1)}))


def test_a_newer_format_that_these_functions_can_read_is_read() -> None:
    assert pointer_from(pointer_item(format={"N": str(FORMAT + 1)})).generation == 8
