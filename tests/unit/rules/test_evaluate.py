"""Decisions, with the answers that PocketBase gives (pocketbase.md §7 and §12)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.catalogue.model import Collections, Record
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.evaluate import Step, check
from tests.unit.rules.world import (
    ADA,
    BOB,
    COLLECTIONS,
    DOCUMENTS,
    EVE,
    TEAMS,
    USERS,
    World,
    decide,
    document,
    evaluation,
    record,
    request,
)

TRUE, FALSE, NULL = "text = 'test'", "text = 'x'", "json.a > 1"


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ('text = "TEST"', False),
        ('text ~ "TES"', True),
        ('text ~ "t_st"', False),
        ('text ~ "t%t"', True),
        ('text !~ "TES"', False),
        ('number = "123456"', True),
        ('number = "123456.0"', True),
        ("number = text", False),
        ("number >= text", False),
        ('number < "a"', True),
        ("number > 0 && number != 0", True),
        ("text = 5", False),
        ("1 = '1'", False),
        ("bool = true && bool = 1 && bool = '1' && bool = TRUE", True),
        ("bool = 'true'", False),
        ("bool != ''", True),
        ("url = null && url = ''", True),
        ("text = null", False),
        ("rel_one = null", True),
        ('select_many = "optionB"', False),
        ('select_many ~ "optionB"', True),
        ('select_many = \'["optionB","optionC"]\'', True),
        ('select_many:each = "optionB"', False),
        ('select_many:each ?= "optionB"', True),
        ('select_many:each ~ "option"', True),
        ("select_many:length = 2", True),
        ("select_one:length = 0 && file:length = 1 && files:length = 0", True),
        ("files = '[]' && files != ''", True),
        ("json = null", True),
        ("json = ''", False),
        ("json.x != 'a'", True),
        ("text:lower = 'test' && text:isset = 'test'", True),
        ("date >= '2022-10-14' && date < @now", True),
        ("date > '2022-10-14T00'", False),
        ("geoDistance(place.lon, place.lat, -0.12, 51.5) < 2100", True),
        ("geoDistance(json.x, 1, 2, 3) = null", True),
        ('strftime("%Y", "bad") = ""', True),
        ('strftime("%Y") = "2026" && strftime("%Y-%m-%d %H:%M", "now") = "2026-11-23 18:04"', True),
        ('strftime("%Y", date) = 2022', False),
        ('strftime("%Y", date, "+1 year",) = "2023"', True),
        ('strftime("%Y", @now) = "2026" && @year = 2026', True),
        ("'a' ~ ''", True),
        ("text ~ null", False),
        ("number ~ 123456", True),
    ],
)
def test_a_rule_compares_the_records_own_values(rule: str, allowed: bool) -> None:
    assert decide(rule) is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ('@request.auth.id = ""', True),
        ("@request.auth.id = null", True),
        ('@request.auth.id != "x"', True),
        ('@request.auth.id != ""', False),
        ('@request.auth.id ~ "x"', False),
        ('@request.auth.id !~ "x"', False),
        ('@request.auth.id > ""', False),
        ("@request.auth.verified = false", False),
        ("@request.auth.verified != true", True),
        ("@request.auth.nope:each = null", True),
        ("@request.auth.id = @request.query.zz", True),
    ],
)
def test_a_guest_sees_what_the_rule_allows_everybody(rule: str, allowed: bool) -> None:
    assert decide(rule) is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("@request.auth.id = 'ada' && @request.auth.collectionName = 'users'", True),
        ("@request.auth.verified = true && @request.auth.level = 3", True),
        ("@request.auth.id:isset = true", False),
        ("@request.auth.role = ''", True),
        ("@request.auth.skills:each = 'draw'", True),
        ("@request.auth.teams_via_members.name = 'Red'", True),
        ("@request.auth.teams_via_lead.seats = 5", True),
        ("@request.auth.boss.name = ''", True),
    ],
)
def test_a_rule_compares_the_values_of_the_tokens_owner(rule: str, allowed: bool) -> None:
    assert decide(rule, auth=ADA) is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (
            "@request.query.a = 'x' && @request.query.a:lower = 'x'"
            " && @request.query.a:isset = true",
            True,
        ),
        (
            "@request.query.b = '' && @request.query.b:isset = true"
            " && @request.query.c:isset = false",
            True,
        ),
        ("@request.query.n = 5", False),
        ("@request.query.number = 5", True),
        ("@request.query.n > 100", True),
        ("@request.headers.x_token = 't' && @request.headers.host = null", True),
        ("@request.method = 'GET' && @request.context = 'protectedFile'", True),
        ("text = @request.body.text", True),
        ("@request.body.text:changed = false && @request.body.number:changed = true", True),
        ("@request.body.url:changed = false", True),
        ("@request.body.files:length = 2 && @request.body.files:each ~ 'a'", True),
        ("@request.body.files:each = 'a1'", False),
        ("@request.body.files:each ?= 'a1'", True),
        ("@request.body.rel_many.name ?= 'Bob'", True),
        ("@request.body.rel_many.name = 'Bob'", False),
        ("@request.body.rel_one.name = 'Ada' && @request.body.team.name = null", True),
    ],
)
def test_what_the_request_holds(rule: str, allowed: bool) -> None:
    body = {
        "text": "test",
        "number": 1,
        "files": ["a1", "a2"],
        "rel_many": ["ada", "bob"],
        "rel_one": "ada",
    }
    query = {"a": "x", "b": "", "n": "5", "number": "5"}
    assert decide(rule, query=query, headers={"X-Token": "t", "Host": "h"}, body=body) is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("rel_many.level ?= 3 && rel_many.name ?= 'Ada'", True),
        ("rel_many.level ?= 3 && rel_many.name ?= 'Bob'", False),
        ("rel_many.id ?= 'ada' && rel_many.id ?= 'bob'", False),
        ("rel_many.level >= 3", True),
        ("rel_many.level > 3", False),
        ("rel_many.level ?> 3", True),
        ("rel_many.level = rel_many.level", False),
        ("rel_many.level ?= rel_many.level", True),
        ("rel_many.boss.name != 'Eve'", True),
        ("teams.name = '' && teams.name != 'x'", True),
        ("teams.open = false || teams.open > 0 || teams.name ~ 'x' || teams.name !~ 'x'", False),
        ("teams.open != true", True),
        (
            "@collection.users.level >= 0"
            " && @collection.users:x.name ?= 'Ada' && @collection.users:y.name ?= 'Bob'",
            True,
        ),
        ("@collection.users.name ?= 'Ada' && @collection.users.name ?= 'Bob'", False),
        ("strftime('%Y', @collection.teams.founded) > '2019'", True),
        ("strftime('%Y', @collection.teams.founded) > '2020'", False),
        ("strftime('%Y', @collection.teams.founded) ?> '2020'", True),
        ("strftime('%Y', @collection.teams.founded) != ''", False),
        ("geoDistance(rel_many.level, 0, 3, 0) < 1", True),
    ],
)
def test_a_comparison_of_several_rows_asks_for_all_or_for_one(rule: str, allowed: bool) -> None:
    assert decide(rule, document(rel_many='["ada","bob"]')) is allowed


def test_an_empty_collection_is_a_row_of_nulls() -> None:
    world = World(())
    assert decide("@collection.users.name = null", world=world)
    assert not decide("@collection.users.name ?= 'Ada'", world=world)


@pytest.mark.parametrize("left", [TRUE, FALSE, NULL])
@pytest.mark.parametrize(
    "right", [TRUE, FALSE, NULL, "rel_one.name = 'Ada'", "rel_one.name = 'Eve'"]
)
def test_and_or_and_groups_agree_with_the_truth_table(left: str, right: str) -> None:
    about = document(rel_one="ada")
    a, b = decide(left, about), decide(right, about)
    for c, third in ((True, TRUE), (False, FALSE)):
        assert decide(f"{left} && {right}", about) is (a and b)
        assert decide(f"{left} || {right}", about) is (a or b)
        assert decide(f"{left} || {right} && {third}", about) is (a or (b and c))
        assert decide(f"({left} || {right}) && {third}", about) is ((a or b) and c)


FIELDS = ("text", "number", "bool", "json.a", "rel_many.name", "rel_one.level", "select_many:each")
OTHERS = (
    "null",
    "true",
    "3",
    "'Ada'",
    "'%d%'",
    "@now",
    "@request.auth.name",
    "@collection.users.name",
)
operands = st.sampled_from((*FIELDS, *OTHERS, "strftime('%Y', date)"))
signs = st.sampled_from(["=", "!=", ">", "<=", "~", "!~", "?=", "?!=", "?<", "?~"])
comparisons = st.tuples(operands, signs, operands).map(" ".join)
ABOUT = document(rel_one="bob", rel_many='["ada","eve"]', json='{"a": 3}')


@given(st.lists(comparisons, min_size=1, max_size=4), st.data())
def test_a_rule_and_its_rewriting_decide_alike(parts: list[str], data: st.DataObject) -> None:
    joins = [data.draw(st.sampled_from(["&&", "||"])) for _ in parts[1:]]
    rule = " ".join(
        [parts[0], *(f"{join} {part}" for join, part in zip(joins, parts[1:], strict=True))]
    )
    spread = "\n".join(
        [
            f"(({parts[0]}))",
            *(f"// {j}\n{j}\t( {p} )" for j, p in zip(joins, parts[1:], strict=True)),
        ]
    )
    assert decide(rule, ABOUT, ADA) is decide(spread, ABOUT, ADA)


@given(comparisons, comparisons)
def test_a_rule_decides_like_its_explanation(left: str, right: str) -> None:
    for join, asked in product(("&&", "||"), (request(), request(EVE))):
        rule = f"{left} {join} {right}"
        found = evaluation(rule, ABOUT, asked, World()).explain()
        assert found.allowed is decide(rule, ABOUT, asked.auth)
        assert len(found.steps) == 2


def test_an_explanation_has_every_comparison_in_the_order_written() -> None:
    rule = "text = 'x' ||\n(rel_many.name ?= 'Ada' && json.a > 1) || url!=''"
    found = evaluation(rule, ABOUT, request(), World()).explain()
    assert found.steps == (
        Step("text = 'x'", False),
        Step("rel_many.name ?= 'Ada'", True),
        Step("json.a > 1", True),
        Step("url!=''", False),
    )
    assert found.allowed


def test_an_explanation_shows_null_and_what_was_never_looked_at() -> None:
    rule = "json.a > 1 && @collection.users.name ?> 'Zoe'"
    found = evaluation(rule, document(), request(), World(), max_rows=1).explain()
    assert not found.allowed
    assert found.steps == (
        Step("json.a > 1", None),
        Step("@collection.users.name ?> 'Zoe'", None, evaluated=False),
    )
    with pytest.raises(RuleError, match="more than 1 records"):
        evaluation(rule, ABOUT, request(), World(), max_rows=1).explain()


@pytest.mark.parametrize(
    "rule", ["@request.auth.name.x = 1", "text = @request.body.x", "@request.auth.nope:each = 1"]
)
def test_a_check_knows_no_request(rule: str) -> None:
    check(rule, DOCUMENTS, COLLECTIONS)


@pytest.mark.parametrize(
    "rule", ["", " ", "// x", "nope = 1", "text = 1 &&", "@collection.nope.id = 1", "text = \r1"]
)
def test_a_check_refuses_what_pocketbase_would_not_save(rule: str) -> None:
    with pytest.raises(RuleError):
        check(rule, DOCUMENTS, COLLECTIONS)
    with pytest.raises(RuleError):
        decide(rule)


def test_threads_do_not_see_each_other() -> None:
    def ask(number: int) -> bool:
        about = document(text=str(number), rel_one="ada" if number % 2 else "bob")
        return decide(
            "text = @request.query.n && rel_one.name = 'Ada'", about, query={"n": str(number)}
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == [bool(number % 2) for number in range(200)]


A_LONG_JSON = "[" + "1," * 60_000 + "1]"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("(" * 5_000 + "text = 'a'" + ")" * 5_000, {}),
        ("&&".join(["text ~ 'a%a%a%a%a%a%b'"] * 200), {"text": "a" * 400_000}),
        ("text ~ @request.query.a", {"text": "a" * 400_000}),
        (" || ".join(["text ~ '" + "a" * 400 + "b'"] * 200), {"text": "a" * 400_000}),
        ("url ~ text", {"text": "a" * 50_000, "url": "a" * 400_000}),
        ("json = '1'", {"json": "[" * 100_000}),
        ("json:lower = '1' || json.9.9.9.9 = 1", {"json": A_LONG_JSON}),
        (
            "files:each ?= 'x' || select_many:each ?= 'y'",
            {"files": A_LONG_JSON, "select_many": A_LONG_JSON},
        ),
        ("'" + "x" * 1_000_000 + "' = text", {}),
        ("text = 'x' || " * 199 + "json" + ".a" * 10_000 + " = 1", {}),
        ("json..a = 1", {"json": "{}"}),
        ("text = 'a'", {"text": "\ud800"}),
        ("text = 'a'", {"text": "a" * 5_000_000}),
    ],
)
def test_a_hostile_rule_denies(rule: str, values: dict[str, Any]) -> None:
    try:
        assert not decide(rule, document(**values), query={"a": "%_" * 4_000})
    except RuleError as refused:
        assert "aaaa" not in refused.reason


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (
            "@collection.teams:m.name ?= 'Ada' && @collection.users:m.email ?= 'ada@files.test'",
            True,
        ),
        (
            "@collection.teams:m.name ?= 'Red' && @collection.users:m.email ?= 'ada@files.test'",
            False,
        ),
        ("@collection.users:m.name ?= 'Red' && @collection.teams:m.seats ?= 5", True),
        # Of the first collection all values must fit, even if no row of it is joined.
        ("@collection.users:m.name != 'Ada' && @collection.teams:m.seats ?= 5", False),
        ("@collection.users:m.name != 'Nobody' && @collection.teams:m.seats ?= 5", True),
    ],
)
def test_one_alias_for_two_collections_stands_for_the_last(rule: str, allowed: bool) -> None:
    assert decide(rule) is allowed


def test_a_column_that_the_last_collection_lacks_denies() -> None:
    with pytest.raises(RuleError, match="no such column"):
        decide("text = 'test' || @collection.teams:m.seats ?= 5 || @collection.users:m.name ?= 'x'")


def test_a_column_of_two_collections_whose_aliases_differ_in_letter_case_alone_denies() -> None:
    with pytest.raises(RuleError, match="ambiguous column name"):
        decide("@collection.teams:m.seats ?= 5 || @collection.users:M.name ?= 'x'")
    assert decide("@collection.teams:m.seats ?= 5 || @collection.users:M.email ?= 'x'")


def test_a_column_that_one_of_three_mixed_up_aliases_has_is_read_from_it() -> None:
    rule = (
        "@collection.teams:m.seats ?= 5 || @collection.users:m.email ?= 'x'"
        " || @collection.teams:M.open ?= 1"
    )
    mixed_up = evaluation(rule, document(), request(), World())
    assert mixed_up.allows()
    explanation = mixed_up.explain()
    assert explanation.allowed
    assert [step.evaluated for step in explanation.steps] == [False, True, True]


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("@collection.teams.members != '[]'", False),
        ("@collection.teams.members = '[]'", False),
        ("@collection.teams.members ?= '[\"ada\"]'", True),
        ("@collection.teams.members ?= rel_many", True),
        ("@collection.teams.members ?= 'ada'", False),
        ("@collection.teams.members:each ?= 'ada'", True),
        ("@collection.teams.lead ?= 'ada'", False),
        ("@collection.teams.lead:each ?= 'ada'", True),
        ("@collection.teams.lead:each != 'ada'", False),
    ],
)
def test_a_list_in_another_collection_is_one_text_until_each_item_is_asked_for(
    rule: str, allowed: bool
) -> None:
    empty = record(TEAMS, "empty", members="[]", lead="")
    listed = record(TEAMS, "listed", members='["ada"]', lead='["bob","ada"]')
    about = document(rel_many='["ada"]')
    assert decide(rule, about, world=World([empty, listed])) is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("@collection.users.level != @request.query.given:isset", False),
        ("@collection.users.level != @request.query.missing:isset", False),
        ("@collection.users.level ?!= @request.query.given:isset", True),
    ],
)
def test_whether_a_value_differs_from_isset_is_whether_it_is_true(rule: str, allowed: bool) -> None:
    people = [record(USERS, f"u{n}", level=n) for n in range(3)]
    assert decide(rule, world=World(people), query={"given": ""}) is allowed


def test_alternatives_over_many_joined_rows_are_decided_one_by_one() -> None:
    everyone = [record(USERS, f"u{n}", name="x", level=n) for n in range(900)]
    rule = " || ".join(f"@collection.users:{alias}.name ?> 'y'" for alias in "abcdefgh")
    assert not decide(rule, world=World(everyone))


def test_parts_over_different_rows_are_decided_one_by_one() -> None:
    everyone = [record(USERS, f"u{n}", name="x", level=n) for n in range(900)]
    parts = [f"@collection.users:{alias}.level ?> 898" for alias in "abcde"]
    assert decide(" && ".join(parts), world=World(everyone))
    assert not decide(
        " && ".join([*parts, "@collection.users:f.level ?> 899"]), world=World(everyone)
    )


def test_work_over_rows_that_must_be_looked_at_together_is_bounded() -> None:
    everyone = [record(USERS, f"u{n}", name=f"{n}", level=n) for n in range(900)]
    rule = "@collection.users:a.level ?= @collection.users:b.name && " * 2
    rule += "@collection.users:b.name ?= @collection.users:c.level"
    asking = evaluation(rule, document(), request(), World(everyone))
    with pytest.raises(RuleError, match="takes more than 1000000 steps"):
        replace(asking, limits=RuleLimits(max_steps=1_000_000)).allows()


def test_an_explanation_tells_the_work() -> None:
    found = evaluation("rel_many.name ?= 'Ada'", ABOUT, request(), World()).explain()
    assert found.work.rows == 2
    assert found.work.bytes > 0


@pytest.mark.parametrize(
    ("rule", "about"),
    [
        ("text = 'test' || json..a = 1", {"json": "{}"}),
        ("text ~ url || text = 'test'", {"url": "x"}),
    ],
)
def test_where_sqlite_may_fail_the_whole_query_decides(rule: str, about: dict[str, Any]) -> None:
    assert decide(rule, document(**about))


@pytest.mark.parametrize(
    "rule",
    [
        "json..a = 1 || text = 'test'",
        "text ~ url || text = 'test'",
        "text = 'test' || documents_via_parent.text ?= '' || DOCUMENTS_via_parent.id ?= ''",
        "text = 'test' || @collection.users:a.id ?= 1 || @collection.users:A.id ?= 1",
    ],
)
def test_a_query_that_fails_denies(rule: str) -> None:
    about = document(json="{}", url="x" * 60_000)
    with pytest.raises(RuleError):
        decide(rule, about)


@pytest.mark.parametrize(("fits", "fails"), [("a", "b"), ("b", "a")])
def test_a_row_on_which_sqlite_fails_denies_wherever_it_comes(fits: str, fails: str) -> None:
    names = {fits: "hit", fails: "x" * 60_000}
    world = World([record(USERS, each, name=name) for each, name in names.items()])
    with pytest.raises(RuleError):
        decide("'a hit here' ?~ @collection.users.name", world=world)


def test_a_record_of_a_view_is_judged_by_its_columns() -> None:
    view = replace(
        DOCUMENTS, id="v", name="v", type="view", view_query="SELECT id, count(*) as number FROM x"
    )
    about = Record("v", "d1", document().values | {"number": 5})
    world = World(collections=Collections([USERS, TEAMS, view]))
    asked = request(BOB)
    assert evaluation("number = 5", about, asked, world, collection=view).allows()
    assert not evaluation("number = '5'", about, asked, world, collection=view).allows()
