import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pocketfiles.catalogue.model import Collection, Record, Settings, Source
from pocketfiles.catalogue.table import (
    BATCH,
    COMPRESS_ABOVE,
    Item,
    Table,
    collection_item,
    record_from,
    record_items,
    settings_item,
)
from pocketfiles.errors import Overloaded, StorageUnavailable
from tests.conftest import Cloud

RAW = {
    "id": "pbc_papers",
    "name": "papers",
    "type": "base",
    "system": False,
    "viewRule": "owner = @request.auth.id",
    "listRule": "not kept",
    "indexes": ["CREATE UNIQUE INDEX x ON papers (owner)"],
    "fields": [
        {"id": "f1", "name": "title", "type": "text", "max": 5, "hidden": False},
        {
            "id": "f2",
            "name": "owner",
            "type": "relation",
            "collectionId": "pbc_users",
            "maxSelect": 1,
        },
        {
            "id": "f3",
            "name": "shared",
            "type": "relation",
            "collectionId": "pbc_users",
            "maxSelect": 9,
        },
        {
            "id": "f4",
            "name": "paper",
            "type": "file",
            "protected": True,
            "thumbs": None,
            "maxSelect": 1,
        },
    ],
}
AUTH = {
    **RAW,
    "id": "pbc_users",
    "name": "users",
    "type": "auth",
    "viewRule": None,
    "authToken": {"secret": "a", "duration": 9},
    "fileToken": {"secret": "f", "duration": 7},
    "oauth2": {"providers": [{"clientSecret": "never kept"}]},
    "passwordAuth": {"enabled": True},
}
PAPERS = Collection.from_json(RAW)


def write(cloud: Cloud, items: Sequence[Item]) -> None:
    for item in items:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)


@pytest.fixture
def table(cloud: Cloud) -> Table:
    return Table(cloud.dynamodb, cloud.table)


def paper(record_id: str, **values: Any) -> Record:
    return Record("pbc_papers", record_id, {"id": record_id, **values})


def test_collections_come_in_their_order_with_the_settings(table: Table, cloud: Cloud) -> None:
    write(cloud, [collection_item(RAW, 12), collection_item(AUTH, 3)])
    write(cloud, [settings_item({"superuserIPs": ["192.0.2.1"], "smtp": {"password": "x"}})])
    collections, settings = table.catalogue()
    assert [(c.name, c.position) for c in collections] == [("users", 3), ("papers", 12)]
    assert collections.find("papers") == Collection.from_json(RAW, 12)
    assert collections.find("users") == Collection.from_json(AUTH, 3)
    assert settings == Settings(superuser_ips=("192.0.2.1",))


def test_an_empty_table_has_no_collections(table: Table) -> None:
    collections, settings = table.catalogue()
    assert (list(collections), settings) == ([], Settings())


def test_nothing_is_stored_that_serving_does_not_read() -> None:
    stored = json.dumps(
        [collection_item(AUTH, 1), settings_item({"smtp": {"password": "p"}, "s3": {}})]
    )
    for secret in ("never kept", "oauth2", "passwordAuth", "not kept", "smtp", "s3", '\\"max\\"'):
        assert secret not in stored


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"n": None, "i": 1, "f": 1.0, "big": 2**60, "t": "é\u2028\x00", "e": ""},
        {"f": 0.1 + 0.2, "neg": -0.0},
        {"long": "x" * COMPRESS_ABOVE},
        {"long": "é" * COMPRESS_ABOVE, "f": 5.0},
    ],
)
def test_columns_come_back_exactly_as_they_were(
    table: Table, cloud: Cloud, values: dict[str, Any]
) -> None:
    record = paper("r1", **values)
    write(cloud, record_items(PAPERS, record))
    read = table.get("pbc_papers", "r1")
    assert read == record
    assert {k: type(v) for k, v in read.values.items()} == {
        k: type(v) for k, v in record.values.items()
    }


def test_long_records_are_compressed() -> None:
    (short,) = record_items(PAPERS, paper("r", a="x" * 8000))
    (long,) = record_items(PAPERS, paper("r", a="x" * 9000))
    assert (set(short["data"]), set(long["data"])) == ({"S"}, {"B"})
    assert len(long["data"]["B"]) < 200
    assert record_from(long).values["a"] == "x" * 9000


def test_a_views_record_knows_where_its_files_lie(table: Table, cloud: Cloud) -> None:
    record = Record("pbc_papers", "r", {"id": "r"}, {"a.txt": Source("pbc_users", "u1")})
    write(cloud, record_items(PAPERS, record))
    assert table.get("pbc_papers", "r") == record


def test_a_missing_record_is_none(table: Table) -> None:
    assert table.get("pbc_papers", "nope") is None
    assert table.get("no collection", "nope") is None


def test_a_batch_of_any_length_finds_what_exists(table: Table, cloud: Cloud) -> None:
    records = [paper(f"r{n:03}", n=n) for n in range(BATCH + 5)]
    write(cloud, [item for record in records for item in record_items(PAPERS, record)])
    asked = [*(record.id for record in records), "nope", "r000"]
    assert table.batch("pbc_papers", asked) == {record.id: record for record in records}
    assert table.batch("pbc_papers", []) == {}


