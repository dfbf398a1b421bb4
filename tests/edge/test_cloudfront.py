"""The key value store and the invalidations, as CloudFront takes them."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from admin.errors import EdgeError
from admin.target.cloudfront import Distribution
from admin.target.key_value_store import MAX_KEYS_PER_UPDATE, KeyValueStore
from admin.target.lease import LEASE_SECONDS


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


class RefusingClient:
    """Refuses with the errors in turn, then answers; ``references`` lists what it was asked by."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.references: list[str] = []

    def create_invalidation(self, *, InvalidationBatch: Any, **_: Any) -> None:
        self.references.append(InvalidationBatch["CallerReference"])
        if self.errors:
            raise self.errors.pop(0)


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateInvalidation")


UNREACHABLE = EndpointConnectionError(endpoint_url="https://cloudfront.test")


@pytest.mark.parametrize(
    "error",
    [
        refused("TooManyInvalidationsInProgress"),
        refused("Throttling"),
        refused("ServiceUnavailable", 503),
        UNREACHABLE,
    ],
    ids=["too many", "throttled", "unavailable", "unreachable"],
)
def test_a_busy_distribution_is_asked_again_for_the_same_invalidation(error: Exception) -> None:
    client, pauses = RefusingClient(error, error), list[float]()
    Distribution(client, "d", pauses.append).invalidate(["/a"])
    assert pauses == [1.0, 2.0]
    assert len(set(client.references)) == 1


def test_a_distribution_that_stays_busy_is_given_up_before_the_lease_ends() -> None:
    pauses = list[float]()
    client = RefusingClient(*[refused("Throttling")] * 99)
    with pytest.raises(EdgeError) as caught:
        Distribution(client, "d", pauses.append).invalidate(["/a"])
    assert caught.value.is_passing
    assert sum(pauses) < LEASE_SECONDS / 2


@pytest.mark.parametrize(
    "error",
    [refused("AccessDenied", 403), refused("NoSuchDistribution", 404), NoCredentialsError()],
    ids=["denied", "missing", "no credentials"],
)
def test_what_no_attempt_can_mend_is_an_error_at_once(error: Exception) -> None:
    client, pauses = RefusingClient(error), list[float]()
    with pytest.raises(EdgeError, match="CloudFront distribution d") as caught:
        Distribution(client, "d", pauses.append).invalidate(["/a"])
    assert (caught.value.is_passing, pauses) == (False, [])


def test_a_store_that_cannot_be_changed_is_an_error_of_the_edge() -> None:
    class Denied(StoreClient):
        def update_keys(self, KvsARN: str, IfMatch: str, **changes: Any) -> None:
            raise refused("AccessDeniedException", 403)

    with pytest.raises(EdgeError, match="key value store arn") as caught:
        KeyValueStore(Denied({"a": "1"}), "arn").write({})
    assert not caught.value.is_passing


def test_a_key_that_somebody_else_has_removed_is_not_removed_again() -> None:
    client = StoreClient({"b": "1"})
    KeyValueStore(client, "arn").remove({"a", "b"})
    assert client.values == {}
