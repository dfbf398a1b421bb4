"""Every recorded GET and HEAD through the edge, cold and warm, beside the API's own answer.

What the edge changes on purpose has a name here and a line in docs/compatibility.md.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from admin.sync.prepare import import_directory
from admin.target import edge_store
from local.cdn import policy
from local.cdn.bucket import BucketOrigin
from local.cdn.cache import Cache
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.gateway import Request
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from tests.conftest import DEMO, ROOT, make_cloud
from tests.contract.deviations import Row
from tests.contract.test_http import FILES, recorded_rows
from tests.deployed import Answer, Deployed, deployed

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

ADDED = {"x-cache", "age", "strict-transport-security"}
"""Headers that only the edge sends."""

FROM_BUCKET = {"access-control-allow-origin", "vary", "accept-ranges", "server-timing"}
"""Headers that differ on what comes from the bucket: CORS is open whatever the Origin."""

BODY_OF_S3 = {304, 412, 416}
"""Statuses whose body and content headers are S3's and CloudFront's own."""


@dataclass
class World:
    """The API, and the edge in front of it."""

    api: Deployed
    edge: Distribution

    def through_edge(self, row: Row) -> Answer:
        """What a viewer gets."""
        headers = (("Host", "files.test"), *row.headers.items())
        found = self.edge.respond(Request(row.method, row.path, headers, b"", "192.0.2.7"))
        named = {name.lower(): value for name, value in found.headers}
        named.pop("apigw-requestid", None)
        timing = named.pop("server-timing", None)
        return Answer(found.status, named, found.body, timing is not None)


@pytest.fixture(scope="module")
def world(endpoint: str) -> Iterator[World]:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    with ExitStack() as stack:
        api = stack.enter_context(deployed(cloud))
        functions = stack.enter_context(EdgeFunctions(str(NODE), Path(ROOT, "edge")))
        collections = snapshot_of(Table(cloud.dynamodb, cloud.table)).collections
        functions.publish(edge_store.entries(collections))
        rules = policy.read((ROOT / "template.yaml").read_text())
        cache = Cache(lambda: 0.0, rules.default_ttl)
        bucket = BucketOrigin(cloud.s3, cloud.bucket)
        yield World(api, Distribution(functions, cache, bucket, api.respond, rules))


ROWS = [row for file in FILES for row in recorded_rows(file) if row.method in {"GET", "HEAD"}]
UNSEEN = {"authorization"}
"""Request headers that no policy passes on, so that nothing at the edge depends on them."""


def asked_of_the_edge(row: Row) -> bool:
    """Whether CloudFront passes on all that decides the row; it drops bodies and logins."""
    names = {name.lower() for name in row.headers}
    return not row.body and not names & UNSEEN


def headers_without(answer: Answer, dropped: set[str]) -> Mapping[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in dropped}


def asks_for_no_single_range(row: Row) -> bool:
    """S3 and CloudFront send the whole object then (RFC 9110 §14.2 lets a server ignore ranges)."""
    asked = row.headers.get("Range", "")
    is_malformed = row.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and not any(
        name.lower() == "content-range" for name, _ in row.response_headers
    )
    return "," in asked or is_malformed


@pytest.mark.parametrize(
    "row", [row for row in ROWS if asked_of_the_edge(row)], ids=lambda row: row.name
)
def test_the_edge_gives_what_the_api_gives(world: World, row: Row) -> None:
    # Once for making a thumb: the answer that made it may be dated a second off the stored object.
    world.api.ask(row.method, row.path, row.headers)
    direct = world.api.ask(row.method, row.path, row.headers)
    cold = world.through_edge(row)
    warm = world.through_edge(row)
    for answer in (cold, warm):
        if asks_for_no_single_range(row) and answer.status == 200 != direct.status:
            assert answer.headers["x-cache"]
            continue
        assert answer.status == direct.status
        dropped = ADDED | FROM_BUCKET
        if answer.status in BODY_OF_S3:
            continue
        assert headers_without(answer, dropped) == headers_without(direct, dropped)
        assert answer.body == direct.body
