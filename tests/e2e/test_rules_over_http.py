"""View rules through HTTP, with tokens as clients hold them, and what is seen of a change."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from admin.target.table import TargetTable
from admin.target.writer import Catalogue, Writer
from pocketfiles import keys, tokens
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION, HEADER, indexed_from, record_from, record_items
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, Runner
from tests.e2e.test_runner import ask

OWNED = (
    "/api/files/documents/doc000000000005/file_5_c1hhevafh2.txt"  # Dan's, shared with Cleo and Bob
)
VIEWED = "/api/files/document_files/doc000000000005/file_5_c1hhevafh2.txt"
OPEN = "/api/files/open_papers/paper0000000001/open_nqhrwivcnx.txt"
LOCKED = "/api/files/locked_papers/paper0000000002/locked_8tkibi63xf.txt"
DAN, CLEO, EVE, ROOT = "userdan00000000", "usercleo0000000", "usereve00000000", "superuser000001"
DOCUMENTS = "pbc_3332084752"


@pytest.fixture(scope="module")
def bucket(runner: Runner) -> Bucket:
    """The runner's table."""
    return Bucket.of(runner.aws)


def owner(bucket: Bucket, record_id: str) -> tuple[Collection, Record]:
    """A token's owner as the table has it now."""
    table = Table(bucket.dynamodb, bucket.table)
    collection = snapshot_of(table).collections.find(
        "_superusers" if record_id == ROOT else "users"
    )
    assert collection
    record = snapshot_of(table).record(collection, record_id)
    assert record
    return collection, record


def token_of(bucket: Bucket, record_id: str) -> str:
    return tokens.issue(*owner(bucket, record_id), "file", time.time())


def status(runner: Runner, path: str, token: str = "") -> int:
    return ask(runner, "GET", f"{path}?token={token}" if token else path)[0]


@pytest.mark.parametrize(
    ("path", "opens_for"),
    [
        (OWNED, {DAN, CLEO, ROOT}),
        (VIEWED, {DAN, ROOT}),
        (OPEN, {DAN, CLEO, EVE, ROOT, ""}),
        (LOCKED, {ROOT}),
    ],
)
def test_a_file_opens_for_whom_its_view_rule_says(
    path: str, opens_for: set[str], runner: Runner, bucket: Bucket
) -> None:
    """The owner, one it is shared with, a stranger, a superuser and a guest."""
    answers = {
        who: ask(runner, "GET", f"{path}?token={token_of(bucket, who)}" if who else path)
        for who in (DAN, CLEO, EVE, ROOT, "")
    }
    assert {who for who, (code, _, _) in answers.items() if code == 200} == opens_for
    denied = [body for code, _, body in answers.values() if code != 200]
    assert {json.loads(body)["message"] for body in denied} <= {
        "The requested resource wasn't found."
    }


def test_an_auth_token_and_an_authorization_header_open_nothing(
    runner: Runner, bucket: Bucket
) -> None:
    auth = tokens.issue(*owner(bucket, DAN), "auth", time.time())
    assert status(runner, OWNED, auth) == 404
    assert ask(runner, "GET", OWNED, {"Authorization": auth})[0] == 404


@contextmanager
def changed(bucket: Bucket, pk: str, sk: str, **values: Any) -> Iterator[None]:
    """Other values in a record, for as long as the block runs."""
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    item = bucket.dynamodb.get_item(TableName=bucket.table, Key=key, ConsistentRead=True)["Item"]
    change = changed_record(bucket, item, values)
    bucket.dynamodb.put_item(TableName=bucket.table, Item={**item, **change})
    yield
    bucket.dynamodb.put_item(TableName=bucket.table, Item=item)


def changed_record(bucket: Bucket, item: Item, values: dict[str, Any]) -> Item:
    collections = snapshot_of(Table(bucket.dynamodb, bucket.table)).collections
    collection = collections.find(item["pk"]["S"])
    assert collection
    record = record_from(item, collection)
    return record_items(collection, replace(record, values={**record.values, **values}))[0]


@contextmanager
def redefined(bucket: Bucket, collection_id: str, **values: Any) -> Iterator[None]:
    """Another definition of a collection, for as long as the block runs."""
    writer = Writer(TargetTable(bucket.dynamodb, bucket.table))
    writer.acquire()
    stored = list(writer.table.partition(keys.catalogue(writer.pointer.catalogue)))
    (header,) = (item for item in stored if item["sk"]["S"] == HEADER)
    before = {item["sk"]["S"]: item for item in stored if item is not header}
    sk = f"{COLLECTION}{collection_id}"
    raw = {**json.loads(before[sk]["data"]["S"]), **values}
    after = {**before, sk: {**before[sk], "data": {"S": json.dumps(raw)}}}
    for definitions in (after, before):
        writer.begin()
        writer.publish(Catalogue(definitions, indexed_from(header)))
        if definitions is after:
            yield
    writer.release()


def test_a_revoked_token_is_refused_at_the_next_request(runner: Runner, bucket: Bucket) -> None:
    old = token_of(bucket, DAN)
    assert status(runner, OWNED, old) == 200
    with changed(
        bucket, "_pb_users_auth_", DAN, tokenKey="another, as a changed password makes one"
    ):
        assert status(runner, OWNED, old) == 404
        assert status(runner, OWNED, token_of(bucket, DAN)) == 200


def test_a_changed_record_counts_at_the_next_request(runner: Runner, bucket: Bucket) -> None:
    cleo = token_of(bucket, CLEO)
    assert status(runner, OWNED, cleo) == 200
    with changed(bucket, DOCUMENTS, "doc000000000005", shared_with="[]"):
        assert status(runner, OWNED, cleo) == 404


def test_a_changed_rule_is_seen_after_the_catalogues_time_to_live(
    runner: Runner, bucket: Bucket
) -> None:
    dan, eve = token_of(bucket, DAN), token_of(bucket, EVE)
    assert (status(runner, OWNED, dan), status(runner, OWNED, eve)) == (200, 404)
    with redefined(bucket, DOCUMENTS, viewRule="@request.auth.name = 'Eve'"):
        eventually(lambda: status(runner, OWNED, eve) == 200)
        assert status(runner, OWNED, dan) == 404
    eventually(lambda: status(runner, OWNED, dan) == 200)
    assert status(runner, OWNED, eve) == 404


def eventually(seen: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not seen():
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.2)
