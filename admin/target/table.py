"""The table as writers see it: read whole or by partition, and written one condition at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

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
        names: dict[str, str] = {}
        values: dict[str, Any] = {}

        def name(attribute: str) -> str:
            return names.setdefault(attribute, f"#n{len(names)}")

        def value(given: Any) -> str:
            key = f":v{len(values)}"
            values[key] = given
            return key

        # Copies come first: an emulator may carry them out in the order they are written in.
        ordered = sorted(self.set.items(), key=lambda each: not isinstance(each[1], Copy))
        settings = []
        for attribute, operand in ordered:
            if isinstance(operand, Copy):
                source = f"if_not_exists({name(operand.name)}, {value(NOTHING)})"
            else:
                source = value(operand)
            settings.append(f"{name(attribute)} = {source}")
        expression = f"SET {', '.join(settings)}"
        if self.remove:
            expression += f" REMOVE {', '.join(map(name, self.remove))}"
        conditions = [
            f"attribute_not_exists({name(attribute)})"
            if expected is None
            else f"{name(attribute)} = {value(expected)}"
            for attribute, expected in self.expected.items()
        ]
        request: dict[str, Any] = {
            "Key": {"pk": {"S": self.pk}, "sk": {"S": self.sk}},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {short: long for long, short in names.items()},
            "ExpressionAttributeValues": values,
        }
        if conditions:
            request["ConditionExpression"] = " AND ".join(conditions)
        return request


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
            TableName=self.name, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
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
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        if not expected:
            self._client.delete_item(TableName=self.name, Key=key)
            return
        names = {f"#n{number}": name for number, name in enumerate(expected)}
        values = {f":v{number}": value for number, value in enumerate(expected.values())}
        condition = " AND ".join(
            f"{name} = {value}" for name, value in zip(names, values, strict=True)
        )
        self._conditional(
            self._client.delete_item,
            Key=key,
            ConditionExpression=condition,
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
