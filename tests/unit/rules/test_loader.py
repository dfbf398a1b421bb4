"""What a rule asks for, and what it does not."""

import json
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from pocketfiles.catalogue.model import Record
from pocketfiles.errors import RuleError
from tests.unit.rules.world import (
    ADA,
    TEAMS,
    USERS,
    World,
    decide,
    document,
    evaluation,
    record,
    request,
)

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
        ("@collection.users.name > 'x'", [("all", "users", ())]),
        (
            "@collection.users:a.name ?> 'x' || @collection.users:b.name < 'x'",
            [("all", "users", ())],
        ),
        (
            "@collection.users.name > 'x' || rel_one.name = 'x' || rel_one.boss.name = 'x'",
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
    ("rule", "calls"),
    [
        (
            "@collection.users.name ?= 'Eve'",
            [("referring", "users.name", ("Eve",))],
        ),
        (
            "@collection.users.name ?= 'Ada'",
            [("referring", "users.name", ("Ada",))],
        ),
        ("@collection.users.id ?= rel_one", [("batch", "users", ("bob",))]),
        (
            "@collection.teams.members.id ?= @request.auth.id && @collection.teams.seats ?> 3",
            [
                ("referring", "teams.members", ("ada",)),
                ("batch", "teams", ("red",)),
                ("batch", "users", ("bob",)),
            ],
        ),
        (
            "@collection.teams:a.members:each ?= 'bob' || @collection.teams:b.lead ?= rel_one",
            [
                ("referring", "teams.members", ("bob",)),
                ("batch", "teams", ("blue", "red")),
                ("referring", "teams.lead", ("bob",)),
            ],
        ),
        (
            "@collection.teams.name ?= 'Red' && @collection.teams.lead ?= @request.auth.id",
            [("referring", "teams.lead", ("ada",)), ("batch", "teams", ("red",))],
        ),
        (
            "@collection.users.name ?= team.name",
            [("batch", "teams", ("red",)), ("referring", "users.name", ("Red",))],
        ),
        (
            "@collection.teams.lead ?= @request.auth.id && @collection.teams.lead.name ?= 'x'",
            [("referring", "teams.lead", ("ada",)), ("batch", "teams", ("red",))],
        ),
        ("@collection.users.name ?= url", [("all", "users", ())]),
        ("@collection.users.name ?= 'x' || @collection.users.level ?> 9", [("all", "users", ())]),
    ],
)
def test_an_equality_reads_only_the_records_that_fit(
    rule: str, calls: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert asked(rule) == calls


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("@collection.users.name != 'nobody'", [0]),
        ("@collection.users.name != 'Ada'", [1]),
        ("@collection.users.name ?!= 'Ada'", [1]),
        ("@collection.users.name = 'Ada'", [1]),
        ("@collection.users.name = 'nobody'", [0]),
    ],
)
def test_one_record_more_tells_whether_others_differ(rule: str, limits: list[int]) -> None:
    world = Limited((*World.everything, ABOUT))
    decide(rule, ABOUT, None, world)
    assert world.limits == limits


class Limited(World):
    """Notes how many records of a whole collection were asked for."""

    def __init__(self, everything: Sequence[Record]) -> None:
        super().__init__(everything)
        self.limits: list[int] = []

    def all(self, collection_id: str, limit: int) -> Sequence[Record]:
        self.limits.append(limit)
        return super().all(collection_id, limit)


@pytest.mark.parametrize(
    ("rule", "max_rows"),
    [
        ("@collection.users.name ?> 'Z'", 2),
        ("rel_many.name ?= 'nobody'", 1),
        ("documents_via_parent.text ?= 'nobody'", 1),
        ("teams.members.name ?= 'nobody'", 2),
        ("rel_many.name != 'nobody'", 1),
        ("@collection.teams.lead ?= '' || @collection.users.name ?= 'nobody'", 2),
    ],
)
def test_more_rows_than_allowed_is_a_rule_error_that_names_the_collection(
    rule: str, max_rows: int
) -> None:
    siblings = (document("d3", parent="d1"), document("d4", parent="d1"))
    world = World((*World.everything, ABOUT, PARENT, CHILD, *siblings))
    with pytest.raises(
        RuleError, match=rf"more than {max_rows} records of (users|documents|teams) to look at"
    ):
        decide(rule, ABOUT, None, world, max_rows)
    decide(rule, ABOUT, None, world, 9)


@pytest.mark.parametrize(
    "rule",
    [
        "@collection.users.name ?> 'A'",
        "rel_many.name ?= 'Ada'",
        "documents_via_parent.rel_one ?= 'eve'",
    ],
)
def test_a_record_that_fits_decides_even_where_there_are_too_many(rule: str) -> None:
    siblings = (document("d3", parent="d1"), document("d4", parent="d1"))
    world = World((*World.everything, ABOUT, PARENT, CHILD, *siblings))
    assert decide(rule, ABOUT, None, world, 1)


