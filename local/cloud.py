"""S3 and DynamoDB in memory: moto's server, with the buckets and tables the template declares."""

import logging
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto.server import ThreadedMotoServer

from local.intrinsics import REGION
from local.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

LOOPBACK = "127.0.0.1"

# Variables that may be set in a developer's shell and would lead an SDK elsewhere.
_REAL_AWS = (
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
)


@contextmanager
def moto(host: str = LOOPBACK) -> Iterator[str]:
    """Serve S3 and DynamoDB until the block ends, and yield their endpoint on this machine.

    ``host`` is the address to listen on. All data is in memory and lost in the end.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(host, port=0, verbose=False)
    server.start()
    try:
        yield f"http://{LOOPBACK}:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


def point_at(endpoint: str, environment: MutableMapping[str, str]) -> None:
    """Give ``environment`` the endpoint and worthless credentials, for every AWS client."""
    for name in _REAL_AWS:
        environment.pop(name, None)
    bypass = [
        environment.get("NO_PROXY") or environment.get("no_proxy") or "",
        "127.0.0.1,localhost",
    ]
    environment.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - moto takes any
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_DEFAULT_REGION=REGION,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL=endpoint,
        NO_PROXY=",".join(filter(None, bypass)),
    )
    environment["no_proxy"] = environment["NO_PROXY"]


def provision(template: Template, s3: "S3Client", dynamodb: "DynamoDBClient") -> None:
    """Create the template's buckets and tables."""
    for bucket in template.buckets:
        s3.create_bucket(Bucket=bucket)
    for table in template.tables:
        dynamodb.create_table(TableName=table.name, **table.definition)
