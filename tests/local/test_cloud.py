import logging

import boto3
import pytest

from local import cloud
from local.template import parse

TEMPLATE = parse("""
Resources:
  Store: {Type: AWS::S3::Bucket}
  Records:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
""")


def test_the_templates_buckets_and_tables_are_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = cloud.random_credentials()
    with cloud.serving(credentials) as endpoint:
        environment: dict[str, str] = {}
        cloud.point_at(endpoint, credentials, environment)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        session = boto3.Session()
        s3, dynamodb = session.client("s3"), session.client("dynamodb")
        cloud.provision(TEMPLATE, s3, dynamodb)
        assert "store" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        assert dynamodb.describe_table(TableName="Records")["Table"]["KeySchema"] == [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
    assert logging.getLogger("werkzeug").level == logging.ERROR


def test_the_developers_own_aws_settings_are_removed() -> None:
    environment = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere.test",
        "NO_PROXY": "intranet.test",
        "HOME": "/home/me",
    }
    cloud.point_at("http://127.0.0.1:1", cloud.random_credentials(), environment)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & set(environment)
    assert "real" not in environment.values()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet.test,127.0.0.1,localhost"
    assert environment["HOME"] == "/home/me"
