import pytest

from pocketfiles.rules.query import Query
from pocketfiles.rules.resolve import Resolver
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, resolved


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
