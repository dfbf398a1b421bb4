from admin.source.columns import column_types

SCHEMA = [
    "CREATE TABLE papers (id TEXT PRIMARY KEY, pages NUMERIC, weight REAL, meta JSON)",
    "CREATE VIEW counts AS SELECT id, count(*) AS total, pages, CAST(pages AS REAL) AS exact,"
    " title || 'x' AS longer FROM (SELECT *, 'a' AS title FROM papers)",
    "CREATE VIEW broken AS SELECT nope FROM gone",
    "CREATE nonsense",
]


def test_the_types_are_those_of_the_newest_sqlite() -> None:
    found = column_types(SCHEMA, ["papers", "counts"])
    assert found["papers"] == {"id": "TEXT", "pages": "NUMERIC", "weight": "REAL", "meta": "JSON"}
    assert found["counts"] == {
        "id": "TEXT",
        "total": "",
        "pages": "NUMERIC",
        "exact": "REAL",
        "longer": "",
    }


def test_what_sqlite_cannot_read_has_no_types() -> None:
    assert column_types(SCHEMA, ["broken", "absent", 'odd"name']) == {}
