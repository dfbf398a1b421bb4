"""Goals decided over records in SQLite; the whole query says the same as the small ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.config import RuleLimits
from pocketfiles.rules.database import Database, opened
from pocketfiles.rules.decide import Decider
from pocketfiles.rules.goals import goal_of
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Plan
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import (
    ADA,
    BLUE,
    BOB,
    COLLECTIONS,
    DOCUMENTS,
    EVE,
    NONE,
    RED,
    TEAMS,
    USERS,
    document,
)

ABOUT = document(rel_one="bob", rel_many='["ada","eve"]', team="red", teams='["red","blue"]')


@contextmanager
def loaded(rule: str) -> Iterator[tuple[Plan, Database]]:
    """The rule's plan, and a database that has every record."""
    plan = translate(parse(rule), DOCUMENTS, COLLECTIONS, None, {})
    values = {name: origin.value for name, origin in plan.parameters.items()}
    with opened({**values, "record": "d1", "now": "", "auth": None}, RuleLimits()) as database:
        for collection, records in (
            (DOCUMENTS, [ABOUT]),
            (USERS, [ADA, BOB, EVE]),
            (TEAMS, [RED, BLUE, NONE]),
        ):
            if collection.id in plan.tables:
                database.create(plan.tables[collection.id])
                database.insert(plan.tables[collection.id], records)
        yield plan, database


paths = st.sampled_from(
    [
        "text",
        "number",
        "rel_one.name",
        "rel_many.name",
        "rel_many.level",
        "rel_many.boss.name",
        "team.lead.name",
        "teams.name",
        "teams.members.level",
        "select_many:each",
        "rel_one.teams_via_members.name",
        "@collection.users.name",
        "@collection.users:a.level",
        "@collection.teams:b.seats",
    ]
)
values = st.sampled_from(["'Ada'", "'Bob'", "'Red'", "''", "3", "50", "'optionB'", "null"])
signs = st.sampled_from(["=", "!=", ">", "<=", "?=", "?!=", "?>", "?<"])
comparisons = st.tuples(paths, signs, values | paths).map(" ".join)
rules = st.recursive(
    comparisons,
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=6,
)


@given(rules)
def test_the_small_queries_decide_as_the_whole_one_does(rule: str) -> None:
    with loaded(rule) as (plan, database):
        goal = goal_of(plan.rule.root, plan)
        decider = Decider(plan, database)
        whole = database.has_row(plan.query)
        assert decider.holds(goal) is whole
        assert decider.holds(decider.without_single(goal)) is whole


@pytest.mark.parametrize(
    ("comparison", "outcome"),
    [
        ("rel_many.name ?= 'Ada'", True),
        ("rel_many.name = 'Ada'", False),
        ("text > null", None),
        ("rel_many.level ?> 100", False),
    ],
)
def test_an_outcome_is_the_best_of_all_rows(comparison: str, outcome: bool | None) -> None:
    with loaded(comparison) as (plan, database):
        assert Decider(plan, database).outcome(plan.conditions[0]) is outcome


def test_what_is_known_can_decide_without_the_rest() -> None:
    with loaded("text = 'test' || rel_one.name = 'x'") as (plan, database):
        assert Decider(plan, database).without_known(goal_of(plan.rule.root, plan)) is True
    with loaded("text = 'x' && rel_one.name = 'x'") as (plan, database):
        assert Decider(plan, database).without_known(goal_of(plan.rule.root, plan)) is False
    with loaded("select_many:each ?= 'optionB' || rel_one.name = 'x'") as (plan, database):
        assert Decider(plan, database).holds_anyhow(goal_of(plan.rule.root, plan))
