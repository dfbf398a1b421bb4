"""A DynamoDB table in memory, with the calls and the expressions that this project uses.

``before_write`` and ``before_read`` are called before each call, so that a test can let others act
in between or end the caller.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

Key = tuple[str, str]


class MemoryDynamoDB:
    """A low-level client for one table."""

    def __init__(self) -> None:
        self.items: dict[Key, dict[str, Any]] = {}
        self.before_read: Callable[[], None] = lambda: None
        self.before_write: Callable[[str], None] = lambda _: None
        self.after_transaction: Callable[[], None] = lambda: None

    # Reads.

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.before_read()
        found = self.items.get(_key(Key))
        return {"Item": copy.deepcopy(found)} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.before_read()
        ((table, request),) = RequestItems.items()
        found = [self.items.get(_key(key)) for key in request["Keys"]]
        return {"Responses": {table: [copy.deepcopy(item) for item in found if item]}}

    def query(self, *, ExpressionAttributeValues: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.before_read()
        pk = ExpressionAttributeValues[":pk"]["S"]
        keys = sorted(key for key in self.items if key[0] == pk)
        return {"Items": [copy.deepcopy(self.items[key]) for key in keys]}

    def get_paginator(self, operation: str) -> "MemoryDynamoDB":
        self._operation = operation
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        if self._operation == "query":
            yield self.query(**request)
        else:
            yield {"Items": [copy.deepcopy(item) for _, item in sorted(self.items.items())]}

    # Writes.

    def put_item(self, *, Item: dict[str, Any], **request: Any) -> None:
        self.before_write("item")
        self._require(_key(Item), request)
        self.items[_key(Item)] = copy.deepcopy(Item)

    def update_item(self, *, Key: dict[str, Any], **request: Any) -> None:
        self.before_write("item")
        self._require(_key(Key), request)
        self._update(Key, request)

    def delete_item(self, *, Key: dict[str, Any], **request: Any) -> None:
        self.before_write("item")
        self._require(_key(Key), request)
        self.items.pop(_key(Key), None)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:
        self.before_write("transaction")
        updates = [action["Update"] for action in TransactItems]
        for update in updates:
            self._require(_key(update["Key"]), update)
        for update in updates:
            self._update(update["Key"], update)
        self.after_transaction()

    def _require(self, key: Key, request: dict[str, Any]) -> None:
        item = self.items.get(key, {})
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        for condition in filter(None, request.get("ConditionExpression", "").split(" AND ")):
            if missing := re.fullmatch(r"attribute_not_exists\((.+)\)", condition):
                holds = names.get(missing[1], missing[1]) not in item
            else:
                name, value = condition.split(" = ")
                holds = item.get(names[name]) == values[value]
            if not holds:
                error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
                raise ClientError(error, "Write")

    def _update(self, key: dict[str, Any], request: dict[str, Any]) -> None:
        names = request["ExpressionAttributeNames"]
        values = request["ExpressionAttributeValues"]
        before = self.items.get(_key(key), {})
        after = {**before, **key}
        sets, _, removes = request["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
        for assignment in re.split(r", (?=#n\d+ = )", sets):
            name, operand = assignment.split(" = ")
            if copied := re.fullmatch(r"if_not_exists\((#n\d+), (:v\d+)\)", operand):
                after[names[name]] = before.get(names[copied[1]], values[copied[2]])
            else:
                after[names[name]] = values[operand]
        for name in filter(None, removes.split(", ")):
            after.pop(names[name], None)
        self.items[_key(key)] = copy.deepcopy(after)


def _key(item: dict[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
