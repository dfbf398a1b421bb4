"""What CloudFront is asked to invalidate, and how often."""

from admin.sync.invalidation import (
    CHANGED,
    CLOSED,
    REMOVED,
    SECONDS_BETWEEN,
    Entry,
    less_public,
    removal,
    requests,
)
from pocketfiles.catalogue.model import Collection, Field


def paths(*entries: Entry) -> list[str]:
    return [path for request in requests(entries) for path in request.paths]


def dues(entry: Entry) -> list[float]:
    """When an entry is asked for that is noted at 0, each time as soon as it is due."""
    moments = [0.0]
    while following := entry.following(moments[-1]):
        entry, due = following
        moments.append(due)
    return moments


def test_a_record_is_invalidated_under_its_key_and_under_the_apis_path() -> None:
    assert paths(removal("c/r/file")) == ["/c/r/*", "/api/files/c/r/*"]


def test_many_records_of_one_collection_are_one_path() -> None:
    few = [Entry(REMOVED, "c", f"r{number}") for number in range(25)]
    assert len(paths(*few)) == 50
    assert paths(*few, Entry(REMOVED, "c", "other")) == ["/c/*", "/api/files/c/*"]


def test_a_record_whose_id_no_path_can_spell_is_invalidated_with_its_collection() -> None:
    for record_id in ("a*", "a~", "é", "a b", "a%2Fb"):
        assert paths(Entry(REMOVED, "c", record_id)) == ["/c/*", "/api/files/c/*"]


def test_every_kind_is_asked_for_again() -> None:
    assert dues(Entry(REMOVED, "c", "r")) == [0, 40]
    assert dues(Entry(CHANGED, "c", "r")) == [0, 150, 3600]
    assert dues(Entry(CLOSED, "c")) == [0, 300, 3600, 24 * 3600]
    assert set(SECONDS_BETWEEN) == {REMOVED, CHANGED, CLOSED}


def test_an_entry_that_was_asked_late_is_asked_again_as_much_later() -> None:
    assert Entry(REMOVED, "c", "r").following(500) == (Entry(REMOVED, "c", "r", 1), 540)


def test_an_entry_is_read_from_its_sort_key() -> None:
    for entry in (Entry(REMOVED, "c", "r#1", 1), Entry(CLOSED, "c")):
        assert Entry.of(entry.sort_key) == entry


def test_a_collection_is_less_public_once_a_public_field_is_protected_or_gone() -> None:
    public, other = Field("f", "file", "file"), Field("g", "other", "file", protected=True)
    protected = Field("f", "renamed", "file", protected=True)
    before = [Collection("c", "n", "base", (public, other))]
    assert less_public(before, before) == set()
    assert less_public(before, [Collection("c", "n", "base", (protected, other))]) == {"c"}
    assert less_public(before, [Collection("c", "n", "base", (other,))]) == {"c"}
    assert less_public(before, []) == {"c"}
    assert less_public([], before) == set()


def test_a_collection_is_less_public_once_an_older_one_has_its_id_as_a_name() -> None:
    fields = (Field("f", "file", "file"),)
    younger = Collection("C", "n", "base", fields, position=1)
    before = [younger, Collection("d", "m", "base", fields, position=0)]
    renamed = [younger, Collection("d", "c", "base", fields, position=0)]
    assert less_public(before, renamed) == {"C"}
    assert less_public(renamed, renamed) == set()
    assert less_public(renamed, before) == set()


def test_a_collection_stays_public_under_its_id_if_a_younger_one_has_it_as_a_name() -> None:
    fields = (Field("f", "file", "file"),)
    older = Collection("c", "c", "base", fields, position=0)
    before = [older, Collection("d", "m", "base", fields, position=1)]
    renamed = [older, Collection("d", "C", "base", fields, position=1)]
    assert less_public(before, renamed) == set()
