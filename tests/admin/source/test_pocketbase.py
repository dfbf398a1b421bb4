"""Reading data directories: every way in, and every way it can be refused."""

import base64
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from admin.errors import SourceBusy, SourceError
from admin.source import pocketbase, sqlite, storage
from tests.admin.shaped import SETTINGS, Shaped, field
from tests.conftest import DEMO, ROOT

KEY = "0123456789abcdef0123456789abcdef"
NOBODY = 65534
KINDS = ["number", "number", "text", "json", "json", "bool"]


def titles(directory: Path) -> list[Any]:
    with pocketbase.opened(directory) as source:
        docs = next(found for found in source.collections if found.collection.name == "docs")
        return [row.record().values["title"] for row in source.rows(docs)]


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def rollback(directory: Path) -> None:
    Shaped(directory).fill()


def closed_wal(directory: Path) -> None:
    Shaped(directory, wal=True).fill()


def copied_wal(directory: Path) -> None:
    live = Shaped(directory.parent / "live", wal=True)
    with closing(live.connect()) as held:
        held.execute("SELECT count(*) FROM docs").fetchone()
        live.fill()
        directory.mkdir()
        for name in ("data.db", "data.db-wal"):
            shutil.copy(live.directory / name, directory)


def crashed_wal(directory: Path) -> None:
    copied_wal(directory)
    (directory / "data.db-shm").touch()


def hot_journal(directory: Path) -> None:
    live = Shaped(directory.parent / "live")
    live.fill()
    with closing(live.connect()) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE docs SET title = 'never committed'")
        writer.execute("UPDATE docs SET title = zeroblob(100000)")
        directory.mkdir()
        for name in ("data.db", "data.db-journal"):
            shutil.copy(live.directory / name, directory)


