from dataclasses import replace

import pytest

from pocketfiles.config import RuleLimits
from pocketfiles.rules.database import opened
from pocketfiles.rules.joins import (
    Join,
    as_list,
    back_related,
    column,
    extracted,
    is_unique,
    items_of,
    length,
    linked,
    quoted,
    singly_related,
    source,
)
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS, a_field

LEAD = a_field("lead", "relation", 1)
MANY = a_field("rel_many", "relation", 9)


def evaluated(sql: str, value: object) -> object:
    with opened({"c": value}, RuleLimits()) as database:  # type: ignore[dict-item]
        ((found,),) = database.rows(f"SELECT {sql} FROM (SELECT :c AS c)")
        return found


@pytest.mark.parametrize(
    ("value", "items", "count"),
    [
        ('["a","b"]', '["a","b"]', 2),
        ("[]", "[]", 0),
        ("", '[""]', 0),
        (None, "[null]", 0),
        ("a", '["a"]', 1),
        ('{"a":1}', '["{\\"a\\":1}"]', 1),
        (5, "[5]", 1),
    ],
)
def test_a_column_becomes_a_list_and_its_length(value: object, items: str, count: int) -> None:
    assert evaluated(as_list("c"), value) == items
    assert evaluated(length("c"), value) == count


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ('{"a":[1,"x"]}', ".a[1]", "x"),
        ('{"a":[1, "x"]}', ".a", '[1,"x"]'),
        ('"x"', "", "x"),
        ("null", "", None),
        ("true", "", 1),
        ("[1, 2]", "", "[1,2]"),
        ("no json", "", "no json"),
        ("no json", ".a", None),
        (5, "", 5),
        (None, "", None),
    ],
)
def test_a_value_is_read_at_a_json_path(value: object, path: str, expected: object) -> None:
    assert evaluated(extracted("c", path), value) == expected


def test_names_are_quoted() -> None:
    assert quoted('a"; DROP TABLE t0 --') == '"a""; DROP TABLE t0 --"'
    assert column("a", 'b"') == '"a"."b"""'


@pytest.mark.parametrize(
    ("join", "sql", "target"),
    [
        (Join("u", "all", '"users"'), 'LEFT JOIN "users" "u"', ""),
        (
            singly_related("d", LEAD, USERS, "d_lead"),
            'LEFT JOIN "users" "d_lead" ON "d_lead"."id" = "d"."lead"',
            '"d"."lead"',
        ),
        (
            items_of("d", MANY, "i"),
            f'LEFT JOIN json_each({as_list(column("d", "rel_many"))}) "i"',
            "",
        ),
        (
            linked("i", USERS, "u"),
            'LEFT JOIN "users" "u" ON "u"."id" = "i"."value"',
            '"i"."value"',
        ),
        (
            back_related("d", TEAMS, LEAD, "b"),
            'LEFT JOIN "teams" "b" ON "b"."lead" = "d"."id"',
            '"d"."id"',
        ),
        (
            back_related("d", TEAMS, MANY, "b"),
            'LEFT JOIN "teams" "b" ON "d"."id" IN (SELECT "__je_b".value'
            f' FROM json_each({as_list(column("b", "rel_many"))}) "__je_b")',
            '"d"."id"',
        ),
    ],
)
def test_a_join_is_written_in_sql(join: Join, sql: str, target: str) -> None:
    assert (join.sql, join.target) == (sql, target)


@pytest.mark.parametrize(
    ("index", "unique"),
    [
        ("CREATE UNIQUE INDEX `i` ON `teams` (`lead`)", True),
        (
            "create unique\nindex if not exists i on teams ( LEAD collate nocase desc ) where x",
            True,
        ),
        ("CREATE UNIQUE INDEX i ON teams (lead ASC) WHERE lead != ''", True),
        ("CREATE UNIQUE INDEX i ON teams (lead, name)", False),
        ("CREATE UNIQUE INDEX i ON teams (lower(lead))", False),
        ("CREATE UNIQUE INDEX i ON teams (lead) WHERE length(lead) > 1", False),
        ("CREATE INDEX i ON teams (lead)", False),
        ("CREATE UNIQUE INDEX i ON teams (name)", False),
        ("CREATE TABLE teams (lead)", False),
        ("", False),
    ],
)
def test_a_unique_index_makes_a_back_relation_single(index: str, unique: bool) -> None:
    teams = replace(TEAMS, indexes=(index,))
    assert is_unique(teams, LEAD) is unique
    assert not is_unique(teams, replace(LEAD, max_select=9))


def test_a_query_starts_at_the_record() -> None:
    joined = singly_related("documents", LEAD, USERS, "documents_lead")
    assert source(DOCUMENTS, [joined]) == f'FROM "documents" {joined.sql}'
    assert source(DOCUMENTS, [], "__mm_documents") == 'FROM "documents" "__mm_documents"'
