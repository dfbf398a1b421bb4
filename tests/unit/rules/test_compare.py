import sqlite3
from contextlib import closing

import pytest

from pocketfiles.rules.compare import compare, equal, every
from pocketfiles.rules.query import NULL, Many, Operand, Parameter
from tests.unit.rules.world import DOCUMENTS

ONE, FALSE = Operand("1"), Operand("FALSE")
VALUE = Operand(":v", (Parameter("v"),))
EMPTY = Operand(":e", (Parameter("e", empty=True),))
COLUMN, OTHER = Operand("t.a"), Operand("t.b")
JSON = Operand("t.c", fallback="never")
TIME = Operand("strftime(:f)", (Parameter("f"),), fallback="always")
MANY = Operand("u.a", many=Many("i.a", ()))


@pytest.mark.parametrize(
    ("left", "right", "same", "different"),
    [
        (JSON, VALUE, "t.c IS :v", "t.c IS NOT :v"),
        (EMPTY, JSON, ":e IS t.c", ":e IS NOT t.c"),
        (NULL, EMPTY, "'' = ''", "'' IS NOT ''"),
        (VALUE, COLUMN, ":v = t.a", ":v IS NOT t.a"),
        (COLUMN, ONE, "t.a = 1", "t.a IS NOT 1"),
        (FALSE, NULL, "FALSE = ''", "FALSE IS NOT ''"),
        (EMPTY, VALUE, "'' = :v", "'' IS NOT :v"),
        (TIME, VALUE, "strftime(:f) = :v", "strftime(:f) IS NOT :v"),
        (COLUMN, NULL, "(t.a = '' OR t.a IS NULL)", "(t.a IS NOT '' AND t.a IS NOT NULL)"),
        (EMPTY, COLUMN, "(t.a = '' OR t.a IS NULL)", "(t.a IS NOT '' AND t.a IS NOT NULL)"),
        (
            TIME,
            EMPTY,
            "(strftime(:f) = '' OR strftime(:f) IS NULL)",
            "(strftime(:f) IS NOT '' AND strftime(:f) IS NOT NULL)",
        ),
        (
            COLUMN,
            OTHER,
            "COALESCE(t.a, '') = COALESCE(t.b, '')",
            "COALESCE(t.a, '') IS NOT COALESCE(t.b, '')",
        ),
        (
            TIME,
            COLUMN,
            "COALESCE(strftime(:f), '') = COALESCE(t.a, '')",
            "COALESCE(strftime(:f), '') IS NOT COALESCE(t.a, '')",
        ),
    ],
)
def test_equality_has_five_cases(left: Operand, right: Operand, same: str, different: str) -> None:
    assert equal(left, right) == same
    assert equal(left, right, negated=True) == different


@pytest.mark.parametrize(
    ("sign", "right", "sql"),
    [
        ("~", VALUE, "t.a LIKE affordable(:v, length(t.a)) ESCAPE '\\'"),
        ("!~", VALUE, "t.a NOT LIKE affordable(:v, length(t.a)) ESCAPE '\\'"),
        ("~", OTHER, "t.a LIKE affordable(('%' || t.b || '%'), length(t.a)) ESCAPE '\\'"),
        ("!~", NULL, "t.a NOT LIKE affordable(('%' || NULL || '%'), length(t.a)) ESCAPE '\\'"),
        (">=", VALUE, "t.a >= :v"),
        ("<", NULL, "t.a < NULL"),
        ("!=", VALUE, "t.a IS NOT :v"),
        ("=", VALUE, "t.a = :v"),
    ],
)
def test_every_sign_is_written_in_sql(sign: str, right: Operand, sql: str) -> None:
    assert compare(COLUMN, sign, right) == sql


@pytest.mark.parametrize(
    ("left", "right", "fails"),
    [
        (MANY, VALUE, 'WHERE NOT ("__ml"."multiMatchValue" = :v)'),
        (VALUE, MANY, 'WHERE NOT (:v = "__mr"."multiMatchValue")'),
        (
            MANY,
            MANY,
            'WHERE NOT (COALESCE("__ml"."multiMatchValue", \'\')'
            ' = COALESCE("__mr"."multiMatchValue", \'\'))',
        ),
        (MANY, JSON, "WHERE NOT (COALESCE(\"__ml\".\"multiMatchValue\", '') = COALESCE(t.c, ''))"),
    ],
)
def test_all_match_means_that_no_value_fails(left: Operand, right: Operand, fails: str) -> None:
    sql = every(left, "=", right, DOCUMENTS)
    assert sql.startswith("NOT EXISTS (SELECT 1 FROM (SELECT DISTINCT i.a")
    assert sql.endswith(f"{fails})")


@pytest.mark.parametrize(
    ("values", "holds"),
    [([1, 1], 1), ([1, 2], 0), ([1, None], 1), ([None, None], 1), ([], 1)],
)
def test_null_fails_nothing(values: list[int | None], holds: int) -> None:
    many = Operand("x", many=Many('"__mm_t"."a"', ()))
    collection = type(DOCUMENTS)("t", "t", "base")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id, a)")
        connection.executemany("INSERT INTO t VALUES (1, ?)", [(value,) for value in values])
        condition = every(many, "=", ONE, collection)
        found = connection.execute(f"SELECT {condition} FROM (SELECT 1 AS id) AS t").fetchone()
    assert found == (holds,)
