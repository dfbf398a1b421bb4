"""CloudFront's API at the local service, asked by boto3."""

from collections.abc import Iterator

import boto3
import pytest

from admin.errors import EdgeError
from admin.target.cloudfront import Distribution
from local import cloud
from local.cdn.invalidations import DISTRIBUTION_ID, Invalidations
from local.intrinsics import REGION
from local.signature import Credentials


class Client:
    """A client of the running stand-in, and the paths that its cache was told of."""

    def __init__(self, endpoint: str, credentials: Credentials, invalidated: list[str]) -> None:
        self.invalidated = invalidated
        self.cloudfront = boto3.client(
            "cloudfront",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
        )


@pytest.fixture
def client() -> Iterator[Client]:
    credentials, invalidations = cloud.random_credentials(), Invalidations()
    invalidated: list[str] = []
    invalidations.add(invalidated.append)
    with cloud.serving(credentials, others={"cloudfront": invalidations}) as endpoint:
        yield Client(endpoint, credentials, invalidated)


def test_every_path_reaches_the_cache(client: Client) -> None:
    distribution = Distribution(client.cloudfront, DISTRIBUTION_ID, lambda seconds: None)
    distribution.invalidate(["/c/r/*", "/api/files/c/r/*", "/c/r/a&b.png"])
    assert client.invalidated == ["/c/r/a&b.png", "/c/r/*", "/api/files/c/r/*"]


def test_another_distribution_is_not_there(client: Client) -> None:
    with pytest.raises(EdgeError, match="NoSuchDistribution"):
        Distribution(client.cloudfront, "E2EXAMPLE").invalidate(["/c/*"])
    assert client.invalidated == []
