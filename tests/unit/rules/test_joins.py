import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from pocketfiles.rules.joins import INNER, Join, as_list, extracted, length, quoted, source
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS, a_field

BASE = Join(0, "base", None, DOCUMENTS, "t0")
LEAD = TEAMS.field("lead")
MANY = a_field("rel_many", "relation", 9)


def evaluated(sql: str, value: object) -> object:
    with closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute(f"SELECT {sql} FROM (SELECT ? AS c)", [value]).fetchone()[0]


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
def test_a_column_as_a_list(value: object, items: str, count: int) -> None:
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
def test_a_value_at_a_json_path(value: object, path: str, expected: object) -> None:
    assert evaluated(extracted("c", path), value) == expected


def test_names_are_quoted() -> None:
    assert quoted('a"; DROP TABLE t0 --') == '"a""; DROP TABLE t0 --"'


@pytest.mark.parametrize(
    ("join", "sql"),
    [
        (Join(1, "auth", None, USERS, "t1"), 'LEFT JOIN t1 AS j1 ON j1."id" = :auth'),
        (Join(1, "all", None, USERS, "t1"), "LEFT JOIN t1 AS j1 ON TRUE"),
        (
            Join(1, "sent", None, USERS, "t1", bound=":p0"),
            'LEFT JOIN t1 AS j1 ON j1."id" IN (SELECT value FROM json_each(:p0))',
        ),
        (
            Join(1, "single", BASE, USERS, "t1", MANY),
            'LEFT JOIN t1 AS j1 ON j1."id" = j0."rel_many"',
        ),
        (Join(1, "item", BASE, field=MANY, bound=":p0"), "LEFT JOIN json_each(:p0) AS j1"),
        (
            Join(1, "item", BASE, field=MANY),
            f"LEFT JOIN json_each({as_list('j0.' + quoted('rel_many'))}) AS j1",
        ),
        (
            Join(2, "linked", Join(1, "item", BASE), USERS, "t1"),
            'LEFT JOIN t1 AS j2 ON j2."id" = j1."value"',
        ),
        (Join(1, "back", BASE, TEAMS, "t1", LEAD), 'LEFT JOIN t1 AS j1 ON j1."lead" = j0."id"'),
        (
            Join(1, "back", BASE, TEAMS, "t1", MANY),
            'LEFT JOIN t1 AS j1 ON j0."id" IN'
            f" (SELECT value FROM json_each({as_list('j1.' + quoted('rel_many'))}))",
        ),
    ],
)
def test_a_join_in_sql(join: Join, sql: str) -> None:
    assert join.sql("j") == sql
    assert join.sql(INNER) == sql.replace("j1.", "m1.").replace("j0.", "m0.").replace(
        " j1", " m1"
    ).replace("j2", "m2")


def test_only_what_hangs_on_a_parent_has_a_target() -> None:
    assert Join(1, "all", None, USERS, "t1").target() == ""
    assert Join(1, "single", BASE, USERS, "t1", MANY).target() == 'j0."rel_many"'


@pytest.mark.parametrize(
    ("index", "unique"),
    [
        ("CREATE UNIQUE INDEX `i` ON `teams` (`lead`)", True),
        (
            'create unique index if not exists "i" on "teams" ( "LEAD" collate nocase desc ) where x',
            True,
        ),
        ("CREATE UNIQUE INDEX i ON teams (lead, name)", False),
        ("CREATE UNIQUE INDEX i ON teams (lower(lead))", False),
        ("CREATE INDEX i ON teams (lead)", False),
        ("CREATE UNIQUE INDEX i ON teams (name)", False),
    ],
)
def test_a_unique_index_makes_a_back_relation_single(index: str, unique: bool) -> None:
    teams = replace(TEAMS, indexes=(index,))
    assert Join(1, "back", BASE, teams, "t1", LEAD).unique is unique
    assert not Join(1, "back", BASE, teams, "t1", MANY).unique


def test_a_query_starts_at_the_record() -> None:
    joined = Join(1, "single", BASE, USERS, "t1", MANY)
    assert joined.path() == (BASE, joined)
    assert source(BASE, joined.path()) == f"FROM t0 AS j0 {joined.sql('j')} WHERE j0.id = :record"
