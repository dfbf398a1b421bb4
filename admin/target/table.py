"""The table as writers see it: read whole or by partition, and written one condition at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOTHING: Mapping[str, Any] = {"NULL": True}
"""Stands for an attribute that the value before did not have."""

_REFUSED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})


class Conflict(Exception):
    """A condition did not hold: the item is not what the writer believes."""


@dataclass(frozen=True)
class Copy:
    """Another attribute's value before the update, or ``NOTHING``."""

    name: str


Operand: TypeAlias = Mapping[str, Any] | Copy
"""What an attribute is set to: a value in DynamoDB's format, or a copy."""


@dataclass(frozen=True)
class Update:
    """A change of one item. ``expected``: attributes and the values they must have, ``None`` for an
    attribute that must be missing."""

    pk: str
    sk: str
    set: Mapping[str, Operand]
    remove: Sequence[str] = ()
    expected: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """The parameters of UpdateItem, without the table's name."""
        placeholders = _Placeholders()
        expression = f"SET {', '.join(self._settings(placeholders))}"
        if self.remove:
            expression += f" REMOVE {', '.join(map(placeholders.name, self.remove))}"
        conditions = list(self._conditions(placeholders))
        request: dict[str, Any] = {
            "Key": keys.item_key(self.pk, self.sk),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {
                short: attribute for attribute, short in placeholders.names.items()
            },
            "ExpressionAttributeValues": placeholders.values,
        }
        if conditions:
            request["ConditionExpression"] = " AND ".join(conditions)
        return request

    def _settings(self, placeholders: "_Placeholders") -> Iterator[str]:
        """Copies come first: an emulator may carry them out in the order they are written in."""
        for attribute, operand in self.set.items():
            if isinstance(operand, Copy):
                source = placeholders.name(operand.name)
                nothing = placeholders.value(NOTHING)
                copied = f"if_not_exists({source}, {nothing})"
                yield f"{placeholders.name(attribute)} = {copied}"
        for attribute, operand in self.set.items():
            if not isinstance(operand, Copy):
                yield f"{placeholders.name(attribute)} = {placeholders.value(operand)}"

    def _conditions(self, placeholders: "_Placeholders") -> Iterator[str]:
        for attribute, expected in self.expected.items():
            name = placeholders.name(attribute)
            if expected is None:
                yield f"attribute_not_exists({name})"
            else:
                yield f"{name} = {placeholders.value(expected)}"


class _Placeholders:
    """The names that stand for attributes and values in the expressions of one request."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        """What stands for an attribute."""
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def value(self, given: Any) -> str:
        """What stands for a value."""
        key = f":v{len(self.values)}"
        self.values[key] = given
        return key


class TargetTable:
    """One table through a low-level client; safe to use from several threads."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def items(self) -> Iterator[Item]:
        """Every item, a MiB a call, strongly consistent."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        for page in pages:
            yield from page["Items"]

    def partition(self, pk: str) -> Iterator[Item]:
        """The items of a partition key in order of sort key, strongly consistent."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def get(self, pk: str, sk: str) -> Item | None:
        """One item, strongly consistent."""
        found: Any = self._client.get_item(
            TableName=self.name, Key=keys.item_key(pk, sk), ConsistentRead=True
        )
        item: Item | None = found.get("Item")
        return item

    def create(self, item: Item) -> None:
        """Write an item that is not there yet. Raises ``Conflict`` if it is."""
        self._conditional(
            self._client.put_item, Item=item, ConditionExpression="attribute_not_exists(pk)"
        )

    def put(self, item: Item) -> None:
        """Write an item, whatever is there."""
        self._client.put_item(TableName=self.name, Item=item)

    def update(self, update: Update) -> None:
        """Change an item. Raises ``Conflict`` if it is not what the update expects."""
        self._conditional(self._client.update_item, **update.request())

    def delete(
        self, pk: str, sk: str, expected: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Remove an item. Raises ``Conflict`` if it has other values than ``expected``."""
        key = keys.item_key(pk, sk)
        if not expected:
            self._client.delete_item(TableName=self.name, Key=key)
            return
        names = {}
        values = {}
        conditions = []
        for number, (attribute, value) in enumerate(expected.items()):
            names[f"#n{number}"] = attribute
            values[f":v{number}"] = value
            conditions.append(f"#n{number} = :v{number}")
        self._conditional(
            self._client.delete_item,
            Key=key,
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def transact(self, updates: Iterable[Update]) -> None:
        """Carry out all updates or none. Raises ``Conflict`` if one does not meet its condition."""
        requests: Any = [
            {"Update": {"TableName": self.name, **update.request()}} for update in updates
        ]
        try:
            self._client.transact_write_items(TransactItems=requests)
        except ClientError as error:
            raise _translated(error) from error

    def _conditional(self, operation: Callable[..., Any], **request: Any) -> None:
        try:
            operation(TableName=self.name, **request)
        except ClientError as error:
            raise _translated(error) from error


def _translated(error: ClientError) -> Exception:
    return Conflict() if error.response["Error"]["Code"] in _REFUSED else error
