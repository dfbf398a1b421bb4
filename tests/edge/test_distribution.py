"""Requests through the local edge: what comes from the cache, from the bucket and from the API."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.target.edge_store import entries
from local.cdn import policy
from local.cdn.bucket import REFUSED
from local.cdn.cache import Cache
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.gateway import Answer, Request
from pocketfiles.catalogue.model import Collection, Field

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
POLICY = policy.read((ROOT / "template.yaml").read_text())
OPEN = Collection("pbc_1", "photos", "base", (Field("f", "image", "file", thumbs=("9x9",)),))
CLOSED = Collection("pbc_2", "secrets", "base", (Field("f", "file", "file", protected=True),))

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


class Bucket:
    """Objects by URI; ``read`` lists what was asked for."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.read: list[str] = []

    def get(self, uri: str) -> Answer:
        self.read.append(uri)
        if uri not in self.objects:
            return REFUSED
        headers = (("Content-Type", "image/png"), ("ETag", '"e"'))
        return Answer(200, headers, self.objects[uri])


class Api:
    """Answers with ``cache_control``; ``asked`` lists the targets."""

    def __init__(self, cache_control: str = "private, no-cache") -> None:
        self.cache_control = cache_control
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(200, (("Cache-Control", self.cache_control),), b"made")


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        running.publish(entries([OPEN, CLOSED]))
        yield running


class Edge:
    """A distribution over stand-ins, at a time that the test sets."""

    def __init__(self, functions: EdgeFunctions, objects: dict[str, bytes], api: Api) -> None:
        self.now = 0.0
        self.bucket = Bucket(objects)
        self.api = api
        self.cache = Cache(lambda: self.now, POLICY.default_ttl)
        self.distribution = Distribution(functions, self.cache, self.bucket, api, POLICY)

    def get(
        self, target: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        answer = self.distribution.respond(Request(method, target, named))
        return answer.status, {n.lower(): v for n, v in answer.headers}, answer.body


PHOTO = {"/pbc_1/r/a.png": b"0123456789"}


def test_every_spelling_of_an_open_file_is_one_copy(functions: EdgeFunctions) -> None:
    edge = Edge(functions, PHOTO, Api())
    spellings = [
        "/api/files/photos/r/a.png",
        "/api/files/PHOTOS/r/a.png?x=1",
        "/api/files/pbc_1/r/%61.png",
    ]
    caches = [edge.get(target)[1]["x-cache"] for target in spellings]
    assert caches == ["Miss from cloudfront", "Hit from cloudfront", "Hit from cloudfront"]
    assert (len(edge.bucket.read), edge.api.asked) == (1, [])


def test_a_cached_file_has_an_age_and_expires(functions: EdgeFunctions) -> None:
    edge = Edge(functions, PHOTO, Api())
    edge.get("/api/files/photos/r/a.png")
    edge.now = 10
    assert edge.get("/api/files/photos/r/a.png")[1]["age"] == "10"
    edge.now = 2_592_000
    assert edge.get("/api/files/photos/r/a.png")[1]["x-cache"] == "Miss from cloudfront"


def test_a_range_and_a_head_are_answered_from_the_cached_file(functions: EdgeFunctions) -> None:
    edge = Edge(functions, PHOTO, Api())
    edge.get("/api/files/photos/r/a.png")
    status, headers, body = edge.get("/api/files/photos/r/a.png", range="bytes=2-4")
    assert (status, headers["content-range"], body) == (206, "bytes 2-4/10", b"234")
    status, headers, body = edge.get("/api/files/photos/r/a.png", method="HEAD")
    assert (status, headers["content-length"], body) == (200, "10", b"")
    assert edge.get("/api/files/photos/r/a.png", if_none_match='"e"')[0] == 304
    assert len(edge.bucket.read) == 1


def test_a_failed_condition_has_no_body_and_none_of_the_buckets_headers(
    functions: EdgeFunctions,
) -> None:
    edge = Edge(functions, PHOTO, Api())
    status, headers, body = edge.get("/api/files/photos/r/a.png", if_match='"other"')
    assert (status, headers["content-length"], body) == (412, "0", b"")
    assert "etag" not in headers


def test_a_range_that_the_bucket_cannot_send_is_the_apis_to_answer(
    functions: EdgeFunctions,
) -> None:
    edge = Edge(functions, PHOTO, Api())
    assert edge.get("/api/files/photos/r/a.png", range="bytes=99-")[2] == b"made"
    assert len(edge.api.asked) == 1
    assert edge.get("/api/files/photos/r/a.png", range="")[2] == b"0123456789"


def test_a_malformed_range_counts_for_nothing_and_one_behind_the_end_is_an_error(
    functions: EdgeFunctions,
) -> None:
    edge = Edge(functions, PHOTO, Api())
    edge.get("/api/files/photos/r/a.png")
    for malformed in ("bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,3-4"):
        status, _, body = edge.get("/api/files/photos/r/a.png", range=malformed)
        assert (status, body) == (200, b"0123456789"), malformed
    status, headers, body = edge.get("/api/files/photos/r/a.png", range="bytes=99-")
    assert (status, headers["content-range"], body) == (416, "bytes */10", b"")
    assert edge.api.asked == []


def test_what_the_bucket_lacks_is_made_by_the_api_under_the_same_key(
    functions: EdgeFunctions,
) -> None:
    edge = Edge(functions, {}, Api("max-age=60"))
    assert edge.get("/api/files/photos/r/a.png?thumb=9x9")[2] == b"made"
    assert edge.get("/api/files/photos/r/a.png?thumb=9x9")[1]["x-cache"] == "Hit from cloudfront"
    [asked] = edge.api.asked
    assert asked.target == "/api/files/pbc_1/r/thumbs_a.png/9x9_a.png"


def test_the_cache_key_and_the_default_ttl_are_those_of_the_template() -> None:
    assert POLICY.headers == ("accept", "origin", "x-media")
    assert POLICY.parameters == {"thumb", "token", "download"}
    assert POLICY.default_ttl == 2_592_000


def test_nothing_private_is_cached(functions: EdgeFunctions) -> None:
    edge = Edge(functions, {"/pbc_2/r/a.png": b"secret"}, Api())
    for _ in range(2):
        assert edge.get("/api/files/secrets/r/a.png?token=t")[2] == b"made"
    assert (len(edge.api.asked), len(edge.cache), edge.bucket.read) == (2, 0, [])


def test_an_invalidation_drops_a_records_copies(functions: EdgeFunctions) -> None:
    edge = Edge(functions, PHOTO, Api())
    edge.get("/api/files/photos/r/a.png")
    assert edge.cache.invalidate("/pbc_1/r/*") == 1
    assert edge.get("/api/files/photos/r/a.png")[1]["x-cache"] == "Miss from cloudfront"


def test_an_s3_key_as_url_does_not_reach_the_bucket(functions: EdgeFunctions) -> None:
    assert json.loads(entries([CLOSED])["secrets"])["open"] is False
    edge = Edge(functions, {"/pbc_2/r/a.png": b"secret"}, Api())
    edge.get("/pbc_2/r/a.png")
    assert edge.bucket.read == []