def test_an_index_item_stands_for_each_relation_value() -> None:
    items = record_items(PAPERS, paper("r", owner="ada", shared='["bob","ada","bob",""]'))
    assert [(item["pk"]["S"], item["sk"]["S"]) for item in items] == [
        ("pbc_papers", "r"),
        ("pbc_papers#f2#ada", "r"),
        ("pbc_papers#f3#bob", "r"),
        ("pbc_papers#f3#ada", "r"),
    ]
    assert all(set(item) == {"pk", "sk"} for item in items[1:])


def test_back_references_are_found_without_a_scan(table: Table, cloud: Cloud) -> None:
    for record_id, owner in [("r3", "ada"), ("r1", "ada"), ("r2", "bob"), ("r4", "")]:
        write(cloud, record_items(PAPERS, paper(record_id, owner=owner, shared='["cleo"]')))
    assert table.referring("pbc_papers", "f2", ["ada"], 10) == ["r1", "r3"]
    assert table.referring("pbc_papers", "f2", ["bob", "ada"], 10) == ["r2", "r1", "r3"]
    assert table.referring("pbc_papers", "f2", ["ada"], 1) == ["r1", "r3"]  # one more than allowed
    assert table.referring("pbc_papers", "f2", ["ada", "bob"], 0) == ["r1"]
    assert table.referring("pbc_papers", "f2", ["dan"], 10) == []
    assert len(table.referring("pbc_papers", "f3", ["cleo"], 2)) == 3


def test_a_collections_records_come_in_order_and_one_above_the_limit(
    table: Table, cloud: Cloud
) -> None:
    for record_id in ("r2", "r1", "r3"):
        write(cloud, record_items(PAPERS, paper(record_id, owner="ada")))
    assert [record.id for record in table.all("pbc_papers", 10)] == ["r1", "r2", "r3"]
    assert [record.id for record in table.all("pbc_papers", 1)] == ["r1", "r2"]


def test_a_missing_table_is_an_operators_matter(cloud: Cloud) -> None:
    nowhere = Table(cloud.dynamodb, "no-such-table")
    for call in (
        nowhere.catalogue,
        lambda: nowhere.get("c", "r"),
        lambda: nowhere.batch("c", ["r"]),
        lambda: nowhere.referring("c", "f", ["r"], 1),
        lambda: nowhere.all("c", 1),
    ):
        with pytest.raises(StorageUnavailable, match="DynamoDB: ResourceNotFoundException"):
            call()


class Client:
    """A DynamoDB client that answers from a list, a page or an error at a time."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def _next(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_item = query = batch_get_item = _next


def over(client: Client) -> Table:
    return Table(client, "t")  # type: ignore[arg-type]


def item(record_id: str) -> Item:
    return record_items(PAPERS, paper(record_id))[0]


def keys(*ids: str) -> list[Item]:
    return [{"pk": {"S": "pbc_papers"}, "sk": {"S": record_id}} for record_id in ids]


def test_pages_are_followed_to_the_end_or_the_limit() -> None:
    first = {"Items": [item("r1"), item("r2")], "LastEvaluatedKey": keys("r2")[0]}
    client = Client(first, {"Items": [item("r3")]})
    assert [r.id for r in over(client).all("pbc_papers", 9)] == ["r1", "r2", "r3"]
    assert [asked["Limit"] for asked in client.asked] == [10, 8]
    assert client.asked[1]["ExclusiveStartKey"] == keys("r2")[0]
    client = Client(first)
    assert [r.id for r in over(client).all("pbc_papers", 1)] == ["r1", "r2"]


def test_keys_that_were_left_over_are_asked_again() -> None:
    left = {"t": {"Keys": keys("r2"), "ConsistentRead": True}}
    client = Client(
        {"Responses": {"t": [item("r1")]}, "UnprocessedKeys": left},
        {"Responses": {"t": [item("r2")]}, "UnprocessedKeys": {}},
    )
    assert sorted(over(client).batch("pbc_papers", ["r1", "r2"])) == ["r1", "r2"]
    assert client.asked[1]["RequestItems"]["t"]["Keys"] == keys("r2")


def test_keys_that_are_always_left_over_are_a_503() -> None:
    left = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": keys("r1")}}}
    with pytest.raises(Overloaded):
        over(Client(*[left] * 9)).batch("pbc_papers", ["r1"])


def test_every_read_is_strongly_consistent() -> None:
    client = Client({"Items": []}, {}, {"Responses": {"t": []}}, {"Items": []}, {"Items": []})
    table = over(client)
    table.catalogue()
    table.get("c", "r")
    table.batch("c", ["r"])
    table.referring("c", "f", ["r"], 1)
    table.all("c", 1)
    asked = [request.get("RequestItems", {}).get("t", request) for request in client.asked]
    assert [request["ConsistentRead"] for request in asked] == [True] * 5


def test_a_throttled_table_is_a_503() -> None:
    throttled = ClientError(
        {
            "Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
        },
        "GetItem",
    )
    with pytest.raises(Overloaded):
        over(Client(throttled)).get("c", "r")
