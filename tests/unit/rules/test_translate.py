from dataclasses import replace

import pytest

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import parse
from pocketfiles.rules.query import Origin
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, a_field, planned


def test_a_rule_about_the_record_alone_is_one_query_without_joins() -> None:
    plan = planned("text = 'a' && (number > 5 || bool = true)")
    assert plan.query == (
        'SELECT (1) FROM "documents" WHERE ("documents"."id" = :record) AND '
        '(("documents"."text" = :p0 AND ("documents"."number" > :p1 OR "documents"."bool" = 1)))'
        " LIMIT 1"
    )
    assert plan.parameters == {"p0": Origin("value", "a"), "p1": Origin("value", 5.0)}
    assert plan.tables[DOCUMENTS.id].columns == ("text", "number", "bool")


def test_joined_rows_are_shared_and_named_as_pocketbase_names_them() -> None:
    plan = planned("team.name ?= 'a' && team.lead.name ?= 'b'")
    assert plan.query.startswith(
        'SELECT DISTINCT (1) FROM "documents"'
        ' LEFT JOIN "teams" "documents_team" ON "documents_team"."id" = "documents"."team"'
        ' LEFT JOIN "users" "documents_team_lead"'
        ' ON "documents_team_lead"."id" = "documents_team"."lead" WHERE'
    )


def test_no_value_of_a_request_is_kept_in_a_plan() -> None:
    plan = planned("@request.query.a ~ 'x'", {"@request.query.a": "value"})
    assert plan.parameters["p0"] == Origin("request", "@request.query.a")


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("text = 'a' && json.a = 1", False),
        ("json..a = 1", True),
        ("text ~ url", False),
        ("text ~ @request.body.files:each", True),
        ("text = @request.body.files:each", False),
        ("@request.body.files:each ~ 'x'", False),
    ],
)
def test_a_plan_knows_whether_sqlite_may_fail(rule: str, fails: bool) -> None:
    assert planned(rule, {"@request.body.files:each": "value"}).may_fail is fails


def test_a_rule_that_names_a_view_that_cannot_be_read_means_nothing() -> None:
    view = Collection("view_id", "view", "view", (a_field("name", "text"),), is_broken=True)
    collections = Collections([*COLLECTIONS, view])
    without, naming = parse("text = ''"), parse("text = '' || @collection.view.name = ''")
    translate(without, DOCUMENTS, collections, None, {})
    with pytest.raises(RuleError, match="the view view cannot be read"):
        translate(naming, DOCUMENTS, collections, None, {})


@pytest.mark.parametrize(
    ("rule", "denies"),
    [
        ("text = ''", False),
        ("rel_many.name ?= 'a'", False),
        ("rel_many.name = 'a'", True),  # asks for all rows of the record's id
        ("text = '' || @collection.documents.text = ''", True),
        ("rel_one.documents_via_rel_one.text ?= ''", True),
    ],
)
def test_a_rule_that_looks_at_rows_that_the_table_lacks_means_nothing(
    rule: str, denies: bool
) -> None:
    collection = replace(DOCUMENTS, is_incomplete=True)
    others = [each for each in COLLECTIONS if each.id != DOCUMENTS.id]
    collections = Collections([collection, *others])
    parsed = parse(rule)
    if not denies:
        translate(parsed, collection, collections, None, {})
        return
    with pytest.raises(RuleError, match="rows of documents are not in the table"):
        translate(parsed, collection, collections, None, {})


def test_a_way_whose_join_another_replaced_is_kept() -> None:
    twins = type(DOCUMENTS)(
        "twins",
        "twins",
        "base",
        (
            a_field("id", "text"),
            a_field("rel", "relation", 1, "twins"),
            a_field("rel_rel", "relation", 1, "users_id"),
            a_field("name", "text"),
        ),
    )
    collections = type(COLLECTIONS)([*COLLECTIONS, twins])
    rule = parse("rel.rel.name = 'a' && rel_rel.name = 'b' && @collection.users.name = 'c'")
    plan = translate(rule, twins, collections, None, {})
    assert [join.collection and join.collection.name for join in plan.joins] == [
        "twins",
        "users",
        "users",
    ]
    assert len(plan.ways) == 1
    assert all(part.equality is None for parts in plan.conditions for part in parts)
