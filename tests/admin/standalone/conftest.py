"""Commands on a cloud that holds the demo's collections and no record."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Record
from pocketfiles.catalogue.table import Table
from tests.conftest import DEMO, Cloud


def export() -> list[dict[str, Any]]:
    """The demo's collections as PocketBase exports them: without secrets."""
    found = []
    with closing(sqlite3.connect(f"file:{DEMO}/data.db?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM _collections ORDER BY type, rowid"):
            raw = {**json.loads(row["options"]), **{key: row[key] for key in row.keys()}}  # noqa: SIM118
            raw |= {"fields": json.loads(raw["fields"]), "indexes": json.loads(raw["indexes"])}
            raw["system"] = bool(raw["system"])
            for key in ("options", "created", "updated"):
                del raw[key]
            for key, value in raw.items():
                if key.endswith("Token"):
                    raw[key] = {"duration": value["duration"]}
            found.append(raw)
    return found


class Terminal(io.StringIO):
    """A terminal on which this is typed."""

    def isatty(self) -> bool:
        return True


class Alone:
    """Commands on one cloud."""

    def __init__(self, cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cloud = cloud
        self.table = Table(cloud.dynamodb, cloud.table)
        self._folder = folder
        self._capsys = capsys

    def run(self, *command: str, code: int = 0) -> str:
        target = [
            "--table",
            self.cloud.table,
            *(["--bucket", self.cloud.bucket] if command[0] != "token" else []),
        ]
        assert main([*command, *target]) == code, self._capsys.readouterr().err
        out, err = self._capsys.readouterr()
        return out if code == 0 else err

    def apply(self, raw: Any, *more: str, code: int = 0) -> str:
        path = self._folder / "pb_schema.json"
        path.write_text(json.dumps(raw))
        return self.run("collections", "apply", str(path), *more, code=code)

    def file(self, name: str, body: bytes = b"hello") -> str:
        (self._folder / name).write_bytes(body)
        return str(self._folder / name)

    def put_two_scans(self, *more: str) -> None:
        """The record documents/one, with two files."""
        self.run("put", "documents", "one", "scans", self.file("a.txt"), self.file("b.txt"), *more)

    def record(self, collection: str, record_id: str) -> Record | None:
        collections = snapshot_of(self.table).collections
        found = collections.find(collection)
        assert found
        return snapshot_of(self.table).record(found, record_id)


@pytest.fixture
def alone(cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Alone:
    made = Alone(cloud, tmp_path, capsys)
    made.apply(export())
    return made


def changed(collection: str, **more: Any) -> list[dict[str, Any]]:
    return [{**raw, **more} if raw["name"] == collection else raw for raw in export()]


def without_field(collection: str, name: str, **more: Any) -> list[dict[str, Any]]:
    raw = next(raw for raw in export() if raw["name"] == collection)
    fields = [field for field in raw["fields"] if field["name"] != name]
    return changed(collection, fields=fields, **more)


def with_field(collection: str, which: str, /, **more: Any) -> list[dict[str, Any]]:
    raw = next(raw for raw in export() if raw["name"] == collection)
    fields = [{**field, **more} if field["name"] == which else field for field in raw["fields"]]
    return changed(collection, fields=fields)


def without(collection: str) -> list[dict[str, Any]]:
    return [raw for raw in export() if raw["name"] != collection]
