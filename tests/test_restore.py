"""A table that a restored copy replaces, as docs/deploying.md describes it."""

from pathlib import Path
from typing import Any

import pytest

from deploy import restore
from pocketfiles import keys
from tests.admin.conftest import run, stored
from tests.admin.shaped import Shaped
from tests.checkout import own_environment, run_module
from tests.conftest import Cloud, make_cloud

COMPRESSED = {"pk": {"S": "c"}, "sk": {"S": "r"}, "data": {"B": b"\x00\x01\xff"}}
LATER = {"pk": {"S": "c"}, "sk": {"S": "later"}, "data": {"S": "{}"}}


@pytest.fixture
def copy(cloud: Cloud, endpoint: str, tmp_path: Path) -> Cloud:
    """A copy of a filled table, to which something was added afterwards."""
    shaped = Shaped(tmp_path / "pb_data")
    shaped.fill()
    run(cloud, shaped.directory)
    cloud.dynamodb.put_item(TableName=cloud.table, Item=COMPRESSED)
    copy = make_cloud(endpoint)
    for item in stored(cloud):
        copy.dynamodb.put_item(TableName=copy.table, Item=item)
    cloud.dynamodb.put_item(TableName=cloud.table, Item=LATER)
    return copy


def by_key(items: list[Any]) -> dict[tuple[str, str], Any]:
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}


def test_a_table_gets_the_items_of_the_copy_and_no_others(cloud: Cloud, copy: Cloud) -> None:
    count = restore.restore(cloud.dynamodb, copy.table, cloud.table, lambda seconds: None)
    expected = by_key(stored(copy))
    for number in range(keys.POINTER_COPIES):
        expected[keys.pointer(number), keys.POINTER]["table"] = {"S": copy.table}
    assert by_key(stored(cloud)) == expected
    assert count == len(expected)


def test_no_request_finds_a_pointer_while_items_are_replaced(cloud: Cloud, copy: Cloud) -> None:
    """Without its pointer, a table of which a part is missing opens nothing."""
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        assert not [item for item in stored(cloud) if item["sk"]["S"] == keys.POINTER]
        assert LATER in stored(cloud)

    restore.restore(cloud.dynamodb, copy.table, cloud.table, wait)
    assert waits == [restore.LONGEST_REQUEST_SECONDS]
    assert restore.POINTER == keys.POINTER


class Throttled:
    """A table that takes one request of each batch."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:
        ((table, requests),) = RequestItems.items()
        self.taken.append(requests[0])
        return {"UnprocessedItems": {table: requests[1:]} if requests[1:] else {}}


def test_what_dynamodb_does_not_process_is_sent_again() -> None:
    table = Throttled()
    pauses: list[float] = []
    requests = [{"PutRequest": {"Item": {"n": n}}} for n in range(60)]
    assert restore._write(table, "t", requests, pauses.append) == 60
    assert table.taken == requests
    assert len(pauses) == 60 - 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-table", "TABLE"], "cannot restore: "),
        (["TABLE", "TABLE"], "cannot restore: give two tables"),
        ([], "python -m deploy.restore RESTORED TABLE"),
    ],
)
def test_a_wrong_command_line_deletes_nothing(
    cloud: Cloud, arguments: list[str], said: str
) -> None:
    cloud.dynamodb.put_item(TableName=cloud.table, Item=LATER)
    names = [cloud.table if name == "TABLE" else name for name in arguments]
    environment = own_environment(AWS_REGION="eu-west-1")
    done = run_module("deploy.restore", *names, environment=environment)
    assert done.returncode == 1
    assert said in done.stderr
    assert stored(cloud) == [LATER]
