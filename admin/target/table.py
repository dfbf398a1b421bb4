"""The table as the sync sees it: read whole, or by partition, and written in batches."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pocketfiles.catalogue.generations import Item

from ..errors import TargetError
from .actions import DeleteItem, PutItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_SIZE = 25
"""The most items that one BatchWriteItem takes."""

_ATTEMPTS = 12
_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 5.0


class TargetTable:
    """Writes to one table through a low-level client; safe to use from several threads."""

    def __init__(
        self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def items(self) -> Iterator[Item]:
        """Every item, a MiB a call, strongly consistent."""
        for page in self._client.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        ):
            yield from page["Items"]

    def partition(self, pk: str) -> Iterator[Item]:
        """The items of a partition key in order of sort key, strongly consistent."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def write(self, actions: Iterable[PutItem | DeleteItem]) -> None:
        """Up to 25 puts and deletes of different keys. Raises ``TargetError`` when the table stays busy."""
        requests: Any = {self._name: [_request(action) for action in actions]}
        wait_seconds = _FIRST_WAIT_SECONDS
        for _ in range(_ATTEMPTS):
            requests = self._client.batch_write_item(RequestItems=requests).get("UnprocessedItems")
            if not requests:
                return
            self._sleep(wait_seconds * random.uniform(0.5, 1))  # noqa: S311 - spreads retries, guards nothing
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
        raise TargetError(
            f"table {self._name} is too busy: it left writes unprocessed {_ATTEMPTS} times"
        )


def _request(action: PutItem | DeleteItem) -> dict[str, Any]:
    if isinstance(action, PutItem):
        return {"PutRequest": {"Item": action.item}}
    return {"DeleteRequest": {"Key": {"pk": {"S": action.pk}, "sk": {"S": action.sk}}}}
