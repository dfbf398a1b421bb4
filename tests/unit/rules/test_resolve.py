from collections.abc import Mapping

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import NULL, Operand, Query
from pocketfiles.rules.resolve import Resolver
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS


def resolved(
    name: str, sql_shapes: Mapping[str, str] | None = None
) -> tuple[Operand, dict[str, str]]:
    """The operand, and the kinds of the joins made for it, by their names."""
    query = Query(DOCUMENTS)
    operand = Resolver(query, COLLECTIONS, USERS, sql_shapes or {}).resolve(name)
    return operand, {join.name: join.kind for join in query.joins.values()}


@pytest.mark.parametrize(
    ("name", "sql", "joins", "many"),
    [
        ("text", '"documents"."text"', {}, False),
        ("text:lower", 'LOWER("documents"."text")', {}, False),
        ("text:isset", '"documents"."text"', {}, False),
        ("text:each", '"documents"."text"', {}, False),
        ("number:length", '"documents"."number"', {}, False),
        ("place", '"documents"."place"', {}, False),
        ("rel_one", '"documents"."rel_one"', {}, False),
        ("rel_one.id", '"documents"."rel_one"', {}, False),
        ("rel_one.name", '"documents_rel_one"."name"', {"documents_rel_one": "single"}, False),
        ("rel_one.boss.id", '"documents_rel_one"."boss"', {"documents_rel_one": "single"}, False),
        (
            "rel_one.id:lower",
            'LOWER("documents_rel_one"."id")',
            {"documents_rel_one": "single"},
            False,
        ),
        ("rel_many", '"documents"."rel_many"', {}, False),
        (
            "rel_many.id",
            '"documents_rel_many"."id"',
            {"__je_documents_rel_many": "item", "documents_rel_many": "linked"},
            True,
        ),
        (
            "team.members.name",
            '"documents_team_members"."name"',
            {
                "documents_team": "single",
                "__je_documents_team_members": "item",
                "documents_team_members": "linked",
            },
            True,
        ),
        (
            "select_one:each",
            '"__je_documents_select_one"."value"',
            {"__je_documents_select_one": "item"},
            False,
        ),
        (
            "select_many:each",
            '"__je_documents_select_many"."value"',
            {"__je_documents_select_many": "item"},
            True,
        ),
        (
            "documents_via_parent.text",
            '"documents_documents_via_parent"."text"',
            {"documents_documents_via_parent": "back"},
            True,
        ),
        (
            "rel_one.teams_via_lead.name",
            '"documents_rel_one_teams_via_lead"."name"',
            {"documents_rel_one": "single", "documents_rel_one_teams_via_lead": "back"},
            False,
        ),
        (
            "rel_one.TEAMS_via_members.name",
            '"documents_rel_one_TEAMS_via_members"."name"',
            {"documents_rel_one": "single", "documents_rel_one_TEAMS_via_members": "back"},
            True,
        ),
        (
            "@collection.TEAMS.name",
            '"__collection_teams"."name"',
            {"__collection_teams": "all"},
            True,
        ),
        (
            "@collection.teams_id:x.lead.name",
            '"__collection_alias_x_lead"."name"',
            {"__collection_alias_x": "all", "__collection_alias_x_lead": "single"},
            True,
        ),
    ],
)
def test_a_path_is_a_column_of_a_row_that_is_named_by_the_way_to_it(
    name: str, sql: str, joins: dict[str, str], many: bool
) -> None:
    operand, made = resolved(name)
    assert (operand.sql, made, bool(operand.many)) == (sql, joins, many)
    assert operand.fallback == "auto"


def test_six_relations_in_a_row_can_be_followed() -> None:
    assert resolved("parent.parent.parent.parent.parent.parent.text")[0].rows == (
        "documents" + "_parent" * 6,
    )


def test_all_values_are_read_over_rows_of_their_own() -> None:
    many = resolved("rel_many.boss.name")[0].many
    assert many is not None
    assert many.sql == '"__mm_documents_rel_many_boss"."name"'
    assert [join.name for join in many.joins] == [
        "__mm_documents_rel_many_je",
        "__mm_documents_rel_many",
        "__mm_documents_rel_many_boss",
    ]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("json", "'$'"),
        ("json.a", "'$.a'"),
        ("json.0", "'$[0]'"),
        ("json.007", "'$[007]'"),
        ("json.99999999999999999999", "'$.99999999999999999999'"),
        ("json.a.0.12.b", "'$.a[0][12].b'"),
        ("json.a:b", "'$.ab'"),
        ("json..0", "'$[0]'"),
        ("json..a", "'$..a'"),
        ("place.lon", "'$.lon'"),
        ("parent.json.a", "'$.a'"),
    ],
)
def test_json_is_read_at_its_path_and_compared_strictly(name: str, path: str) -> None:
    operand, _ = resolved(name)
    assert f", {path})" in operand.sql
    assert operand.fallback == "never"


