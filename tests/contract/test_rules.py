"""Every recorded rule is refused, allowed or denied as PocketBase decided it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pocketfiles.catalogue.model import Collection, Collections, Record
from pocketfiles.errors import RuleError
from pocketfiles.rules.evaluate import Evaluation, RuleRequest, check

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "local" / "demo" / "pb_data" / "data.db"
RECORDED = [json.loads(line) for line in (HERE / "rules.jsonl").read_text("utf-8").splitlines()]
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


class Demo:
    """A reader of the demo data, straight from PocketBase's database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        self.collections = Collections(
            Collection.from_json(
                dict(row)
                | json.loads(row["options"])
                | {"fields": json.loads(row["fields"]), "indexes": json.loads(row["indexes"])},
                position,
            )
            for position, row in enumerate(
                connection.execute("SELECT * FROM _collections ORDER BY rowid")
            )
        )

    def get(self, collection_id: str, record_id: str) -> Record | None:
        return self.batch(collection_id, [record_id]).get(record_id)

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> dict[str, Record]:
        return {r.id: r for r in self.all(collection_id, 1000) if r.id in record_ids}

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        collection = self._named(collection_id)
        by = next(each for each in collection.fields if each.id == field_id)
        found = [r.id for r in self.all(collection_id, 1000) if set(r.names(by)) & set(values)]
        return found[: limit + 1]

    def all(self, collection_id: str, limit: int) -> list[Record]:
        name = self._named(collection_id).name
        found = self._connection.execute(f'SELECT * FROM "{name}" LIMIT ?', [limit + 1])
        return [Record(collection_id, row["id"], dict(row)) for row in found]

    def _named(self, collection_id: str) -> Collection:
        return next(each for each in self.collections if each.id == collection_id)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with closing(sqlite3.connect(f"file:{DATA}?mode=ro&immutable=1", uri=True)) as connection:
        yield Demo(connection)


def test_there_are_twelve_hundred_rules() -> None:
    assert len(RECORDED) == 1200


@pytest.mark.parametrize("rule", [line["rule"] for line in RECORDED if not line["valid"]], ids=repr)
def test_a_rule_that_pocketbase_does_not_save_is_refused(demo: Demo, rule: str) -> None:
    documents = demo.collections.find("documents")
    assert documents
    with pytest.raises(RuleError):
        check(rule, documents, demo.collections)


def test_every_case_is_decided_as_recorded(demo: Demo) -> None:
    documents, users = demo.collections.find("documents"), demo.collections.find("users")
    assert documents and users
    wrong = []
    for line in (line for line in RECORDED if line["valid"]):
        check(line["rule"], documents, demo.collections)
        for case in line["cases"]:
            record = demo.get(documents.id, case["record"])
            auth = demo.get(users.id, case["auth"]) if case["auth"] else None
            assert record
            token = {"token": "a.b.c"} if auth else {}
            request = RuleRequest(
                method=case["method"],
                query=case["query"] | token,
                headers={"host": "files.test", "accept-encoding": "identity"} | case["headers"],
                body={},
                auth=auth,
                auth_collection=users if auth else None,
            )
            evaluation = Evaluation(
                line["rule"], documents, record, request, demo.collections, demo, NOW
            )
            if evaluation.allows() != case["allow"]:
                wrong.append((line["rule"], case))
    assert wrong == []
