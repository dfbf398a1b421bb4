"""A small data directory in PocketBase's shape, and the changes a running PocketBase would make to
it.

Two real collections with files and relations, an auth collection, and a view that shows another's
file.
"""

import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pocketfiles.rules.joins import quoted

SCHEMA = """
CREATE TABLE _params (id TEXT PRIMARY KEY NOT NULL, value JSON DEFAULT NULL);
CREATE TABLE _collections (
  id TEXT PRIMARY KEY NOT NULL, system BOOLEAN DEFAULT FALSE NOT NULL,
  type TEXT DEFAULT 'base' NOT NULL,
  name TEXT UNIQUE NOT NULL, fields JSON DEFAULT '[]' NOT NULL, indexes JSON DEFAULT '[]' NOT NULL,
  listRule TEXT, viewRule TEXT, createRule TEXT, updateRule TEXT, deleteRule TEXT,
  options JSON DEFAULT '{}' NOT NULL,
  created TEXT DEFAULT '' NOT NULL, updated TEXT DEFAULT '' NOT NULL);
"""
COLUMNS = {
    "bool": "BOOLEAN DEFAULT FALSE",
    "number": "NUMERIC DEFAULT 0",
    "json": "JSON DEFAULT NULL",
}
SETTINGS = {
    "superuserIPs": ["192.0.2.0/24"],
    "trustedProxy": {"headers": ["X-Forwarded-For"], "useLeftmostIP": False},
    "smtp": {"password": "mail-secret"},
    "s3": {"enabled": False, "secret": "storage-secret"},
}


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A field object; its id is its type and name."""
    return {
        "id": f"{kind}_{name}",
        "name": name,
        "type": kind,
        "system": False,
        "hidden": False,
        **more,
    }


class Shaped:
    """A data directory; every method is one committed transaction."""

    def __init__(self, directory: Path, *, wal: bool = False) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.database = directory / "data.db"
        with closing(self.connect()) as db:
            if wal:
                db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            db.execute(
                "INSERT INTO _params VALUES ('settings', ?)", (json.dumps(SETTINGS).encode(),)
            )
        self.add_collection(
            "users",
            [field("email", "email"), field("tokenKey", "text"), _file("avatar", 1)],
            kind="auth",
        )
        relation = {"collectionId": "id_users", "maxSelect": 1}
        self.add_collection(
            "docs",
            [
                field("title", "text"),
                field("owner", "relation", **relation),
                field("shared", "relation", **{**relation, "maxSelect": 9}),
                _file("attachment", 1, protected=True),
                _file("scans", 9),
            ],
            view_rule="owner = @request.auth.id",
        )
        query = "SELECT d.id, d.title, d.attachment AS file FROM docs d"
        self.add_view(
            "doc_files", query, [field("title", "text"), _file("file", 1, protected=True)]
        )

    def connect(self) -> sqlite3.Connection:
        """A connection in autocommit mode."""
        return sqlite3.connect(self.database, isolation_level=None)

    def execute(self, sql: str, *values: Any) -> list[Any]:
        """One statement."""
        with closing(self.connect()) as db:
            return db.execute(sql, values).fetchall()

    def add_collection(
        self,
        name: str,
        fields: list[dict[str, Any]],
        *,
        kind: str = "base",
        view_rule: str | None = "",
    ) -> None:
        """A collection ``id_<name>`` with its table."""
        secrets = {
            token: {"secret": f"{token} of {name}", "duration": 180}
            for token in ("authToken", "fileToken")
        }
        self._insert(name, kind, fields, view_rule, secrets if kind == "auth" else {})
        columns = ", ".join(f"{quoted(f['name'])} {_column(f)}" for f in fields)
        self.execute(f"CREATE TABLE {quoted(name)} (id TEXT PRIMARY KEY NOT NULL, {columns})")

    def add_view(self, name: str, query: str, fields: list[dict[str, Any]]) -> None:
        """A view collection."""
        self._insert(name, "view", fields, "", {"viewQuery": query})
        self.execute(f'CREATE VIEW "{name}" AS SELECT * FROM ({query})')

    def _insert(
        self, name: str, kind: str, fields: list[Any], rule: str | None, options: dict[str, Any]
    ) -> None:
        self.execute(
            "INSERT INTO _collections (id, type, name, fields, viewRule, options) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            *(
                f"id_{name}",
                kind,
                name,
                json.dumps([field("id", "text"), *fields]),
                rule,
                json.dumps(options),
            ),
        )

    def drop_collection(self, name: str) -> None:
        """A collection, its table, and its folder in storage."""
        self.execute(f'DROP TABLE "{name}"')
        self.execute("DELETE FROM _collections WHERE name = ?", name)

    def put(self, collection: str, record_id: str, **values: Any) -> None:
        """A record, new or changed; lists become JSON."""
        plain = {k: json.dumps(v) if isinstance(v, list) else v for k, v in values.items()}
        columns = [quoted(name) for name in ("id", *plain)]
        names = ", ".join(columns)
        marks = ", ".join("?" for _ in columns)
        updates = ", ".join(f"{column} = excluded.{column}" for column in columns)
        self.execute(
            f"INSERT INTO {quoted(collection)} ({names}) VALUES ({marks}) "
            f"ON CONFLICT (id) DO UPDATE SET {updates}",
            *(record_id, *plain.values()),
        )

    def delete(self, collection: str, record_id: str) -> None:
        """A record; its files stay behind, as they may for a moment in PocketBase."""
        self.execute(f'DELETE FROM "{collection}" WHERE id = ?', record_id)

    def store(
        self, key: str, body: bytes, content_type: str = "text/plain", name: str = "ä b.txt"
    ) -> Path:
        """A file under ``<collection id>/<record id>/<name>`` with its sidecar."""
        path = self.directory / "storage" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        attributes = {
            "user.content_type": content_type,
            "user.metadata": {"original-filename": name},
            "md5": md5,
        }
        path.with_name(path.name + ".attrs").write_text(json.dumps(attributes))
        path.write_bytes(body)
        return path

    def fill(self) -> None:
        """Two users and three documents with files."""
        for user in ("ann", "bob"):
            self.store(f"id_users/{user}/{user}.png", user.encode(), "image/png")
            self.put(
                "users",
                user,
                email=f"{user}@files.test",
                tokenKey=f"key of {user}",
                avatar=f"{user}.png",
            )
        for number, owner in enumerate(("ann", "ann", "bob")):
            name = f"doc{number}"
            self.store(f"id_docs/{name}/{name}.txt", f"text {number}".encode())
            self.put("docs", name, title=f"Title {number}", owner=owner, attachment=f"{name}.txt")
        self.store("id_docs/doc2/s1.txt", b"scan 1")
        self.store("id_docs/doc2/s2.txt", b"scan 2")
        self.put("docs", "doc2", scans=["s1.txt", "s2.txt"], shared=["ann", "bob"])


def _file(name: str, max_select: int, *, protected: bool = False) -> dict[str, Any]:
    return field(name, "file", maxSelect=max_select, thumbs=None, protected=protected)


def _column(of: dict[str, Any]) -> str:
    if of.get("maxSelect", 0) > 1:
        return "JSON DEFAULT '[]' NOT NULL"
    return COLUMNS.get(of["type"], "TEXT DEFAULT '' NOT NULL")


def identify(shaped: Shaped, moment: int) -> None:
    """Give the directory the moment of its first migration, by which syncs tell it from others."""
    shaped.execute("CREATE TABLE IF NOT EXISTS _migrations (file, applied)")
    shaped.execute("DELETE FROM _migrations")
    shaped.execute("INSERT INTO _migrations VALUES ('first', ?)", moment)