@pytest.mark.parametrize(
    ("name", "fails"), [("json.a[", False), ("json..a", True), ("json", False)]
)
def test_a_path_that_sqlite_cannot_read_is_noticed(name: str, fails: bool) -> None:
    query = Query(DOCUMENTS)
    Resolver(query, COLLECTIONS, None, {}).resolve(name.rstrip("["))
    assert query.may_fail is fails


def test_the_lower_modifier_works_on_json() -> None:
    operand, _ = resolved("json:lower")
    assert operand.sql.startswith("LOWER((CASE")
    assert operand.fallback == "never"


def test_a_length_is_counted() -> None:
    assert resolved("files:length")[0].sql.startswith("json_array_length(")


@pytest.mark.parametrize(
    ("name", "row", "field"),
    [
        ("@collection.teams.name", "__collection_teams", "name"),
        ("@collection.teams.id", "__collection_teams", "id"),
        ("@collection.teams:a.lead.id", "__collection_alias_a", "lead"),
        ("@collection.teams.members.id", "__collection_teams", "members"),
        ("@collection.teams.members:each", "__collection_teams", "members"),
    ],
)
def test_records_of_a_collection_can_be_looked_up_by_a_column(
    name: str, row: str, field: str
) -> None:
    key = resolved(name)[0].key
    assert key is not None
    assert (key.row, key.collection.name, key.field.name) == (row, "teams", field)


@pytest.mark.parametrize(
    "name",
    [
        "text",
        "team.name",
        "@collection.teams.lead.name",
        "@collection.teams.name:lower",
        "@collection.teams.members:length",
        "@collection.documents.json",
        "@collection.documents.json.a",
    ],
)
def test_other_operands_cannot_be_looked_up_by_an_index(name: str) -> None:
    key = resolved(name)[0].key
    assert key is None or key.field.type == "json"


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
    ("name", "shape", "sql", "parameters", "made"),
    [
        ("@request.query.a", "null", "NULL", [], {}),
        ("@request.query.a:isset", "true", "TRUE", [], {}),
        ("@request.query.a:isset", "false", "FALSE", [], {}),
        ("@request.query.a", "value", ":p0", [False], {}),
        ("@request.query.a", "empty", ":p0", [True], {}),
        ("@request.query.a:lower", "value", "LOWER(:p0)", [False], {}),
        ("@request.body.files:length", "12", "12", [], {}),
        (
            "@request.body.files:each",
            "value",
            '"__dataEach_je_files"."value"',
            [False],
            {"__dataEach_je_files": "item"},
        ),
        (
            "@request.body.rel_one.name",
            "record",
            '"__data_users_rel_one"."name"',
            [],
            {"__data_users_rel_one": "sent"},
        ),
        (
            "@request.body.rel_many.boss.name",
            "record",
            '"__data_users_rel_many_boss"."name"',
            [],
            {"__data_users_rel_many": "sent", "__data_users_rel_many_boss": "single"},
        ),
        ("@request.body.rel_one.nope", "record", "NULL", [], {"__data_users_rel_one": "sent"}),
        ("@request.auth.name", "record", '"__auth_users"."name"', [], {"__auth_users": "auth"}),
        ("@request.auth.nope", "record", "NULL", [], {"__auth_users": "auth"}),
        ("@request.auth.nope.nope", "record", "NULL", [], {"__auth_users": "auth"}),
        (
            "@request.auth.boss.nope",
            "record",
            "NULL",
            [],
            {"__auth_users": "auth", "__auth_users_boss": "single"},
        ),
        (
            "@request.auth.documents_via_parent.id",
            "record",
            "NULL",
            [],
            {"__auth_users": "auth"},
        ),
        (
            "@request.auth.documents_via_rel_one.id",
            "record",
            '"__auth_users_documents_via_rel_one"."id"',
            [],
            {"__auth_users": "auth", "__auth_users_documents_via_rel_one": "back"},
        ),
    ],
)
def test_what_the_request_holds(
    name: str, shape: str, sql: str, parameters: list[bool], made: dict[str, str]
) -> None:
    operand, joins = resolved(name, {name: shape})
    assert (operand.sql, [p.empty for p in operand.parameters], joins) == (sql, parameters, made)


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
    assert resolved("@request.auth.boss.name") == (NULL, {})
