from collections.abc import Mapping

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.functions import NEW_STRFTIME
from pocketfiles.rules.parser import parse
from pocketfiles.rules.query import Origin
from pocketfiles.rules.translate import Lookup, Plan, translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS, a_field


def planned(rule: str, sql_shapes: Mapping[str, str] | None = None) -> Plan:
    return translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, sql_shapes or {})


def test_a_rule_about_the_record_alone_is_one_query() -> None:
    plan = planned("text = 'a' && number > 5")
    sql = 'SELECT DISTINCT j0."text" = :p0, j0."number" > :p1 FROM t0 AS j0  WHERE j0.id = :record'
    assert (plan.query, plan.first_query, plan.first) == (sql, sql, (0, 1))
    assert plan.parameters == {"p0": Origin("value", "a"), "p1": Origin("value", 5.0)}
    assert plan.lookups == ()
    assert plan.tables[DOCUMENTS.id].columns == ("text", "number")


def test_what_needs_no_lookup_has_its_own_query() -> None:
    plan = planned(
        "rel_one.name = 'a' || text = 'b' || @request.auth.name = 'c'",
        {"@request.auth.name": "record"},
    )
    assert plan.first == (1, 2)
    assert plan.first_query == (
        'SELECT DISTINCT j0."text" = :p1, j2."name" = :p2 FROM t0 AS j0'
        ' LEFT JOIN t1 AS j2 ON j2."id" = :auth WHERE j0.id = :record'
    )
    assert plan.lookups == (
        Lookup(
            USERS,
            None,
            2,
            'SELECT DISTINCT CAST(j0."rel_one" AS TEXT) FROM t0 AS j0  WHERE j0.id = :record'
            " AND j0.\"rel_one\" <> ''",
        ),
    )


def test_lookups_come_in_the_order_of_their_hops() -> None:
    plan = planned(
        "teams.lead.name = 'a' || documents_via_parent.text = 'b' || @collection.users.name = 'c'"
    )
    assert [(lookup.collection.name, lookup.back, lookup.hop) for lookup in plan.lookups] == [
        ("teams", None, 2),
        ("documents", DOCUMENTS.field("parent"), 2),
        ("users", None, 3),
    ]
    assert list(plan.wholes) == [USERS.id]


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
        ("'a' = 'b'", set()),
    ],
)
def test_the_values_right_of_a_tilde_are_patterns(rule: str, patterns: set[str]) -> None:
    assert planned(rule).patterns == patterns


@pytest.mark.parametrize(("sign", "checked"), [("=", True), ("?=", False)])
def test_only_the_plain_signs_look_for_violations(sign: str, checked: bool) -> None:
    assert ("NOT EXISTS" in planned(f"rel_many.name {sign} 'a'").query) is checked
    assert ("NOT EXISTS" in planned(f"'a' {sign} rel_many.name").query) is checked


def test_literals_are_fields_where_there_are_such() -> None:
    assert 'j0."text" IS NOT 1' in planned("text != True").query
    odd = type(DOCUMENTS)("odd", "odd", "base", (a_field("id", "text"), a_field("null", "text")))
    assert 'j0."null" = :p0' in translate(parse("null = 'x'"), odd, COLLECTIONS, None, {}).query


def test_changed_is_sent_and_different() -> None:
    name = "@request.body.text"
    sql_shapes = {f"{name}:changed": "changed", name: "value", f"{name}:isset": "true"}
    assert (
        '(TRUE = 1 AND :p0 IS NOT j0."text") IS 1'
        in planned(f"{name}:changed = true", sql_shapes).query
    )


@pytest.mark.parametrize(
    ("rule", "sqlite"), [("strftime('%Y') = '1'", ()), ("strftime('%F') = '1'", NEW_STRFTIME)]
)
def test_a_plan_knows_the_sqlite_it_needs(rule: str, sqlite: tuple[int, ...]) -> None:
    assert planned(rule).sqlite == sqlite


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("text = 'a' &&\n nope = 1", "no such field: nope at line 2, column 2: 'nope = 1'"),
        ("1 = nofn(1)", "no such function: nofn at line 1, column 5: 'nofn(1)'"),
        ("geoDistance(1, 2, 3, nope) = 1", "no such field: nope at line 1, column 22: 'nope) = 1'"),
        ("@today = 1", "no such identifier: @today at line 1, column 1: '@today = 1'"),
        (
            "@collection.users:a.name = @collection.teams:a.name",
            "the alias a stands for two collections at line 1, column 28: '@collection.teams:a.name'",
        ),
    ],
)
def test_a_refusal_names_the_place(rule: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        planned(rule)
    assert refused.value.reason == reason
