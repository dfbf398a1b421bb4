import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import NULL
from tests.unit.rules.world import resolved


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
