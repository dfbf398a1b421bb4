import sqlite3
from contextlib import closing

import pytest

from pocketfiles.rules.compare import compare, equal, no_violation
from pocketfiles.rules.query import NULL, Operand, Parameter

ONE, FALSE = Operand("1"), Operand("FALSE")
VALUE = Operand(":v", (Parameter("v"),))
EMPTY = Operand(":e", (Parameter("e", empty=True),))
COLUMN, OTHER = Operand("j0.a"), Operand("j0.b")
JSON = Operand("j0.c", strict=True)
TIME = Operand("strftime(:f)", (Parameter("f"),), nullable=True)
MANY = Operand("j1.a", many="SELECT 1 AS value")


@pytest.mark.parametrize(
    ("left", "right", "same", "different"),
    [
        (JSON, VALUE, "j0.c IS :v", "j0.c IS NOT :v"),
        (EMPTY, JSON, ":e IS j0.c", ":e IS NOT j0.c"),
        (NULL, EMPTY, "'' = ''", "'' IS NOT ''"),
        (VALUE, COLUMN, ":v = j0.a", ":v IS NOT j0.a"),
        (COLUMN, ONE, "j0.a = 1", "j0.a IS NOT 1"),
        (FALSE, NULL, "FALSE = ''", "FALSE IS NOT ''"),
        (EMPTY, VALUE, "'' = :v", "'' IS NOT :v"),
        (TIME, VALUE, "strftime(:f) = :v", "strftime(:f) IS NOT :v"),
        (COLUMN, NULL, "(j0.a = '' OR j0.a IS NULL)", "(j0.a IS NOT '' AND j0.a IS NOT NULL)"),
        (EMPTY, COLUMN, "(j0.a = '' OR j0.a IS NULL)", "(j0.a IS NOT '' AND j0.a IS NOT NULL)"),
        (
            TIME,
            EMPTY,
            "(strftime(:f) = '' OR strftime(:f) IS NULL)",
            "(strftime(:f) IS NOT '' AND strftime(:f) IS NOT NULL)",
        ),
        (
            COLUMN,
            OTHER,
            "COALESCE(j0.a, '') = COALESCE(j0.b, '')",
            "COALESCE(j0.a, '') IS NOT COALESCE(j0.b, '')",
        ),
        (
            TIME,
            COLUMN,
            "COALESCE(strftime(:f), '') = COALESCE(j0.a, '')",
            "COALESCE(strftime(:f), '') IS NOT COALESCE(j0.a, '')",
        ),
    ],
)
def test_equality_has_five_cases(left: Operand, right: Operand, same: str, different: str) -> None:
    assert equal(left, right) == same
    assert equal(left, right, negated=True) == different


@pytest.mark.parametrize(
    ("sign", "right", "sql"),
    [
        ("~", VALUE, "j0.a LIKE affordable(:v, length(j0.a)) ESCAPE '\\'"),
        ("!~", VALUE, "j0.a NOT LIKE affordable(:v, length(j0.a)) ESCAPE '\\'"),
        ("~", OTHER, "j0.a LIKE affordable(('%' || j0.b || '%'), length(j0.a)) ESCAPE '\\'"),
        ("!~", NULL, "j0.a NOT LIKE affordable(('%' || NULL || '%'), length(j0.a)) ESCAPE '\\'"),
        (">=", VALUE, "j0.a >= :v"),
        ("<", NULL, "j0.a < NULL"),
        ("!=", VALUE, "j0.a IS NOT :v"),
        ("=", VALUE, "j0.a = :v"),
    ],
)
def test_every_sign_in_sql(sign: str, right: Operand, sql: str) -> None:
    assert compare(COLUMN, sign, right) == sql


@pytest.mark.parametrize(
    ("left", "right", "sql"),
    [
        (MANY, VALUE, "SELECT 1 FROM (SELECT 1 AS value) AS l WHERE NOT (l.value = :v)"),
        (VALUE, MANY, "SELECT 1 FROM (SELECT 1 AS value) AS r WHERE NOT (:v = r.value)"),
        (
            MANY,
            MANY,
            "SELECT 1 FROM (SELECT 1 AS value) AS l LEFT JOIN (SELECT 1 AS value) AS r"
            " WHERE NOT (COALESCE(l.value, '') = COALESCE(r.value, ''))",
        ),
        (
            MANY,
            JSON,
            "SELECT 1 FROM (SELECT 1 AS value) AS l WHERE NOT (COALESCE(l.value, '') = COALESCE(j0.c, ''))",
        ),
    ],
)
def test_all_match_means_no_violation(left: Operand, right: Operand, sql: str) -> None:
    assert no_violation(left, "=", right) == f"NOT EXISTS ({sql})"


@pytest.mark.parametrize(
    ("values", "holds"), [((1, 1), 1), ((1, 2), 0), ((1, None), 1), ((None, None), 1)]
)
def test_null_violates_nothing(values: tuple[object, object], holds: int) -> None:
    many = Operand("x", many="SELECT ? AS value UNION ALL SELECT ?")
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute(f"SELECT {no_violation(many, '=', ONE)}", values).fetchone() == (
            holds,
        )
