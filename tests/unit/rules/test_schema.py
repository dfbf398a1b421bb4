from dataclasses import replace

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
        ("json", "JSON"),
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


@pytest.mark.parametrize("declared", ["REAL", "", "VARCHAR(255)"])
def test_the_type_in_pocketbases_database_counts_where_it_is_known(declared: str) -> None:
    field = replace(a_field("number", "number"), column=declared)
    assert column_type(DOCUMENTS, field) == declared


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id, total FROM t", "NUMERIC"),
        ("SELECT id, COUNT(*) as total FROM t", ""),
        ("SELECT id, count ( DISTINCT x )\n`total` FROM t", ""),
        ("SELECT id, count(x) AS total_2, total FROM t", "NUMERIC"),
    ],
)
def test_a_number_that_a_view_counts_has_no_affinity(query: str, expected: str) -> None:
    field = a_field("total", "number")
    assert column_type(Collection("v", "v", "view", (field,), view_query=query), field) == expected


def test_json_of_a_view_stays_as_it_is() -> None:
    assert column_type(Collection("v", "v", "view"), a_field("json", "json")) == ""


def test_names_of_fields_are_quoted() -> None:
    made = table(DOCUMENTS, [a_field("id", "text"), a_field('a"b', "text")])
    definition = 'CREATE TABLE "documents" (id TEXT PRIMARY KEY, "a""b" TEXT) WITHOUT ROWID'
    assert made.create == (definition,)
    assert made.insert == 'INSERT OR IGNORE INTO "documents" VALUES (?, ?)'
    assert made.columns == ('a"b',)


def test_a_view_with_computed_columns_is_a_view_over_its_rows() -> None:
    fields = [replace(a_field("total", "number"), column=""), a_field("name", "text")]
    made = table(Collection("v", "counts", "view", tuple(fields)), fields)
    assert made.create[1] == (
        'CREATE VIEW "counts" AS SELECT id, +"total" AS "total", "name" FROM "__rows_of_counts"'
    )
    assert made.insert == 'INSERT OR IGNORE INTO "__rows_of_counts" VALUES (?, ?, ?)'
