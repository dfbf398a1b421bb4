from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pocketfiles.catalogue.generations import UNVERSIONED, Item, Pointer
from pocketfiles.catalogue.items import collection_item, record_items, settings_item
from pocketfiles.catalogue.model import Collection, Collections, Settings
from pocketfiles.catalogue.table import BATCH, Table, TableAt
from pocketfiles.errors import Overloaded, StorageUnavailable
from tests.conftest import Cloud
from tests.pointer import put_pointer
from tests.unit.catalogue.papers import AUTH, PAPERS, RAW, paper

COLLECTIONS = Collections([PAPERS])


def write(cloud: Cloud, items: Sequence[Item]) -> None:
    for item in items:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)


@pytest.fixture
def table(cloud: Cloud) -> Table:
    return Table(cloud.dynamodb, cloud.table)


@pytest.fixture
def records(table: Table) -> TableAt:
    return table.at(UNVERSIONED, COLLECTIONS)


def test_a_table_of_format_1_has_no_pointer_and_a_catalogue(table: Table, cloud: Cloud) -> None:
    write(cloud, [collection_item(RAW, 12), collection_item(AUTH, 3)])
    write(cloud, [settings_item({"superuserIPs": ["192.0.2.1"], "smtp": {"password": "x"}})])
    assert table.pointer() == UNVERSIONED
    collections, settings, held = table.catalogue(UNVERSIONED)
    assert [(each.name, each.position) for each in collections] == [("users", 3), ("papers", 12)]
    assert collections.find("papers") == Collection.from_json(RAW, 12)
    assert (settings, held) == (Settings(superuser_ips=("192.0.2.1",)), frozenset())


def test_an_empty_table_has_no_collections(table: Table) -> None:
    collections, settings, _ = table.catalogue(table.pointer())
    assert (list(collections), settings) == ([], Settings())


def test_any_copy_of_the_pointer_is_read(table: Table, cloud: Cloud) -> None:
    put_pointer(cloud, generation={"N": "7"})
    assert {table.pointer() for _ in range(20)} == {Pointer(generation=7, table=cloud.table)}


def test_a_record_is_read_at_the_pointers_generation(table: Table, cloud: Cloud) -> None:
    (item,) = record_items(PAPERS, paper("r1", title="new"))
    (before,) = record_items(PAPERS, paper("r1", title="old"))
    generations = {
        "generation": {"N": "8"},
        "previous_generation": {"N": "5"},
        "previous_record": before["record"],
        "previous_gone": {"NULL": True},
    }
    write(cloud, [item | generations])
    for generation, title in ((8, "new"), (7, "old")):
        records = table.at(Pointer(generation=generation), COLLECTIONS)
        expected = paper("r1", title=title)
        assert records.get("pbc_papers", "r1") == expected
        assert records.batch("pbc_papers", ["r1"]) == {"r1": expected}
        assert list(records.all("pbc_papers", 9)) == [expected]


def test_a_missing_record_is_none(records: TableAt) -> None:
    assert records.get("pbc_papers", "nope") is None
    assert records.get("no collection", "nope") is None


def test_a_batch_of_any_length_finds_what_exists(records: TableAt, cloud: Cloud) -> None:
    papers = [paper(f"r{n:03}", n=n) for n in range(BATCH + 5)]
    write(cloud, [item for record in papers for item in record_items(PAPERS, record)])
    asked = [*(record.id for record in papers), "nope", "r000"]
    assert records.batch("pbc_papers", asked) == {record.id: record for record in papers}
    assert records.batch("pbc_papers", []) == {}


def test_back_references_are_found_without_a_scan(records: TableAt, cloud: Cloud) -> None:
    for record_id, owner in [("r3", "ada"), ("r1", "ada"), ("r2", "bob"), ("r4", "")]:
        write(cloud, record_items(PAPERS, paper(record_id, owner=owner, shared='["cleo"]')))
    assert records.referring("pbc_papers", "f2", ["ada"], 10) == ["r1", "r3"]
    assert records.referring("pbc_papers", "f2", ["bob", "ada"], 10) == ["r2", "r1", "r3"]
    assert records.referring("pbc_papers", "f2", ["ada"], 1) == ["r1", "r3"]  # one above the limit
    assert records.referring("pbc_papers", "f2", ["ada", "bob"], 0) == ["r1"]
    assert records.referring("pbc_papers", "f2", ["dan"], 10) == []
    assert len(records.referring("pbc_papers", "f3", ["cleo"], 2)) == 3


