"""What a rule asks for, and what it does not."""

import pytest

from pocketfiles.catalogue.model import Record
from pocketfiles.errors import RuleError
from tests.unit.rules.world import ADA, USERS, World, decide, document, record

ABOUT = document(
    rel_one="bob", rel_many='["ada","eve"]', team="red", teams='["red","blue","gone"]', parent="d0"
)
PARENT = document("d0", rel_one="ada")
CHILD = document("d2", parent="d1", rel_one="eve")


def asked(
    rule: str, about: Record = ABOUT, auth: Record | None = ADA
) -> list[tuple[str, str, tuple[str, ...]]]:
    world = World((*World.everything, ABOUT, PARENT, CHILD))
    decide(rule, about, auth, world, body={"rel_many": ["eve", "ada"]})
    return world.calls


@pytest.mark.parametrize(
    "rule",
    [
        "text = 'x' || json.a = 1 || rel_many:each ?= 'y' || files:length = 3",
        "@request.auth.id = rel_one || @request.auth.name = 'x' || @request.query.a = 'b'",
        "rel_one.id = 'x'",
        "geoDistance(place.lon, place.lat, 0, 0) < 1 || strftime('%Y', date) = '1'",
        "text = 'test' || rel_one.name = 'x'",
        "text = 'nope' && @collection.users.name = 'x'",
        "(text = 'test' || rel_one.name = 'x') && (team.name = 'x' || number > 1)",
        "@request.auth.boss.name = 'x'",
        "@request.body.nope.x = 1",
    ],
)
def test_a_rule_that_needs_no_lookup_makes_no_call(rule: str) -> None:
    assert asked(rule) == []


@pytest.mark.parametrize("rule", ["team.name = 'x'", "teams.name = 'x'", "parent.text = 'x'"])
def test_an_empty_relation_costs_nothing(rule: str) -> None:
    assert asked(rule, document()) == []


@pytest.mark.parametrize(
    ("rule", "calls"),
    [
        ("rel_one.name = 'x'", [("batch", "users", ("bob",))]),
        ("rel_one.name = 'x' || rel_many.name = 'x'", [("batch", "users", ("bob", "eve"))]),
        (
            "team.name = 'x' || teams.name = 'x' || rel_one.name = 'x'",
            [("batch", "teams", ("blue", "gone", "red")), ("batch", "users", ("bob",))],
        ),
        (
            "teams.members.name = 'x' || team.lead.name = 'x'",
            [("batch", "teams", ("blue", "gone", "red")), ("batch", "users", ("bob", "eve"))],
        ),
        ("rel_one.boss.name = 'x'", [("batch", "users", ("bob",))]),
        ("parent.parent.text = 'x'", [("batch", "documents", ("d0",))]),
        (
            "documents_via_parent.text = 'x'",
            [("referring", "documents.parent", ("d1",)), ("batch", "documents", ("d2",))],
        ),
        (
            "documents_via_parent.rel_one.name = 'x'",
            [
                ("referring", "documents.parent", ("d1",)),
                ("batch", "documents", ("d2",)),
                ("batch", "users", ("eve",)),
            ],
        ),
        (
            "rel_one.teams_via_members.name = 'x' || rel_many.teams_via_members.name = 'x'",
            [
                ("batch", "users", ("bob", "eve")),
                ("referring", "teams.members", ("ada", "bob", "eve")),
                ("batch", "teams", ("blue", "red")),
            ],
        ),
        ("@collection.users.name = 'x'", [("all", "users", ())]),
        (
            "@collection.users:a.name = 'x' || @collection.users:b.name ?= 'x'",
            [("all", "users", ())],
        ),
        (
            "@collection.users.name = 'x' || rel_one.name = 'x' || rel_one.boss.name = 'x'",
            [("all", "users", ())],
        ),
        (
            "@collection.teams.lead.name = 'x'",
            [("all", "teams", ()), ("batch", "users", ("bob",))],
        ),
        (
            "@request.auth.teams_via_members.name = 'x'",
            [("referring", "teams.members", ("ada",)), ("batch", "teams", ("red",))],
        ),
        ("@request.body.rel_many.name = 'x'", [("batch", "users", ("eve",))]),
    ],
)
def test_lookups_come_in_one_call_per_hop_and_each_record_once(
    rule: str, calls: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert asked(rule) == calls


def test_the_same_back_relation_is_asked_for_the_same_record_once() -> None:
    twice = (
        "parent.documents_via_parent.text = 'x'"
        " || parent.documents_via_parent.documents_via_parent.text = 'x'"
    )
    assert asked(twice, auth=None) == [
        ("batch", "documents", ("d0",)),
        ("referring", "documents.parent", ("d0",)),
        ("referring", "documents.parent", ("d1",)),
        ("batch", "documents", ("d2",)),
    ]
    around = "documents_via_parent.parent.documents_via_parent.text = 'x'"
    assert asked(around) == [
        ("referring", "documents.parent", ("d1",)),
        ("batch", "documents", ("d2",)),
    ]


@pytest.mark.parametrize(
    ("rule", "max_rows"),
    [
        ("@collection.users.name ?= 'Ada'", 2),
        ("rel_many.name ?= 'Ada'", 1),
        ("documents_via_parent.text ?= 'test'", 1),
        ("teams.members.name ?= 'Ada'", 2),
    ],
)
def test_more_rows_than_allowed_is_a_rule_error_that_names_the_collection(
    rule: str, max_rows: int
) -> None:
    world = World((*World.everything, ABOUT, PARENT, CHILD))
    with pytest.raises(
        RuleError, match=rf"more than {max_rows} records of (users|documents|teams) to look at"
    ):
        decide(rule, ABOUT, None, world, max_rows)
    assert decide(rule, ABOUT, None, world, 4)


def test_a_dangling_relation_is_a_row_of_nulls() -> None:
    assert decide("team.name = '' && team.seats != 5", document(team="gone"))


def test_a_number_names_no_record() -> None:
    world = World((record(USERS, "5", name="five"),))
    assert decide("rel_many.name ?= 'five'", document(rel_many='["5"]'), world=world)
    assert not decide("rel_many.name ?= 'five'", document(rel_many="[5]"), world=world)
