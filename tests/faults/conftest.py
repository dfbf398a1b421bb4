"""A proxy that injects faults, and clients that bypass it."""

from collections.abc import Iterator

import pytest

from tests.conftest import Cloud, make_cloud
from tests.faults.proxy import Proxy, running


@pytest.fixture(scope="module")
def proxy(endpoint: str) -> Iterator[Proxy]:
    """A proxy in front of moto, which all clients made in this module use."""
    with pytest.MonkeyPatch.context() as patch, running(endpoint) as proxy:
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture(scope="module")
def direct(endpoint: str) -> Cloud:
    """Clients that bypass the proxy, to fill and to inspect buckets."""
    return make_cloud(endpoint)
