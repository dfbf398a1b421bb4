from collections.abc import Iterator
from itertools import count

import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.database import MAX_PATTERN, MAX_VALUE, opened, require
from pocketfiles.rules.schema import table
from tests.unit.rules.world import DOCUMENTS, document

TABLE = table(
    "t0", DOCUMENTS, [f for f in DOCUMENTS.fields if f.name in ("text", "number", "json")]
)
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


def test_rows_keep_the_storage_class_that_their_column_has_in_pocketbase() -> None:
    rows = [
        document("a", number=5.0, text="5", json=5),
        document("b", number="x", text=None, json="5.0"),
    ]
    with opened({}) as database:
        database.create(TABLE)
        database.insert(TABLE, rows)
        found = list(database.rows("SELECT id, text, number, json FROM t0"))
    assert found == [("a", "5", 5, 5), ("b", None, "x", "5.0")]
    assert isinstance(found[0][2], int)


def test_the_first_version_of_a_record_stays() -> None:
    with opened({}) as database:
        database.create(TABLE)
        database.insert(TABLE, [document("a", text="first")])
        database.insert(TABLE, [document("a", text="second")])
        assert list(database.rows("SELECT text FROM t0")) == [("first",)]


def test_nothing_passes_from_one_database_to_the_next() -> None:
    with opened({}) as database:
        database.create(TABLE)
    with opened({}) as database, pytest.raises(RuleError, match="SQLITE_ERROR"):
        list(database.rows("SELECT * FROM t0"))


def test_too_many_steps_are_refused() -> None:
    with opened({}) as database, pytest.raises(RuleError, match="takes too long"):
        list(database.rows(ENDLESS))


def test_too_much_time_is_refused() -> None:
    seconds: Iterator[int] = count()
    with (
        opened({}, clock=lambda: float(next(seconds))) as database,
        pytest.raises(RuleError, match="takes too long"),
    ):
        list(database.rows(ENDLESS))


@pytest.mark.parametrize(("pattern", "length"), [("a", 3), ("a", None), (None, 3), (None, None)])
def test_an_affordable_pattern_comes_back_as_it_is(pattern: str | None, length: int | None) -> None:
    with opened({"p": pattern, "n": length}) as database:
        assert list(database.rows("SELECT affordable(:p, :n)")) == [(pattern,)]


def test_all_patterns_together_are_bounded() -> None:
    with opened({"p": "a" * 1_000}) as database:
        assert list(database.rows("SELECT affordable(:p, 400000) IS NULL")) == [(0,)]
        with pytest.raises(RuleError, match="takes too long"):
            list(database.rows("SELECT affordable(:p, 400000)"))


@pytest.mark.parametrize(
    ("sql", "value", "reason"),
    [
        (
            "SELECT 'secret' LIKE :v",
            "%" * (MAX_PATTERN + 1),
            "SQLite cannot evaluate the rule (SQLITE_ERROR)",
        ),
        ("SELECT :v || :v", "x" * MAX_VALUE, "SQLite cannot evaluate the rule (SQLITE_TOOBIG)"),
        (
            "SELECT json_extract('{}', :v)",
            "secret",
            "SQLite cannot evaluate the rule (SQLITE_ERROR)",
        ),
        ("SELECT :v", "\ud800 secret", "the rule compares a value that SQLite cannot hold"),
        ("SELECT :v", 2**64, "the rule compares a value that SQLite cannot hold"),
        ("SELECT :missing", "secret", "SQLite cannot evaluate the rule (ProgrammingError)"),
    ],
)
def test_what_sqlite_refuses_is_a_rule_error_without_values(
    sql: str, value: str, reason: str
) -> None:
    with opened({"v": value}) as database, pytest.raises(RuleError) as refused:
        list(database.rows(sql))
    assert refused.value.reason == reason
    assert refused.value.__cause__ is None


def test_an_old_sqlite_is_refused_where_it_matters() -> None:
    require(())
    require((3, 38))
    with pytest.raises(RuleError, match=r"needs SQLite 99\.1"):
        require((99, 1))
