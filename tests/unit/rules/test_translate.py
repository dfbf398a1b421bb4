from collections.abc import Mapping

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Plan
from pocketfiles.rules.query import Origin
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS, a_field


def planned(rule: str, sql_shapes: Mapping[str, str] | None = None) -> Plan:
    return translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, sql_shapes or {})


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
    ("rule", "patterns"),
    [
        ("'a' ~ 'b'", {"p1"}),
        ("'a' ?!~ 'b'", {"p1"}),
        ("'a' ~ text", set()),
        ("text ~ strftime('%Y', 'x', 'utc')", {"p0", "p1", "p2"}),
        ("text ~ strftime('%Y', teams.founded, 'utc')", set()),
        ("text ?~ strftime('%Y', teams.founded, 'utc')", {"p0", "p1"}),
        ("strftime('%Y', text) ~ 'a'", {"p1"}),
        ("'a' = 'b'", set()),
    ],
)
def test_every_value_right_of_a_tilde_is_a_pattern(rule: str, patterns: set[str]) -> None:
    assert planned(rule).patterns == patterns


@pytest.mark.parametrize(("sign", "checked"), [("=", True), ("?=", False)])
def test_only_the_plain_signs_ask_for_all_values(sign: str, checked: bool) -> None:
    assert ("NOT EXISTS" in planned(f"rel_many.name {sign} 'a'").query) is checked
    assert ("NOT EXISTS" in planned(f"'a' {sign} rel_many.name").query) is checked


def test_literals_are_fields_where_there_are_such() -> None:
    assert '"documents"."text" IS NOT 1' in planned("text != True").query
    odd = type(DOCUMENTS)("odd", "odd", "base", (a_field("id", "text"), a_field("null", "text")))
    assert '"odd"."null" = :p0' in translate(parse("null = 'x'"), odd, COLLECTIONS, None, {}).query


def test_changed_is_sent_and_different() -> None:
    name = "@request.body.text"
    sql_shapes = {f"{name}:changed": "changed", name: "value", f"{name}:isset": "true"}
    changed = '(TRUE = 1 AND :p0 IS NOT "documents"."text")'
    assert f"{changed} IS 1" in planned(f"{name}:changed = true", sql_shapes).query
    assert f"('%' || {changed} || '%')" in planned(f"text ~ {name}:changed", sql_shapes).query


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


def test_a_plan_knows_the_patterns_that_are_read_from_records() -> None:
    (found,) = planned("text ~ team.name && text ~ 'x'").read_patterns
    assert found.sql == 'octet_length("documents_team"."name") > 49998'
    assert found.rows == ("documents_team",)


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


@pytest.mark.parametrize(
    ("rule", "equality"),
    [
        ("@collection.teams.name ?= 'x'", ("name", ":p0", True, False)),
        ("@collection.teams.name = text", ("name", '"documents"."text"', False, False)),
        ("text != @collection.teams.name", ("name", '"documents"."text"', False, True)),
        ("@collection.teams.name ?= team.name", ("name", '"documents_team"."name"', False, False)),
        ("@collection.teams.name ?= ''", None),
        ("@collection.teams.name ?= null", None),
        ("@collection.teams.name ?> 'x'", None),
        ("@collection.teams.open ?= true", None),
        ("@collection.teams.name ?= json", None),
        ("@collection.teams.name ?= @collection.users.name", None),
        ("team.name ?= 'x'", None),
    ],
)
def test_an_equality_with_one_value_can_be_looked_up(
    rule: str, equality: tuple[str, str, bool, bool] | None
) -> None:
    found = planned(rule).conditions[0][0].equality
    assert equality == (found and (found.key.field.name, found.value, found.literal, found.negated))


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("text = 'a' &&\n nope = 1", "no such field: nope at line 2, column 2: 'nope = 1'"),
        ("1 = nofn(1)", "no such function: nofn at line 1, column 5: 'nofn(1)'"),
        ("geoDistance(1, 2, 3, nope) = 1", "no such field: nope at line 1, column 22: 'nope) = 1'"),
        ("@today = 1", "no such identifier: @today at line 1, column 1: '@today = 1'"),
    ],
)
def test_a_refusal_names_the_place(rule: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        planned(rule)
    assert refused.value.reason == reason
