from dataclasses import replace

import pytest

from pocketfiles.catalogue.model import Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plans import MAX_PLANS, Plans
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS


def collections() -> Collections:
    return Collections([USERS, TEAMS, DOCUMENTS])


def test_a_rule_is_translated_once_for_requests_of_one_shape() -> None:
    plans, known = Plans(), collections()
    rule = parse("@request.query.a = 'x'")
    name = "@request.query.a"
    first = plans.plan(rule, DOCUMENTS, known, None, {name: "value"})
    assert plans.plan(rule, DOCUMENTS, known, None, {name: "value"}) is first
    assert plans.plan(rule, DOCUMENTS, known, None, {name: "empty"}) is not first
    assert plans.count(known) == 2


def test_plans_go_with_their_collections() -> None:
    plans, known = Plans(), collections()
    rule = parse("text = 'x'")
    first = plans.plan(rule, DOCUMENTS, known, None, {})
    assert plans.plan(rule, DOCUMENTS, collections(), None, {}) is not first
    assert plans.count(known) == 1


def test_plans_are_bounded() -> None:
    plans, known = Plans(), collections()
    for number in range(MAX_PLANS + 50):
        plans.plan(parse(f"number = {number}"), DOCUMENTS, known, None, {})
    assert plans.count(known) == MAX_PLANS


def test_a_changed_collection_is_seen_at_once() -> None:
    plans, known = Plans(), collections()
    rule = parse("text = 'test'")
    plans.plan(rule, DOCUMENTS, known, None, {})
    with pytest.raises(RuleError, match="no such field"):
        plans.plan(rule, replace(DOCUMENTS, fields=DOCUMENTS.fields[:1]), known, None, {})
