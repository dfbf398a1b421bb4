import pytest

from pocketfiles.rules.goals import (
    All,
    Goal,
    Some,
    alternatives,
    apart,
    conditions_of,
    differs_only,
    every_of,
    goal_of,
    looked_up,
    one_of,
    reduced,
    several,
    where,
)
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Condition, Plan
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS

A, B, C = (Condition(name, (), ()) for name in "abc")


def planned(rule: str) -> tuple[Plan, Goal]:
    shapes = {"@request.auth.name": "record", "@request.auth.id": "value"}
    plan = translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, shapes)
    return plan, goal_of(plan.rule.root, plan)


@pytest.mark.parametrize(
    ("made", "goal"),
    [
        (every_of([]), True),
        (every_of([True, A]), A),
        (every_of([A, False]), False),
        (every_of([A, every_of([B, C])]), All((A, B, C))),
        (one_of([]), False),
        (one_of([False, A]), A),
        (one_of([A, True]), True),
        (one_of([A, one_of([B, C])]), Some((A, B, C))),
    ],
)
def test_goals_are_flat_and_without_constants(made: Goal, goal: Goal) -> None:
    assert made == goal


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ({}, Some((All((A, B)), C))),
        ({"a": True}, Some((B, C))),
        ({"a": False}, C),
        ({"c": True}, True),
    ],
)
def test_what_is_known_leaves_the_goal(known: dict[str, bool], left: Goal) -> None:
    goal = one_of([every_of([A, B]), C])
    assert reduced(goal, lambda condition: known.get(condition.sql)) == left


def test_a_goal_is_one_condition_of_a_query() -> None:
    assert where(one_of([every_of([A, B]), C])) == "(((a) AND (b)) OR (c))"
    assert list(conditions_of(one_of([every_of([A, B]), C]))) == [A, B, C]
    assert (where(True), where(False)) == ("TRUE", "FALSE")


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        ("text = 'a' && team.name = 'b'", 2),
        ("team.name = 'a' && team.seats = 2", 2),
        ("rel_many.name ?= 'a' && rel_many.level ?= 2", 1),
        ("rel_many.name ?= 'a' && rel_many.boss.name ?= 'b'", 1),
        ("rel_many.name ?= 'a' && teams.name ?= 'b'", 2),
        ("@collection.users:a.name ?= 'a' && @collection.users:b.name ?= 'b'", 2),
        ("@collection.users.name ?= 'a' && @collection.users.level ?= 2", 1),
        (
            "rel_many.name ?= 'a' && teams.name ?= 'b'"
            " && (rel_many.level ?= 1 || teams.seats ?= 2)",
            1,
        ),
    ],
)
def test_parts_that_share_a_joined_row_stay_together(rule: str, groups: int) -> None:
    plan, goal = planned(rule)
    assert isinstance(goal, All)
    assert len(apart(goal, plan)) == groups


def test_the_halves_of_an_all_match_comparison_can_be_decided_one_by_one() -> None:
    plan, goal = planned("rel_many.name = 'a'")
    assert isinstance(goal, All)
    assert len(apart(goal, plan)) == 2


def test_an_alternative_inside_is_taken_outside() -> None:
    goal = every_of([A, one_of([B, C])])
    assert isinstance(goal, All)
    assert alternatives(goal) == [All((B, A)), All((C, A))]
    assert alternatives(All((A, B))) == []
    many = Some(tuple(Condition(str(number), (), ()) for number in range(100)))
    assert alternatives(All((A, many))) == []


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("team.lead.name = 'a' && @request.auth.name = 'b'", set()),
        (
            "teams.lead.name ?= 'a'",
            {"__je_documents_teams", "documents_teams", "documents_teams_lead"},
        ),
        ("documents_via_parent.text ?= 'a'", {"documents_documents_via_parent"}),
    ],
)
def test_rows_are_several_where_what_they_hang_on_is(rule: str, rows: set[str]) -> None:
    plan, _ = planned(rule)
    assert several([join.name for join in plan.joins], plan) == rows


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("@collection.users.name ?= text", ["name"]),
        ("@collection.users.name ?= text && @collection.users.level ?> 2", ["name"]),
        ("@collection.users.name ?= 'a' && @collection.users.boss ?= rel_one", ["boss"]),
        ("@collection.users.name ?= 'a' || @collection.users.boss ?= rel_one", ["name", "boss"]),
        ("@collection.users.name ?= 'a' || text = 'b'", ["name"]),
        ("@collection.users.name ?= 'a' || @collection.users.level ?> 2", None),
        ("@collection.users.level ?> 2", None),
        ("@collection.users.name ?!= 'a'", None),
        ("@collection.users:b.name ?= 'a'", []),
    ],
)
def test_an_equality_that_must_hold_tells_which_records_matter(
    rule: str, fields: list[str] | None
) -> None:
    plan, goal = planned(rule)
    found = looked_up(goal, "__collection_users", plan)
    assert fields == (None if found is None else [each.key.field.name for each in found])


@pytest.mark.parametrize(
    ("rule", "differs"),
    [
        ("@collection.users.name ?!= 'a'", True),
        ("@collection.users.name != 'a'", True),
        ("@collection.users.name = 'a'", False),
        ("@collection.users.name != 'a' && @collection.users.level ?> 1", False),
    ],
)
def test_a_comparison_may_only_ask_for_a_record_that_differs(rule: str, differs: bool) -> None:
    plan, goal = planned(rule)
    assert bool(differs_only(goal, "__collection_users", plan)) is differs
