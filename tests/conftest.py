"""Shared by all suites: the demo data, and a moto server with a bucket and a table per test."""

import os

# awscrt is there for CloudFront's key value store alone. Lambda has none, so nothing else signs by
# it.
os.environ["BOTO_DISABLE_CRT"] = "true"

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from pocketfiles import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# The same examples each time: what fails on one machine fails on all. A longer search is
# `HYPOTHESIS_PROFILE=search make test`.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def how_many(few: int, many: int) -> int:
    """How many cases to try: few, or many in a longer search."""
    return many if os.environ.get("HYPOTHESIS_PROFILE") == "search" else few


ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "local" / "demo" / "pb_data"


@dataclass(frozen=True)
class Cloud:
    """One moto server, and the bucket and table made for one test or module."""

    endpoint: str
    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    bucket: str
    table: str


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of a moto server. The environment points AWS clients to it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    yield os.environ["AWS_ENDPOINT_URL"]
    server.stop()


def make_cloud(endpoint: str) -> Cloud:
    """A bucket and a table with names nobody else has."""
    name = uuid.uuid4().hex
    cloud = Cloud(
        endpoint, aws.client("s3"), aws.client("dynamodb"), f"bucket-{name}", f"table-{name}"
    )
    create(cloud)
    return cloud


def create(cloud: Cloud) -> None:
    """Make a cloud's bucket and table, which are empty then."""
    # A client that does not try again: on a busy machine the bucket would be there already.
    once = Config(read_timeout=300, retries={"total_max_attempts": 1})
    patient = boto3.client("s3", endpoint_url=cloud.endpoint, config=once)
    patient.create_bucket(
        Bucket=cloud.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloud.dynamodb.create_table(
        TableName=cloud.table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )


@pytest.fixture
def cloud(endpoint: str) -> Cloud:
    """An empty bucket and table."""
    return make_cloud(endpoint)