@pytest.mark.parametrize("make", [copied_wal, hot_journal])
def test_a_copy_that_is_recovered_has_no_name_while_it_is_read(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, folder = tmp_path / "pb_data", tmp_path / "temporary"
    make(directory)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with sqlite.snapshot(directory / "data.db") as connection:
        assert connection.execute("SELECT count(*) FROM docs").fetchone() > (0,)
        (copied_to,) = folder.iterdir()
        assert list(copied_to.iterdir()) == []


WAYS = [rollback, closed_wal, copied_wal, crashed_wal, hot_journal]


@pytest.mark.parametrize("make", WAYS)
def test_every_state_of_a_database_is_read_and_left_as_it_is(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    directory = tmp_path / "pb_data"
    make(directory)
    before = content(directory)
    assert titles(directory) == ["Title 0", "Title 1", "Title 2"]
    after = content(directory)
    before.pop("data.db-shm", None), after.pop("data.db-shm", None)  # a reader's lock lies in there
    assert after == before


@pytest.mark.parametrize("make", WAYS)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without write access")
def test_a_directory_that_cannot_be_written_is_read(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    directory = tmp_path / "pb_data"
    make(directory)
    _let_everybody_in(tmp_path)
    for file in directory.iterdir():
        file.chmod(0o444)
    directory.chmod(0o555)
    with _as_nobody():
        assert titles(directory) == ["Title 0", "Title 1", "Title 2"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_database_that_may_not_be_read_is_refused_in_words(tmp_path: Path) -> None:
    directory = tmp_path / "pb_data"
    rollback(directory)
    _let_everybody_in(tmp_path)
    directory.chmod(0o755)
    (directory / "data.db").chmod(0o600)
    with _as_nobody(), pytest.raises(SourceError) as failure, pocketbase.opened(directory):
        pass
    assert str(failure.value) == f"{directory / 'data.db'} cannot be read: Permission denied"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_file_in_a_folder_that_may_not_be_read_is_not_called_missing(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path / "pb_data")
    shaped.store("c/r/a.txt", b"a")
    _let_everybody_in(shaped.directory)
    (shaped.directory / "storage").chmod(0o700)
    with _as_nobody():
        assert storage.find(shaped.directory, "c/r/a.txt") is None
        reason = storage.why_absent(shaped.directory, "c/r/a.txt")
    assert reason == "may not be read: a folder on the way to it is closed to this user"


def _let_everybody_in(folder: Path) -> None:
    for each in (folder, *folder.parents):
        if each.owner() != "root" or each == Path("/"):
            break
        each.chmod(each.stat().st_mode | 0o755)


@contextmanager
def _as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_reader_sees_one_state_while_pocketbase_writes(tmp_path: Path) -> None:
    live = Shaped(tmp_path / "pb_data", wal=True)
    live.fill()
    with closing(live.connect()) as held:
        held.execute("SELECT count(*) FROM docs").fetchone()
        with pocketbase.opened(live.directory) as source:
            live.delete("docs", "doc0")
            docs = next(found for found in source.collections if found.collection.name == "docs")
            assert [record.id for record in source.rows(docs)] == ["doc0", "doc1", "doc2"]
        assert titles(live.directory) == ["Title 1", "Title 2"]


def test_a_database_opened_while_it_was_read_without_locks_is_read_again(tmp_path: Path) -> None:
    live = Shaped(tmp_path / "pb_data", wal=True)
    live.fill()
    with (
        pytest.raises(SourceBusy, match="opened by another program"),
        pocketbase.opened(live.directory),
    ):
        live.delete("docs", "doc0")


def test_a_locked_database_is_refused(shaped: Shaped) -> None:
    with closing(shaped.connect()) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceBusy, match="locked"), sqlite.snapshot(shaped.database, 0.05):
            pass


def _truncated(directory: Path) -> None:
    Shaped(directory).fill()
    os.truncate(directory / "data.db", 8192)


def _torn(directory: Path) -> None:
    shaped = Shaped(directory)
    shaped.fill()
    for n in range(500):
        shaped.put("docs", f"more{n}", title="x" * 500)
    with shaped.database.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 40 * 4096)


def _old(directory: Path) -> None:
    directory.mkdir()
    with closing(sqlite3.connect(directory / "data.db")) as db:
        db.execute(
            "CREATE TABLE _collections "
            "(id, system, type, name, schema, indexes, listRule, viewRule, options)"
        )
        db.execute("CREATE TABLE _params (id, key, value)")


def _file(content: bytes) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        directory.mkdir()
        (directory / "data.db").write_bytes(content)

    return make


def _settings(value: Any) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        Shaped(directory).execute("UPDATE _params SET value = ?", value)

    return make


DEEP = "[" * 100_000
"""More brackets than Python's JSON parser follows."""


def _sealed(settings: Any, key: str = KEY) -> str:
    nonce = os.urandom(12)
    sealed = AESGCM(key.encode()).encrypt(nonce, json.dumps(settings).encode(), None)
    return base64.b64encode(nonce + sealed).decode()


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no directory": (lambda _: None, "is not a directory"),
    "a file": (lambda directory: directory.write_text(""), "is not a directory"),
    "an empty directory": (lambda directory: directory.mkdir(), "has no data.db"),
    "an empty file": (_file(b""), "not a PocketBase database"),
    "no database": (_file(b"hello, this is no database" * 100), "not a SQLite database"),
    "half a database": (_truncated, "damaged or was copied while it was written"),
    "overwritten pages": (_torn, "damaged"),
    "an older PocketBase": (_old, "older than 0.23: start it once with a current PocketBase"),
    "no settings": (lambda d: Shaped(d).execute("DELETE FROM _params"), "no settings"),
    "settings of nothing": (_settings(""), "no settings"),
    "encrypted settings": (_settings(_sealed(SETTINGS)), "--encryption-env"),
    "a broken collection": (
        lambda d: Shaped(d).execute("UPDATE _collections SET fields = '[{}]' WHERE name = 'docs'"),
        "collection docs cannot be read",
    ),
    "fields in too many brackets": (
        lambda d: Shaped(d).execute("UPDATE _collections SET fields = ?", DEEP),
        "collection .* cannot be read",
    ),
    "settings in too many brackets": (_settings(DEEP), "settings"),
    "a table that is gone": (lambda d: Shaped(d).execute("DROP TABLE docs"), "docs cannot be read"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_directory_that_cannot_be_read_is_an_error_of_one_line(
    make: Callable[[Path], Any], reason: str, tmp_path: Path
) -> None:
    directory = tmp_path / "pb_data"
    make(directory)
    with (
        pytest.raises(SourceError, match=reason) as refused,
        pocketbase.opened(directory) as source,
    ):
        for found in source.collections:
            list(source.rows(found))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("quote", ["", '"'])
def test_encrypted_settings_are_decrypted_with_their_key(quote: str, tmp_path: Path) -> None:
    _settings(quote + _sealed(SETTINGS) + quote)(tmp_path)
    with pocketbase.opened(tmp_path, KEY) as source:
        assert source.settings == SETTINGS


SHUT = {
    "another key": (_sealed(SETTINGS), KEY[::-1], "do not open with this encryption key"),
    "a key of the wrong length": (_sealed(SETTINGS), "short", "cannot be decrypted"),
    "text that is no base64": ("%%%", KEY, "cannot be decrypted"),
    "too few bytes": ("AAAA", KEY, "cannot be decrypted|do not open"),
    "a list": (_sealed([]), KEY, "damaged"),
}


@pytest.mark.parametrize(("value", "key", "reason"), SHUT.values(), ids=SHUT)
def test_an_error_about_settings_quotes_none_of_them(
    value: str, key: str, reason: str, tmp_path: Path
) -> None:
    _settings(value)(tmp_path)
    with pytest.raises(SourceError, match=reason) as refused, pocketbase.opened(tmp_path, key):
        pass
    assert key not in str(refused.value)


def test_values_keep_their_storage_class(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path)
    kinds = [field(name, kind) for name, kind in zip("abcdef", KINDS, strict=True)]
    shaped.add_collection("kinds", kinds)
    shaped.put("kinds", "one", a=1, b=1.5, c="1", d=None, e=b"\xffblob", f=True)
    with pocketbase.opened(tmp_path) as source:
        (row,) = source.rows(source.collections[-1])
    record = row.record()
    assert record.values == {
        "id": "one",
        "a": 1,
        "b": 1.5,
        "c": "1",
        "d": None,
        "e": "\ufffdblob",
        "f": 1,
    }
    assert [type(record.values[name]) for name in "abf"] == [int, float, int]


def test_the_demo_collections_have_their_secrets_and_order() -> None:
    with pocketbase.opened(DEMO) as source:
        found = {found.collection.name: found for found in source.collections}
    assert list(found)[:2] == ["_mfas", "_otps"]
    assert len(found["users"].collection.auth_token.secret) == 50
    assert found["document_files"].raw["viewQuery"].startswith("SELECT id, title")
    assert found["users"].collection.auth_token.secret not in repr(found["users"])


def test_rows_without_a_usable_id_are_left_out_with_a_warning(shaped: Shaped) -> None:
    shaped.add_view("twice", "SELECT owner AS id, title FROM docs UNION ALL SELECT NULL, ''", [])
    with pocketbase.opened(shaped.directory) as source:
        assert [record.id for record in source.rows(source.collections[-1])] == ["ann", "bob"]
        assert len(source.warnings) == 2


@pytest.mark.parametrize(
    ("query", "is_incomplete"),
    [
        ("SELECT owner AS id, '' AS title FROM docs", False),  # the same rows once more
        ("SELECT owner AS id, title FROM docs", True),
        ("SELECT owner AS id, title FROM docs GROUP BY owner UNION ALL SELECT NULL, 'x'", True),
        ("SELECT hex(zeroblob(600)) AS id, title FROM docs WHERE id = 'doc0'", True),
        ("SELECT title FROM docs", True),
        ("SELECT id, json_extract('[', '$') AS title FROM docs", True),
    ],
)
def test_a_view_whose_rows_cannot_all_be_kept_is_incomplete(
    shaped: Shaped, query: str, is_incomplete: bool
) -> None:
    shaped.add_view("odd", query, [])
    with pocketbase.opened(shaped.directory) as source:
        view = source.collections[-1]
        list(source.rows(view))
        assert source.incomplete == ({view.id} if is_incomplete else set())


def test_a_view_that_broke_has_one_unreadable_record_and_a_warning(shaped: Shaped) -> None:
    shaped.execute("DROP VIEW doc_files")
    shaped.execute("CREATE VIEW doc_files AS SELECT id, absent FROM docs")
    with pocketbase.opened(shaped.directory) as source:
        view = source.collections[-1]
        assert view.collection.is_broken
        records = [row.record() for row in source.rows(view)]
        assert [(each.values, each.is_unreadable) for each in records] == [({}, True)]
        assert source.warnings == [
            "view doc_files cannot be read and is left empty: no such column: absent"
        ]


def test_a_column_of_an_unusual_type_is_told(tmp_path: Path) -> None:
    """An old PocketBase declared REAL; a view's columns have the types of what they are made of."""
    shutil.copy(ROOT / "tests" / "contract" / "zoo" / "odd.db", tmp_path / "data.db")
    with pocketbase.opened(tmp_path) as source:
        columns = {
            (found.collection.name, each.name): each.column
            for found in source.collections
            for each in found.collection.fields
        }
    assert columns["olds", "number"] == "REAL"
    assert columns["olds", "name"] is None
    assert columns["vcount", "f1"] is None
    assert columns["vcount", "ci"] == "INT"
    assert columns["vcount", "cr2"] == "REAL"
