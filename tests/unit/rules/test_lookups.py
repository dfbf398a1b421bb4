from dataclasses import replace

import pytest

from pocketfiles.catalogue.model import Collection, Collections, Field, Value
from pocketfiles.rules.lookups import MAX_KEY_BYTES, index_key, index_values, indexed_fields
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS, a_field


def fields_looked_up(rule: str) -> set[tuple[str, str]]:
    asking = replace(DOCUMENTS, view_rule=rule)
    return set(indexed_fields(Collections([USERS, TEAMS, asking])))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("@collection.users.name ?= 'x'", {("users_id", "name")}),
        ("'x' = @collection.users:a.name", {("users_id", "name")}),
        ("@collection.users_id.level != 3", {("users_id", "level")}),
        ("@collection.teams.lead ?= @request.auth.id", {("teams_id", "lead")}),
        ("@collection.teams.lead.id ?= @request.auth.id", {("teams_id", "lead")}),
        ("@collection.teams.members:each ?= @request.auth.id", {("teams_id", "members")}),
        (
            "text = 'x' || (@collection.teams.name ?= text && @collection.users.name ?= text)",
            {("teams_id", "name"), ("users_id", "name")},
        ),
        ("@collection.users.name ?!= 'x'", set()),
        ("@collection.users.name ?~ 'x'", set()),
        ("@collection.users.id ?= 'x'", set()),
        ("@collection.users.verified ?= true", set()),
        ("@collection.documents.json ?= 1", set()),
        ("@collection.teams.lead.name ?= 'x'", set()),
        ("@collection.users.name:nope ?= 'x'", set()),
        ("@collection.teams.members ?= '[]'", set()),
        ("@collection.teams.lead:each ?= 'x'", set()),
        ("@collection.nope.name ?= 'x'", set()),
        ("team.name = 'x'", set()),
        ("this is no rule", set()),
        ("", set()),
    ],
)
def test_fields_that_a_rule_compares_by_equality_are_indexed(
    rule: str, found: set[tuple[str, str]]
) -> None:
    assert fields_looked_up(rule) == found


def test_rules_of_all_collections_count() -> None:
    first = replace(DOCUMENTS, view_rule="@collection.users.name ?= 'x'")
    second = replace(TEAMS, view_rule="@collection.users.level = 1")
    found = indexed_fields(Collections([USERS, first, second]))
    assert found == {("users_id", "name"), ("users_id", "level")}


@pytest.mark.parametrize(
    ("field", "raw", "keys"),
    [
        (a_field("f", "text"), "red", ("red",)),
        (a_field("f", "text"), "", ()),
        (a_field("f", "text"), None, ()),
        (a_field("f", "number"), 0, ("0.0",)),
        (a_field("f", "number"), "word", ("word",)),
        (a_field("f", "select", 3), '["a","b","a",5,null,["c"]]', ("a", "b", "5.0")),
        (a_field("f", "select", 3), "a", ("a",)),
        (a_field("f", "select", 3), "[", ("[",)),
        (a_field("f", "select", 3), '{"a":1}', ('{"a":1}',)),
        (a_field("f", "relation", 1), "0012", ("0012",)),
        (a_field("f", "relation", 3), '["1e3","x"]', ("1e3", "x")),
    ],
)
def test_a_record_is_found_under_each_of_its_values(
    field: Field, raw: Value, keys: tuple[str, ...]
) -> None:
    assert index_values(field, raw) == keys


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (5, 5.0),
        (5, "5"),
        ("5", "5.0"),
        ("5", " 05.0e0 "),
        (1e15, "1.0e+15"),
        (0, -0.0),
        (2**53, 2**53 + 1),
    ],
)
def test_values_that_sqlite_may_call_equal_share_a_key(left: Value, right: Value) -> None:
    field = a_field("f", "text")
    assert index_key(field, left) == index_key(field, right)


@pytest.mark.parametrize("other", ["0x10", "1_0", "٣", "5 x", ".", "1e", "+", "inf"])
def test_a_text_that_is_no_number_to_sqlite_is_its_own_key(other: str) -> None:
    assert index_key(a_field("f", "text"), other) == other


def test_a_long_value_has_a_short_key() -> None:
    field = a_field("f", "text")
    long = "x" * (MAX_KEY_BYTES + 1)
    assert len(index_key(field, long)) < MAX_KEY_BYTES
    assert index_key(field, long) != index_key(field, long + "x")


def test_a_collection_without_rules_looks_nothing_up() -> None:
    assert indexed_fields(Collections([Collection("a", "a", "base")])) == frozenset()
