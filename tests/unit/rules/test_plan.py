import pytest

from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Plan
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS

SHAPES = {"@request.auth.name": "record", "@request.auth.boss.name": "record"}


def planned(rule: str) -> Plan:
    return translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, SHAPES)


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        ("text = 'a'", True),
        ("@request.auth.name = 'a'", True),
        ("select_many:each ?= 'a'", True),
        ("rel_one.id = 'a'", True),
        ("rel_one.name = 'a'", False),
        ("@collection.users.name ?= 'a'", False),
        ("@request.auth.boss.name = 'a'", False),
    ],
)
def test_a_plan_knows_what_needs_no_lookup(rule: str, known: bool) -> None:
    plan = planned(rule)
    assert all(map(plan.is_known, plan.conditions[0])) is known


def test_a_query_for_values_of_joined_rows_starts_at_the_record() -> None:
    plan = planned("team.name = 'a'")
    joins = plan.joined(plan.conditions[0])
    assert plan.select(["1", "2"], joins, "3") == (
        'SELECT 1, 2 FROM "documents" LEFT JOIN "teams" "documents_team"'
        ' ON "documents_team"."id" = "documents"."team" WHERE "documents"."id" = :record AND 3'
    )
    assert plan.select(["1"], [], own="x") == (
        'SELECT 1 FROM "documents" "x" WHERE "x"."id" = :record'
    )
