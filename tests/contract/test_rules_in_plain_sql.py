"""Rules in the part of the language that is plain SQL, beside the same SQL on Python's own SQLite.

Nothing of the engine is used for what is expected: the table, its data and the condition are
written here. Every operand is a column or a literal, and no literal is empty, so that no rule of
PocketBase's own about NULL and '' applies (pocketbase.md §7.9, case 3, and §7.10).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rules.world import decide, document

COLUMNS = {
    "text": "TEXT",
    "url": "TEXT",
    "date": "TEXT",
    "number": "NUMERIC",
    "bool": "BOOLEAN",
    "select_many": "JSON",
}
VALUES = {
    "text": st.sampled_from(["", "5", "5.0", "Test", "a_b", "é", "-1", " 5"]),
    "url": st.sampled_from(["", "test", "10", "5"]),
    "date": st.sampled_from(["", "2022-10-14 10:14:04.685Z"]),
    "number": st.sampled_from([0, 5, -1, 5.5, 10**15]),
    "bool": st.sampled_from([0, 1]),
    "select_many": st.sampled_from(["[]", '["a"]', "5"]),
}

records = st.fixed_dictionaries(VALUES)
columns = st.sampled_from(sorted(COLUMNS))
literals = st.sampled_from(
    ["'5'", "'5.0'", "'test'", "'Test'", "'2022'", "5.0", "-1.0", "0.5", "'['"]
)
equalities = st.tuples(columns, st.sampled_from(["=", "!="]), literals)
orders = st.tuples(columns | literals, st.sampled_from(["<", "<=", ">", ">="]), columns | literals)
comparisons = equalities | orders
conditions = st.recursive(
    comparisons.map(lambda parts: (parts,)),
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner),
    max_leaves=8,
)


def as_rule(condition: tuple[object, ...]) -> str:
    if len(condition) == 1:
        return " ".join(condition[0])  # type: ignore[arg-type]
    left, join, right = condition
    return f"({as_rule(left)} {join} {as_rule(right)})"  # type: ignore[arg-type]


def as_sql(condition: tuple[object, ...]) -> str:
    if len(condition) == 1:
        left, sign, right = condition[0]  # type: ignore[misc]
        return f"{left} {'IS NOT' if sign == '!=' else sign} {right}"
    left, join, right = condition
    return f"({as_sql(left)} {'AND' if join == '&&' else 'OR'} {as_sql(right)})"


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        definitions = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE documents ({definitions})")
        yield connection


@given(conditions, records)
def test_a_rule_in_plain_sql_decides_as_the_query_does(
    connection: sqlite3.Connection,
    condition: tuple[object, ...],
    values: dict[str, str | float],
) -> None:
    connection.execute("DELETE FROM documents")
    places = ", ".join(f":{name}" for name in COLUMNS)
    connection.execute(f"INSERT INTO documents ({', '.join(COLUMNS)}) VALUES ({places})", values)
    found = connection.execute(f"SELECT 1 FROM documents WHERE {as_sql(condition)}").fetchone()
    assert decide(as_rule(condition), document(**values)) is (found is not None)