@pytest.mark.parametrize(
    "rule",
    [
        "rel_many.name ?!= 'Ada'",
        "rel_many.name ?= text:lower || rel_many.name ?= ''",
        "rel_many.name ?= rel_many.email && rel_one.name != 'Ada'",
        "rel_many.teams_via_lead.seats ?> 0 && rel_one.name = ''",
    ],
)
def test_a_record_that_was_not_read_is_not_taken_for_a_missing_one(rule: str) -> None:
    alike = [record(USERS, name, name="Ada", email="Ada") for name in ("ada", "bob", "eve")]
    team = record(TEAMS, "t", lead="ada", seats=5)
    about = document(rel_many='["ada","bob"]', rel_one="eve")
    world = World([*alike, team])
    assert not decide(rule, about, None, world)
    with pytest.raises(RuleError, match="more than 1 records of users to look at"):
        decide(rule, about, None, world, max_rows=1)


@pytest.mark.parametrize(
    "rule",
    [
        "rel_one.name != 'Ada'",
        "rel_one.name = ''",
        "rel_many.name ?!= 'Ada'",
        "@collection.users.name != 'Ada'",
        "rel_one.teams_via_lead.name != 'Ada'",
    ],
)
def test_a_record_whose_values_are_not_known_denies_where_a_rule_looks_at_it(rule: str) -> None:
    eve = replace(record(USERS, "eve"), values={}, is_unreadable=True)
    about = document(rel_one="eve", rel_many='["eve"]')
    world = World([eve])
    with pytest.raises(RuleError, match="the values of users/eve are not in the table"):
        decide(rule, about, None, world)
    assert decide(f"text = 'test' || {rule}", about, None, world)


def test_more_bytes_than_allowed_is_a_rule_error() -> None:
    about = document(rel_many='["ada","bob"]')
    long = [record(USERS, name, name="x" * 1000) for name in ("ada", "bob")]
    asking = evaluation("rel_many.name ?= 'y'", about, request(), World(long))
    limits = replace(asking.limits, max_bytes=2000)
    with pytest.raises(RuleError, match="more than 2000 bytes of records to look at"):
        replace(asking, limits=limits).allows()


def test_large_records_are_not_held_in_memory_together() -> None:
    """A thousand records of a megabyte: a named refusal, and far less memory than they take."""
    ids = [f"u{number:03}" for number in range(1000)]
    about = document(rel_many=json.dumps(ids))
    tracemalloc.start()
    try:
        with pytest.raises(RuleError, match="bytes of records"):
            evaluation("rel_many.name ?= 'y'", about, request(), Heavy()).allows()
        with pytest.raises(RuleError, match="bytes of records"):
            evaluation("@collection.users.name ?> 'y'", about, request(), Heavy()).allows()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * 2**20


class Heavy(World):
    """Users of a megabyte each, made when they are read."""

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> Mapping[str, Record]:
        return {each: self._heavy(each) for each in record_ids}

    def all(self, collection_id: str, limit: int) -> Iterator[Record]:  # type: ignore[override]
        return (self._heavy(f"u{number}") for number in range(limit + 1))

    def _heavy(self, record_id: str) -> Record:
        return record(USERS, record_id, name="x" * 2**20)


def test_an_equality_over_a_hundred_thousand_records_reads_the_one_that_fits() -> None:
    world = Counting(100_000)
    for rule, reads in (
        ("@collection.users.name ?= 'user 7'", 1),
        ("@collection.users.name ?= 'nobody'", 0),
        ("@collection.users.name = 'user 7'", 3),
        ("@collection.users.name != 'nobody'", 1),
        ("@collection.users.name != 'user 7'", 3),
    ):
        world.reads = 0
        decide(rule, ABOUT, None, world)
        assert world.reads == reads, rule


class Counting(World):
    """So many users, each with a name of its own; ``reads`` counts the records that were read."""

    def __init__(self, count: int) -> None:
        super().__init__(())
        self.count = count
        self.reads = 0

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        numbers = [value.removeprefix("user ") for value in values]
        return [f"u{number}" for number in numbers if number.isdecimal()]

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> Mapping[str, Record]:
        self.reads += len(record_ids)
        return {each: self._user(each) for each in record_ids}

    def all(self, collection_id: str, limit: int) -> list[Record]:
        found = [self._user(f"u{number}") for number in range(min(self.count, limit + 1))]
        self.reads += len(found)
        return found

    def _user(self, record_id: str) -> Record:
        return record(USERS, record_id, name=f"user {record_id[1:]}")


def test_a_dangling_relation_is_a_row_of_nulls() -> None:
    assert decide("team.name = '' && team.seats != 5", document(team="gone"))


def test_a_number_names_no_record() -> None:
    world = World((record(USERS, "5", name="five"),))
    assert decide("rel_many.name ?= 'five'", document(rel_many='["5"]'), world=world)
    assert not decide("rel_many.name ?= 'five'", document(rel_many="[5]"), world=world)
