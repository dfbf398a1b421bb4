import pytest

from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.database import MAX_VALUE, opened
from pocketfiles.rules.joins import extracted
from pocketfiles.rules.like import MAX_PATTERN
from pocketfiles.rules.schema import table
from tests.unit.rules.world import DOCUMENTS, document

LIMITS = RuleLimits()
TABLE = table(DOCUMENTS, [f for f in DOCUMENTS.fields if f.name in {"text", "number", "json"}])
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


def test_rows_keep_the_storage_class_that_their_column_has_in_pocketbase() -> None:
    rows = [
        document("a", number=5.0, text="5", json="5"),
        document("b", number="x", text=None, json='["5.0"]'),
    ]
    with opened({}, LIMITS) as database:
        database.create(TABLE)
        database.insert(TABLE, rows)
        found = list(database.rows("SELECT id, text, number, json FROM documents"))
    assert found == [("a", "5", 5, 5), ("b", None, "x", '["5.0"]')]
    assert isinstance(found[0][2], int)


def test_the_first_version_of_a_record_stays() -> None:
    with opened({}, LIMITS) as database:
        database.create(TABLE)
        database.insert(TABLE, [document("a", text="first")])
        database.insert(TABLE, [document("a", text="second")])
        assert list(database.rows("SELECT text FROM documents")) == [("first",)]


def test_nothing_passes_from_one_database_to_the_next() -> None:
    with opened({}, LIMITS) as database:
        database.create(TABLE)
    with opened({}, LIMITS) as database, pytest.raises(RuleError, match="no such table"):
        list(database.rows("SELECT * FROM documents"))


def test_the_sqlite_is_the_one_that_pocketbase_has() -> None:
    with opened({}, LIMITS) as database:
        ((version,),) = database.rows("SELECT sqlite_version()")
    assert version.startswith("3.53.")


def test_too_many_steps_are_refused() -> None:
    limits = RuleLimits(max_steps=100_000)
    with opened({}, limits) as database, pytest.raises(RuleError, match="more than 100000 steps"):
        list(database.rows(ENDLESS))


def test_steps_are_counted() -> None:
    few = ENDLESS.replace("FROM n)", "FROM n LIMIT {})")
    counted = []
    for rows in (1_000, 10_000):
        with opened({}, LIMITS) as database:
            list(database.rows(few.format(rows)))
            counted.append(database.steps)
    assert 0 < counted[0] * 5 < counted[1] < counted[0] * 20


@pytest.mark.parametrize(("pattern", "length"), [("a", 3), ("a", None), (None, 3), (None, None)])
def test_an_affordable_pattern_comes_back_as_it_is(pattern: str | None, length: int | None) -> None:
    with opened({"p": pattern, "n": length}, LIMITS) as database:
        assert list(database.rows("SELECT affordable(:p, :n)")) == [(pattern,)]


def test_all_patterns_together_are_bounded() -> None:
    with opened({"p": "a" * 1_000}, LIMITS) as database:
        assert list(database.rows("SELECT affordable(:p, 400000) IS NULL")) == [(0,)]
        with pytest.raises(RuleError, match="steps"):
            list(database.rows("SELECT affordable(:p, 400000)"))


@pytest.mark.parametrize(
    ("sql", "value", "reason"),
    [
        (
            "SELECT 'secret' LIKE :v",
            "%" * (MAX_PATTERN + 1),
            "SQLite cannot evaluate the rule (SQLError)",
        ),
        ("SELECT :v || :v", "x" * MAX_VALUE, "SQLite cannot evaluate the rule (TooBigError)"),
        ("SELECT json_extract('{}', :v)", "secret", "SQLite cannot evaluate the rule (SQLError)"),
        (
            "SELECT value FROM json_each(:v)",
            "[x",
            "SQLite cannot evaluate the rule (malformed JSON)",
        ),
        ("SELECT :v", "\ud800 secret", "the rule compares a value that SQLite cannot hold"),
        ("SELECT :v", 2**64, "the rule compares a value that SQLite cannot hold"),
    ],
)
def test_what_sqlite_refuses_is_a_rule_error_without_values(
    sql: str, value: str, reason: str
) -> None:
    with opened({"v": value}, LIMITS) as database, pytest.raises(RuleError) as refused:
        list(database.rows(sql))
    assert refused.value.reason == reason
    assert refused.value.__cause__ is None


def test_a_query_is_compiled_without_being_run() -> None:
    with opened({}, LIMITS) as database:
        database.prepare(ENDLESS)
        with pytest.raises(RuleError, match="no such column"):
            database.prepare("SELECT nope")


def test_json_that_is_read_for_every_row_counts_as_work() -> None:
    limits = RuleLimits(max_steps=100_000)
    columns = {"json": f"[{'1,' * 50_000}1]"}
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    query = f"{rows} SELECT 1 FROM n, (SELECT :json AS json) WHERE {extracted('json', '')} = i"
    with opened(columns, limits) as database, pytest.raises(RuleError, match="steps"):
        list(database.rows(query))
    with opened({"json": "[1]"}, limits) as database:
        assert list(database.rows(query)) == []
