"""The bucket and the table behind a running service, for tests that need files of their own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from admin.target.local_runner import LocalRunner
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.items import record_items
from pocketfiles.catalogue.model import Record
from pocketfiles.catalogue.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Bucket:
    """Clients and names of what the runner made."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    bucket: str
    table: str

    @classmethod
    def of(cls, runner: LocalRunner) -> "Bucket":
        """The bucket and the table of a running service."""
        given: dict[str, Any] = {
            "endpoint_url": runner.endpoint,
            "region_name": runner.region,
            "aws_access_key_id": runner.access_key_id,
            "aws_secret_access_key": runner.secret_access_key,
        }
        s3, dynamodb = boto3.client("s3", **given), boto3.client("dynamodb", **given)
        return cls(s3, dynamodb, runner.bucket, runner.table)

    def put(
        self, collection: str, record_id: str, field: str, files: Mapping[str, tuple[bytes, str]]
    ) -> None:
        """Add a record with files of these bytes and types in one of its fields."""
        found = snapshot_of(Table(self.dynamodb, self.table)).collections.find(collection)
        assert found is not None
        values = {
            "id": record_id,
            field: json.dumps(list(files)) if len(files) > 1 else next(iter(files)),
        }
        for item in record_items(found, Record(found.id, record_id, values)):
            self.dynamodb.put_item(TableName=self.table, Item=item)
        for name, (body, content_type) in files.items():
            key = f"{found.id}/{record_id}/{name}"
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)
