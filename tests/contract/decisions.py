"""Recorded view rules, and our decisions about them, on a database that PocketBase wrote."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from admin.source.columns import column_types
from pocketfiles.access import Access, AccessRequest
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.generations import UNVERSIONED
from pocketfiles.catalogue.model import Collection, Collections, Record, Settings
from pocketfiles.config import RuleLimits
from pocketfiles.errors import Denied, RuleError
from pocketfiles.http.messages import Request
from pocketfiles.rules.evaluate import check
from pocketfiles.rules.lookups import index_values
from pocketfiles.tokens import Identity

_SCHEMA = "SELECT sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"


class Database:
    """PocketBase's data as the catalogue reads it, each table read once."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        self._connection.row_factory = sqlite3.Row
        self._tables: dict[str, dict[str, Record]] = {}
        rows = list(self._connection.execute("SELECT * FROM _collections ORDER BY rowid"))
        schema = [row["sql"] for row in self._connection.execute(_SCHEMA)]
        types = column_types(schema, [row["name"] for row in rows])
        self.collections = Collections(
            Collection.from_json(_collection_json(row, types[row["name"]]), position)
            for position, row in enumerate(rows)
        )

    def collection(self, name_or_id: str) -> Collection:
        found = self.collections.find(name_or_id)
        assert found is not None, name_or_id
        return found

    def record(self, collection: Collection, record_id: str) -> Record:
        return self._table(collection.id)[record_id]

    def get(self, collection_id: str, record_id: str) -> Record | None:
        return self._table(collection_id).get(record_id)

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> dict[str, Record]:
        table = self._table(collection_id)
        return {record_id: table[record_id] for record_id in record_ids if record_id in table}

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        fields = self.collection(collection_id).fields
        field = next(field for field in fields if field.id == field_id)
        records = self._table(collection_id).values()
        found = [
            record.id
            for record in records
            if set(values) & set(index_values(field, record.values[field.name]))
        ]
        return found[: limit + 1]

    def all(self, collection_id: str, limit: int) -> list[Record]:
        return list(self._table(collection_id).values())[: limit + 1]

    def _table(self, collection_id: str) -> dict[str, Record]:
        if collection_id not in self._tables:
            name = self.collection(collection_id).name
            rows = self._connection.execute(f'SELECT * FROM "{name}"')
            self._tables[collection_id] = {
                row["id"]: Record(collection_id, row["id"], dict(row)) for row in rows
            }
        return self._tables[collection_id]


def _collection_json(row: sqlite3.Row, types: Mapping[str, str]) -> dict[str, Any]:
    columns = dict(row)
    lists = {name: json.loads(columns[name]) for name in ("fields", "indexes")}
    for field in lists["fields"]:
        field["column"] = types[field["name"]]
    options: dict[str, Any] = json.loads(columns["options"])
    return columns | options | lists


@cache
def database(path: Path) -> Database:
    """The database at ``path``, opened once."""
    return Database(path)


def is_saved(data: Database, collection: str, rule: str) -> bool:
    """Whether we accept the rule as a view rule of the collection."""
    try:
        check(rule, data.collection(collection), data.collections)
    except RuleError:
        return False
    return True


def is_shown(
    data: Database,
    collection: str,
    rule: str,
    case: Mapping[str, Any],
    request: Request,
    now: float,
) -> bool:
    """Whether the case's record is seen by the case's token owner under the rule.

    ``case["auth"]`` is the owner's collection and id, or ``None`` for a guest.
    """
    ruled = replace(data.collection(collection), view_rule=rule)
    owner = None
    if case["auth"]:
        name, record_id = case["auth"]
        owners = data.collection(name)
        owner = Identity(owners, data.record(owners, record_id))
    record = data.record(ruled, case["record"])
    snapshot = Snapshot(UNVERSIONED, data.collections, Settings(), data)
    asked = AccessRequest(snapshot, ruled, record, owner, request, now)
    try:
        Access(RuleLimits()).check(asked)
    except Denied:
        return False
    return True
