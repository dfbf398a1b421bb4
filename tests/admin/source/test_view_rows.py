import sqlite3
from collections.abc import Iterator
from contextlib import closing

import apsw
import pytest

from admin.source.view_rows import ViewRows
from pocketfiles.catalogue.model import Collection

SCHEMA = """
CREATE TABLE papers (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL, pages NUMERIC, at TEXT);
CREATE TABLE marks (id TEXT PRIMARY KEY NOT NULL, paper TEXT, weight REAL);
CREATE INDEX by_paper ON marks (paper);
CREATE VIEW weeks AS SELECT * FROM (SELECT id, strftime('%G-%V', at) AS week FROM papers);
CREATE VIEW both AS SELECT w.id, w.week, count(m.id) AS marks, total(m.weight) AS weight
    FROM weeks w LEFT JOIN marks m ON m.paper = w.id GROUP BY w.id;
CREATE VIEW broken AS SELECT id, nope FROM papers;
CREATE VIEW lost AS SELECT id FROM gone;
CREATE VIEW numbers AS SELECT rowid AS id, title FROM papers;
"""


@pytest.fixture
def source() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        connection.executemany(
            "INSERT INTO papers VALUES (?, ?, ?, ?)",
            [("b", "B", 2, "2022-10-14"), ("a", "é", "x", "2023-01-01")],
        )
        connection.executemany(
            "INSERT INTO marks VALUES (?, ?, ?)", [("m", "a", 1.5), ("n", "a", 2)]
        )
        connection.text_factory = bytes
        yield connection


def rows(source: sqlite3.Connection, name: str) -> list[tuple[object, ...]]:
    return list(ViewRows(source).select(Collection(name, name, "view"))[1])


def test_a_view_is_evaluated_by_the_newest_sqlite_in_order_of_id(
    source: sqlite3.Connection,
) -> None:
    columns, found = ViewRows(source).select(Collection("v", "weeks", "view"))
    assert columns == ["id", "week"]
    assert list(found) == [("a", "2022-52"), ("b", "2022-41")]


def test_a_view_of_a_view_and_a_table(source: sqlite3.Connection) -> None:
    assert rows(source, "both") == [("a", "2022-52", 2, 3.5), ("b", "2022-41", 0, 0.0)]


def test_row_numbers_are_those_of_the_source(source: sqlite3.Connection) -> None:
    assert rows(source, "numbers") == [(1, "B"), (2, "é")]


@pytest.mark.parametrize(
    ("name", "reason"), [("broken", "nope"), ("lost", "gone"), ("absent", "absent")]
)
def test_a_view_that_cannot_be_evaluated_is_an_error(
    source: sqlite3.Connection, name: str, reason: str
) -> None:
    with pytest.raises(apsw.Error, match=reason):
        rows(source, name)
