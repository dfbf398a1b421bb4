from collections.abc import Mapping

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import NULL, Operand, Query
from pocketfiles.rules.resolve import Resolver
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS


def resolved(name: str, sql_shapes: Mapping[str, str] | None = None) -> tuple[Operand, list[str]]:
    """The operand, and the kinds of the joins made for it."""
    query = Query(DOCUMENTS)
    operand = Resolver(query, COLLECTIONS, USERS, sql_shapes or {}).resolve(name)
    return operand, [join.kind for join in query.joins.values()][1:]


@pytest.mark.parametrize(
    ("name", "sql", "kinds", "many"),
    [
        ("text", 'j0."text"', [], False),
        ("text:lower", 'LOWER(j0."text")', [], False),
        ("text:isset", 'j0."text"', [], False),
        ("text:each", 'j0."text"', [], False),
        ("number:length", 'j0."number"', [], False),
        ("place", 'j0."place"', [], False),
        ("rel_one", 'j0."rel_one"', [], False),
        ("rel_one.id", 'j0."rel_one"', [], False),
        ("rel_one.name", 'j1."name"', ["single"], False),
        ("rel_one.boss.id", 'j1."boss"', ["single"], False),
        ("rel_one.id:lower", 'LOWER(j1."id")', ["single"], False),
        ("rel_many", 'j0."rel_many"', [], False),
        ("rel_many.id", 'j2."id"', ["item", "linked"], True),
        ("rel_many.boss.name", 'j3."name"', ["item", "linked", "single"], True),
        ("team.members.name", 'j3."name"', ["single", "item", "linked"], True),
        ("select_one:each", 'j1."value"', ["item"], False),
        ("select_many:each", 'j1."value"', ["item"], True),
        ("documents_via_parent.text", 'j1."text"', ["back"], True),
        ("rel_one.teams_via_lead.name", 'j2."name"', ["single", "back"], False),
        ("rel_one.TEAMS_via_members.name", 'j2."name"', ["single", "back"], True),
        ("@collection.teams.name", 'j1."name"', ["all"], True),
        ("@collection.teams_id:x.lead.name", 'j2."name"', ["all", "single"], True),
        ("parent.parent.parent.parent.parent.parent.text", 'j6."text"', ["single"] * 6, False),
    ],
)
def test_a_path_is_a_column_of_a_joined_row(
    name: str, sql: str, kinds: list[str], many: bool
) -> None:
    operand, joins = resolved(name)
    assert (operand.sql, joins, bool(operand.many)) == (sql, kinds, many)
    assert not operand.strict


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("json", "'$'"),
        ("json.a", "'$.a'"),
        ("json.0", "'$[0]'"),
        ("json.a.0.12.b", "'$.a[0][12].b'"),
        ("json.a:b", "'$.ab'"),
        ("place.lon", "'$.lon'"),
        ("parent.json.a", "'$.a'"),
    ],
)
def test_json_is_read_at_its_path_and_compared_strictly(name: str, path: str) -> None:
    operand, _ = resolved(name)
    assert f"json_extract(j{len(operand.joins) - 1}." in operand.sql
    assert f", {path})" in operand.sql
    assert operand.strict


def test_the_lower_modifier_works_on_json() -> None:
    operand, _ = resolved("json:lower")
    assert operand.sql.startswith("LOWER(CASE")
    assert operand.strict


def test_a_length_is_counted() -> None:
    assert resolved("files:length")[0].sql.startswith("json_array_length(")


@pytest.mark.parametrize(
    "name",
    [
        "nope",
        "text.x",
        "text:nope",
        "rel_one.nope",
        "rel_one..name",
        "documents.text",
        "Text",
        "collectionId",
        "#x",
        "@request.foo",
        "@request.context:lower",
        "@request.auth",
        "@nope.x",
        "@collection.teams",
        "@collection.nope.id",
        "@collection.teams.nope",
        "@collection.teams:a:b.name",
        "nope_via_parent.id",
        "documents_via_nope.id",
        "documents_via_text.id",
        "teams_via_lead.id",
        "lost.name",
        "lost.id",
        "parent.parent.parent.parent.parent.parent.parent.text",
    ],
)
def test_what_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(RuleError):
        resolved(name)


@pytest.mark.parametrize(
    ("name", "shape", "sql", "parameters", "kinds"),
    [
        ("@request.query.a", "null", "NULL", [], []),
        ("@request.query.a:isset", "true", "TRUE", [], []),
        ("@request.query.a:isset", "false", "FALSE", [], []),
        ("@request.query.a", "value", ":p0", [False], []),
        ("@request.query.a", "empty", ":p0", [True], []),
        ("@request.query.a:lower", "value", "LOWER(:p0)", [False], []),
        ("@request.body.files:length", "12", "12", [], []),
        ("@request.body.files:each", "value", 'j1."value"', [False], ["item"]),
        ("@request.body.file:each", "value", 'j1."value"', [False], ["item"]),
        ("@request.body.rel_one.name", "record", 'j1."name"', [], ["sent"]),
        ("@request.body.rel_many.boss.name", "record", 'j2."name"', [], ["sent", "single"]),
        ("@request.body.rel_one.nope", "record", "NULL", [], ["sent"]),
        ("@request.auth.name", "record", 'j1."name"', [], ["auth"]),
        ("@request.auth.nope", "record", "NULL", [], ["auth"]),
        ("@request.auth.nope.nope", "record", "NULL", [], ["auth"]),
        ("@request.auth.boss.nope", "record", "NULL", [], ["auth", "single"]),
        ("@request.auth.documents_via_parent.id", "record", "NULL", [], ["auth"]),
        ("@request.auth.documents_via_rel_one.id", "record", 'j2."id"', [], ["auth", "back"]),
    ],
)
def test_what_the_request_holds(
    name: str, shape: str, sql: str, parameters: list[bool], kinds: list[str]
) -> None:
    operand, joins = resolved(name, {name: shape})
    assert (operand.sql, [p.empty for p in operand.parameters], joins) == (sql, parameters, kinds)


def test_only_lists_of_the_body_have_all_match() -> None:
    many, one = "@request.body.files:each", "@request.body.file:each"
    assert resolved(many, {many: "value"})[0].many
    assert not resolved(one, {one: "value"})[0].many


@pytest.mark.parametrize(
    "name", ["@request.auth.name.x", "@request.auth.name:nope", "@request.body.nope.x"]
)
def test_even_the_request_has_paths_that_lead_nowhere(name: str) -> None:
    with pytest.raises(RuleError):
        resolved(name, {name: "record"})


def test_an_unknown_operand_of_the_request_is_null() -> None:
    assert resolved("@request.auth.boss.name") == (NULL, [])
