"""Clients for S3 and DynamoDB, for the region, credentials and endpoint of the environment."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CONNECTIONS = 32
"""Connections kept open: enough for the sync's uploads, each of up to four parts at a time."""

# Requests are built by our own code; validating the shape of 100,000 items takes longer than making
# them.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=_CONNECTIONS,
    parameter_validation=False,
)


def connect() -> "tuple[S3Client, DynamoDBClient]":
    """Clients for S3 and DynamoDB. Raises what boto3 raises without a region or credentials."""
    return boto3.client("s3", config=_CONFIG), boto3.client("dynamodb", config=_CONFIG)