def test_a_collections_records_come_in_order_and_one_above_the_limit(
    records: TableAt, cloud: Cloud
) -> None:
    for record_id in ("r2", "r1", "r3"):
        write(cloud, record_items(PAPERS, paper(record_id, owner="ada")))
    assert [record.id for record in records.all("pbc_papers", 10)] == ["r1", "r2", "r3"]
    assert [record.id for record in records.all("pbc_papers", 1)] == ["r1", "r2"]


def test_a_missing_table_is_an_operators_matter(cloud: Cloud) -> None:
    nowhere = Table(cloud.dynamodb, "no-such-table")
    records = nowhere.at(UNVERSIONED, COLLECTIONS)
    for call in (
        nowhere.pointer,
        lambda: nowhere.catalogue(UNVERSIONED),
        lambda: records.get("pbc_papers", "r"),
        lambda: records.batch("pbc_papers", ["r"]),
        lambda: records.referring("pbc_papers", "f", ["r"], 1),
        lambda: list(records.all("pbc_papers", 1)),
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


class Pauses(list[float]):
    """Takes pauses without waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def over(client: Client, pauses: Pauses | None = None) -> Table:
    return Table(client, "t", Pauses() if pauses is None else pauses)  # type: ignore[arg-type]


def at(client: Client, pauses: Pauses | None = None) -> TableAt:
    return over(client, pauses).at(UNVERSIONED, COLLECTIONS)


def item(record_id: str) -> Item:
    return record_items(PAPERS, paper(record_id))[0]


def keys_of(*ids: str) -> list[Item]:
    return [{"pk": {"S": "pbc_papers"}, "sk": {"S": record_id}} for record_id in ids]


def test_pages_are_followed_to_the_end_or_the_limit() -> None:
    first = {"Items": [item("r1"), item("r2")], "LastEvaluatedKey": keys_of("r2")[0]}
    client = Client(first, {"Items": [item("r3")]})
    assert [r.id for r in at(client).all("pbc_papers", 9)] == ["r1", "r2", "r3"]
    assert client.asked[1]["ExclusiveStartKey"] == keys_of("r2")[0]
    client = Client(first)
    assert [r.id for r in at(client).all("pbc_papers", 1)] == ["r1", "r2"]
    assert client.asked[0]["Limit"] == 2


def test_keys_that_were_left_over_are_asked_for_again_after_a_pause() -> None:
    left = {"t": {"Keys": keys_of("r2"), "ConsistentRead": True}}
    client = Client(
        {"Responses": {"t": [item("r1")]}, "UnprocessedKeys": left},
        {"Responses": {"t": [item("r2")]}, "UnprocessedKeys": {}},
    )
    pauses = Pauses()
    assert sorted(at(client, pauses).batch("pbc_papers", ["r1", "r2"])) == ["r1", "r2"]
    assert client.asked[1]["RequestItems"]["t"]["Keys"] == keys_of("r2")
    assert len(pauses) == 1


def test_keys_that_are_always_left_over_are_a_503_after_a_few_pauses() -> None:
    left = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": keys_of("r1")}}}
    client, pauses = Client(*[left] * 99), Pauses()
    with pytest.raises(Overloaded):
        at(client, pauses).batch("pbc_papers", ["r1"])
    assert len(client.asked) < 10
    assert len(pauses) == len(client.asked) - 1
    assert sum(pauses) < 3


def test_every_read_is_strongly_consistent() -> None:
    client = Client({}, {"Items": []}, {}, {"Responses": {"t": []}}, {"Items": []}, {"Items": []})
    table = over(client)
    table.pointer()
    table.catalogue(UNVERSIONED)
    records = table.at(UNVERSIONED, COLLECTIONS)
    records.get("pbc_papers", "r")
    records.batch("pbc_papers", ["r"])
    records.referring("pbc_papers", "f", ["r"], 1)
    list(records.all("pbc_papers", 1))
    asked = [request.get("RequestItems", {}).get("t", request) for request in client.asked]
    assert [request["ConsistentRead"] for request in asked] == [True] * 6


def test_a_throttled_table_is_a_503() -> None:
    throttled = ClientError(
        {
            "Error": {"Code": "ProvisionedThroughputExceededException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
        },
        "GetItem",
    )
    with pytest.raises(Overloaded):
        at(Client(throttled)).get("pbc_papers", "r")
