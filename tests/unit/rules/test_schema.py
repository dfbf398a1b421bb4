import pytest

from pocketfiles.catalogue.model import Collection
from pocketfiles.rules.schema import column_type, table
from tests.unit.rules.world import DOCUMENTS, a_field


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", "TEXT"),
        ("date", "TEXT"),
        ("number", "NUMERIC"),
        ("bool", "BOOLEAN"),
        ("json", ""),
        ("place", "JSON"),
        ("rel_one", "TEXT"),
        ("rel_many", "JSON"),
        ("select_many", "JSON"),
        ("file", "TEXT"),
    ],
)
def test_a_field_has_the_column_type_that_pocketbase_declares(name: str, expected: str) -> None:
    field = DOCUMENTS.field(name)
    assert field
    assert column_type(DOCUMENTS, field) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id, total FROM t", "NUMERIC"),
        ("SELECT id, COUNT(*) as total FROM t", ""),
        ("SELECT id, count ( DISTINCT lower(x) )\n`total` FROM t", ""),
        ("SELECT id, count(x) AS total_2, total FROM t", "NUMERIC"),
    ],
)
def test_a_number_that_a_view_counts_has_no_affinity(query: str, expected: str) -> None:
    field = a_field("total", "number")
    assert column_type(Collection("v", "v", "view", (field,), view_query=query), field) == expected


def test_names_of_fields_are_quoted() -> None:
    made = table("t0", DOCUMENTS, [a_field("id", "text"), a_field('a"b', "text")])
    assert made.create == 'CREATE TABLE t0 (id TEXT PRIMARY KEY, "a""b" TEXT) WITHOUT ROWID'
    assert made.insert == "INSERT OR IGNORE INTO t0 VALUES (?, ?)"
    assert made.columns == ('a"b',)
