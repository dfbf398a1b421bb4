"""Where a file seen through a view lies."""

from pathlib import Path

import pytest

from admin.source import pocketbase
from admin.source.views import column_origin, follows_clock, tables_named
from tests.admin.shaped import Shaped, field

ORIGINS = [
    ("SELECT id, attachment FROM docs", "attachment", ("docs", "attachment")),
    ("SELECT id, attachment AS file FROM docs", "file", ("docs", "attachment")),
    ("select d.id, d.attachment file from docs as d", "file", ("docs", "attachment")),
    ('SELECT "d"."id", `d`.`attachment` AS [file] FROM "docs" d', "file", ("docs", "attachment")),
    (
        "SELECT u.id, d.attachment FROM users u LEFT JOIN docs d ON d.owner = u.id",
        "attachment",
        ("docs", "attachment"),
    ),
    (
        "SELECT u.id, avatar FROM users u JOIN docs d ON d.owner = u.id",
        "avatar",
        ("users", "avatar"),
    ),
    (
        "SELECT id, /* from users */ attachment -- x\nFROM docs WHERE id != 'a' GROUP BY id",
        "attachment",
        ("docs", "attachment"),
    ),
    ("SELECT id, max(attachment) AS file FROM docs", "file", None),
    ("SELECT id, (SELECT avatar FROM users LIMIT 1) AS file FROM docs", "file", None),
    (
        "WITH x AS (SELECT * FROM docs) SELECT x.id, x.attachment FROM x",
        "attachment",
        ("x", "attachment"),
    ),
    ("SELECT id FROM docs", "file", None),
    ("SELECT o.file FROM docs d", "file", None),
    ("SELECT id, a FROM docs UNION SELECT id, b FROM users", "a", None),
    ("no query (", "a", None),
]


@pytest.mark.parametrize(("query", "column", "origin"), ORIGINS)
def test_a_result_column_is_traced_to_its_table(
    query: str, column: str, origin: tuple[str, str] | None
) -> None:
    assert column_origin(query, column) == origin


def test_all_tables_of_a_query_are_listed() -> None:
    query = "WITH x AS (SELECT * FROM a) SELECT (SELECT f FROM b) AS f FROM x JOIN c ON 1"
    assert set(tables_named(query)) == {"a", "b", "c", "x"}
    assert tables_named("(") == []


VIEWS = {
    "a column as it stands": ["SELECT id, attachment AS file FROM docs"],
    "a view of a view": [
        "SELECT id, attachment AS f FROM docs",
        "SELECT v.id, v.f AS file FROM v0 v",
    ],
    "an expression": ["SELECT id, coalesce(attachment, '') AS file FROM docs"],
    "an expression over a view": [
        "SELECT id, attachment FROM docs",
        "SELECT id, max(attachment) AS file FROM v0",
    ],
    "a query within": [
        "SELECT id, (SELECT attachment FROM docs d WHERE d.id = docs.id) AS file FROM docs"
    ],
    "a name that is none": [
        "WITH x AS (SELECT * FROM docs) SELECT x.id, x.attachment AS file FROM x"
    ],
}


@pytest.mark.parametrize("queries", VIEWS.values(), ids=VIEWS)
def test_a_file_in_a_view_has_the_record_that_owns_it(queries: list[str], tmp_path: Path) -> None:
    shaped = Shaped(tmp_path)
    shaped.fill()
    for number, query in enumerate(queries):
        shaped.add_view(f"v{number}", query, [field("file", "file", maxSelect=1)])
    with pocketbase.opened(tmp_path) as source:
        record = next(iter(source.rows(source.collections[-1]))).record()
        name = str(record.values["file"])
        assert (record.sources[name].collection_id, record.sources[name].record_id) == (
            "id_docs",
            name[:-4],
        )
        assert source.warnings == []


def test_a_name_in_a_views_list_without_an_owner_is_a_warning(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path)
    shaped.fill()
    query = (
        "SELECT id, CASE WHEN id = 'doc0' THEN '[\"lost.txt\"]' ELSE scans END AS scans FROM docs"
    )
    shaped.add_view("v", query, [field("scans", "file", maxSelect=9)])
    with pocketbase.opened(tmp_path) as source:
        records = {row.id: row.record() for row in source.rows(source.collections[-1])}
        assert set(records["doc2"].sources) == {"s1.txt", "s2.txt"}
        assert source.warnings == ["v/doc0: lost.txt belongs to no record"]


def test_a_list_in_a_field_of_one_file_owns_none_of_its_names(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path)
    shaped.fill()
    shaped.put("docs", "doc1", attachment='["x","doc1.txt"]', scans='["s.txt",null]')
    query = "SELECT id, attachment AS file, scans FROM docs"
    fields = [field("file", "file", maxSelect=1), field("scans", "file", maxSelect=9)]
    shaped.add_view("v", query, fields)
    with pocketbase.opened(tmp_path) as source:
        records = {row.id: row.record() for row in source.rows(source.collections[-1])}
        assert set(records["doc1"].sources) == {"s.txt"}
        assert source.warnings == ["v/doc1: doc1.txt belongs to no record"]


@pytest.mark.parametrize(
    ("query", "follows"),
    [
        ("SELECT id, date, time FROM docs WHERE title <> 'now or never'", False),
        ("SELECT id, date(until) AS day, strftime('%Y', until) AS year FROM docs", False),
        ("SELECT id FROM docs WHERE until > datetime('NOW')", True),
        ('SELECT id FROM docs WHERE until > datetime("now", "-1 day")', True),
        ("SELECT id FROM docs WHERE until > CURRENT_TIMESTAMP", True),
        ("SELECT id FROM docs WHERE until > date()", True),
        ("SELECT id FROM docs WHERE until > strftime('%s')", True),
        ("SELECT id FROM docs ORDER BY random ()", True),
    ],
)
def test_a_view_may_follow_the_clock(query: str, follows: bool) -> None:
    assert follows_clock(query) is follows
