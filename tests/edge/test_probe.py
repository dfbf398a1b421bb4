"""An existing bucket is served from the edge only once CloudFront has read an object of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from admin.target.edge import Edge
from admin.target.edge_store import entries
from admin.target.key_value_store import KeyValueStore
from admin.target.probe import FOLDER, MARKER, WAIT_SECONDS, BucketProbe
from local.cdn import policy
from local.cdn.bucket import REFUSED
from local.cdn.cache import Cache
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.gateway import Answer, Request
from pocketfiles.catalogue.model import Collection, Field
from tests.edge.test_cloudfront import StoreClient

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
POLICY = policy.read((ROOT / "template.yaml").read_text())
DESIRED = entries([Collection("pbc_1", "photos", "base", (Field("f", "image", "file"),))])
MISSING = Answer(404, (("Cache-Control", "no-store"),), b"")
MOVED = Answer(301, (("Location", "https://elsewhere.test/"),), b"")

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        yield running


class World:
    """A bucket behind the real edge functions, whose policy a test gives and takes."""

    def __init__(self, functions: EdgeFunctions) -> None:
        self.functions = functions
        self.objects: dict[str, bytes] = {}
        self.refusal: Answer | None = REFUSED
        self.client = StoreClient({})
        self.store = KeyValueStore(self.client, "arn")
        self.now = 0.0
        self.warnings: list[str] = []
        cache = Cache(lambda: self.now, POLICY.default_ttl)
        self.distribution = Distribution(functions, cache, self, lambda _: MISSING, POLICY)

    def edge(self, bucket: str = "bucket") -> Edge:
        """The edge as a new process has it."""
        s3: Any = self
        clock = {"clock": lambda: self.now, "sleep": self.sleep}
        probe = BucketProbe(
            s3, bucket, "https://files.test", self.warnings.append, self.fetch, **clock
        )
        return Edge(None, self.store, probe=probe)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def get(self, uri: str) -> Answer:
        found = self.objects.get(uri)
        return self.refusal or (Answer(200, (), found) if found else REFUSED)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[f"/{Key}"] = Body

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        del self.objects[f"/{Key}"]

    def fetch(self, url: str) -> tuple[int, bytes]:
        self.functions.publish(self.client.values)
        answer = self.distribution.respond(Request("GET", urlsplit(url).path))
        return answer.status, answer.body

    def open_keys(self) -> set[str]:
        return {key for key, value in self.client.values.items() if json.loads(value)["open"]}


def test_nothing_is_open_while_the_policy_is_missing(functions: EdgeFunctions) -> None:
    world = World(functions)
    edge = world.edge()
    edge.publish(DESIRED)
    assert world.open_keys() == {FOLDER}
    assert set(DESIRED) < set(world.client.values)
    assert world.now >= WAIT_SECONDS
    [warning] = world.warnings
    assert "BucketPolicyStatement" in warning
    assert world.objects == {}
    edge.publish(DESIRED)
    assert (len(world.warnings), world.now) == (1, WAIT_SECONDS)
    assert edge.to_close({}) == {}


def test_collections_are_open_once_the_bucket_answers(functions: EdgeFunctions) -> None:
    world = World(functions)
    edge = world.edge()
    edge.publish(DESIRED)
    world.refusal = None
    edge.publish(DESIRED)
    assert world.open_keys() == set(DESIRED)
    assert world.client.values.keys() == {*DESIRED, MARKER}
    world.refusal = REFUSED
    world.edge().publish(DESIRED)
    assert world.open_keys() == set(DESIRED), "it has been proved"


def test_another_bucket_is_proved_anew(functions: EdgeFunctions) -> None:
    world = World(functions)
    world.refusal = None
    world.edge().publish(DESIRED)
    world.refusal = REFUSED
    world.edge("another").publish(DESIRED)
    assert world.open_keys() == {FOLDER}


def test_a_bucket_of_another_region_is_said_so_at_once(functions: EdgeFunctions) -> None:
    world = World(functions)
    world.refusal = MOVED
    world.edge().publish(DESIRED)
    assert world.now == 0
    assert "status 301" in world.warnings[0]
    assert "ExistingBucketRegion" in world.warnings[0]


def test_a_distribution_that_does_not_answer_holds_nothing_up(functions: EdgeFunctions) -> None:
    def unreachable(_url: str) -> tuple[int, bytes]:
        raise OSError("nobody there")

    world = World(functions)
    edge = world.edge()
    assert edge.probe
    edge.probe.fetch = unreachable
    edge.publish(DESIRED)
    assert world.open_keys() == {FOLDER}
    assert "nobody there" in world.warnings[0]
