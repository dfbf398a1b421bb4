"""Queries of a partitioned table give what moto's own give."""

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from local.partitions import partition_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUERIES: list[dict[str, Any]] = [
    {"KeyConditionExpression": "pk = :p"},
    {"KeyConditionExpression": "pk = :p", "ScanIndexForward": False},
    {"KeyConditionExpression": "pk = :p", "Limit": 2},
    {
        "KeyConditionExpression": "pk = :p",
        "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"S": "1"}},
    },
    {
        "KeyConditionExpression": "pk = :p",
        "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"S": "1"}},
        "Limit": 2,
    },
    {
        "KeyConditionExpression": "pk = :p",
        "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"S": "15"}},
        "Limit": 2,
    },
    {
        "KeyConditionExpression": "pk = :p",
        "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"S": "2"}},
        "ScanIndexForward": False,
        "Limit": 1,
    },
    {"KeyConditionExpression": "pk = :p", "Limit": 4},
    {
        "KeyConditionExpression": "pk = :p AND sk > :s",
        "ExpressionAttributeValues": {":p": {"S": "b"}, ":s": {"S": "2"}},
        "ProjectionExpression": "sk",
    },
    {
        "KeyConditionExpression": "pk = :p AND begins_with(sk, :s)",
        "ExpressionAttributeValues": {":p": {"S": "b"}, ":s": {"S": "1"}},
    },
    {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "nothing"}},
    },
]


def answers(client: "DynamoDBClient", table: str) -> list[Any]:
    found = []
    for query in QUERIES:
        values = {"ExpressionAttributeValues": {":p": {"S": "b"}}}
        answer = client.query(TableName=table, **{**values, **query})
        found.append([answer[key] for key in ("Items", "Count", "ScannedCount")])
        found[-1].append(answer.get("LastEvaluatedKey"))
    return found


def fill(client: "DynamoDBClient", table: str) -> None:
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    for partition in "cab":
        for number in (3, 1, 2, 10):
            item = {"pk": {"S": partition}, "sk": {"S": str(number)}}
            client.put_item(TableName=table, Item=item)


@mock_aws
def test_queries_find_what_motos_own_find(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = boto3.client("dynamodb", region_name="eu-west-1")
    fill(client, "table")
    expected = answers(client, "table")
    assert [len(items) for items, *_ in expected] == [4, 4, 2, 3, 2, 2, 1, 4, 1, 2, 0]
    partition_tables()
    assert answers(client, "table") == expected
    client.delete_item(TableName="table", Key={"pk": {"S": "b"}, "sk": {"S": "1"}})
    client.put_item(TableName="table", Item={"pk": {"S": "b"}, "sk": {"S": "9"}})
    shown = client.query(
        TableName="table",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "b"}},
    )
    assert [item["sk"]["S"] for item in shown["Items"]] == ["10", "2", "3", "9"]
