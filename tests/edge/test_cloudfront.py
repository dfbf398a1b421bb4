"""The key value store and the invalidations, as CloudFront takes them."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from admin.errors import EdgeError
from admin.target.cloudfront import Distribution
from admin.target.key_value_store import MAX_KEYS_PER_UPDATE, KeyValueStore


class StoreClient:
    """CloudFront's key value store in memory, with its versions and its limits."""

    def __init__(self, values: dict[str, str], conflicts: int = 0) -> None:
        self.values = values
        self.version = 0
        self.conflicts = conflicts

    def describe_key_value_store(self, KvsARN: str) -> dict[str, str]:
        return {"ETag": str(self.version)}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_keys"
        return self

    def paginate(self, KvsARN: str) -> list[dict[str, Any]]:
        return [{"Items": [{"Key": k, "Value": v} for k, v in self.values.items()]}, {}]

    def update_keys(self, KvsARN: str, IfMatch: str, **changes: Any) -> None:
        if self.conflicts:
            self.conflicts -= 1
            self.version += 1
        if IfMatch != str(self.version):
            raise ClientError({"Error": {"Code": "ConflictException"}}, "UpdateKeys")
        puts, deletes = changes.get("Puts", []), changes.get("Deletes", [])
        assert 0 < len(puts) + len(deletes) <= MAX_KEYS_PER_UPDATE
        for entry in deletes:
            del self.values[entry["Key"]]
        self.values.update({entry["Key"]: entry["Value"] for entry in puts})
        self.version += 1


def test_the_store_ends_with_exactly_what_is_desired() -> None:
    client = StoreClient({"old": "1", "same": "2", "changed": "3"})
    desired = {"same": "2", "changed": "4", "new": "5"}
    assert KeyValueStore(client, "arn").write(desired) == {"old", "changed", "new"}
    assert client.values == desired


def test_more_keys_than_one_update_takes_are_written_in_several() -> None:
    client = StoreClient({f"old{number}": "x" for number in range(60)})
    desired = {f"new{number}": "y" for number in range(120)}
    KeyValueStore(client, "arn").write(desired)
    assert client.values == desired


def test_a_change_by_somebody_else_is_read_before_the_next_attempt() -> None:
    client = StoreClient({"a": "1"}, conflicts=2)
    KeyValueStore(client, "arn").remove({"a"})
    assert client.values == {}


def test_a_store_that_never_settles_is_an_error() -> None:
    with pytest.raises(EdgeError, match="somebody else"):
        KeyValueStore(StoreClient({"a": "1"}, conflicts=99), "arn").remove({"a"})


def test_paths_reach_cloudfront_one_wildcard_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    pauses: list[float] = []
    with mock_aws():
        client = boto3.client("cloudfront", region_name="us-east-1")
        config: Any = {
            "CallerReference": "x",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "o",
                        "DomainName": "bucket.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"},
        }
        made = client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
        distribution = Distribution(client, made, pauses.append, lambda: 0.0)
        distribution.invalidate(["/a/*", "/b", "/c", "/d/*"])
        distribution.invalidate(["/e/*"])
        listed = client.list_invalidations(DistributionId=made)["InvalidationList"]["Items"]
        asked = [
            client.get_invalidation(DistributionId=made, Id=each["Id"])["Invalidation"][
                "InvalidationBatch"
            ]["Paths"]["Items"]
            for each in listed
        ]
    assert sorted(asked) == [["/a/*"], ["/b", "/c"], ["/d/*"], ["/e/*"]]
    assert pauses == [1.0, 1.0]
