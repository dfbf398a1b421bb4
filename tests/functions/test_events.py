"""The sample events, passed to the handlers as Lambda does."""

import base64
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from admin.sync.prepare import import_directory
from local.runtime import Context
from tests.conftest import DEMO, ROOT, make_cloud
from tests.deployed import deployed

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events").glob("*.json"))
}
EXPECTED: dict[str, tuple[str, int, str]] = {
    "public": ("files", 200, "image/jpeg"),
    "thumb": ("files", 200, "image/avif"),
    "head": ("files", 200, "image/jpeg"),
    "protected": ("files", 200, "text/plain; charset=utf-8"),
    "not-found": ("files", 404, "application/json"),
    "token": ("tokens", 200, "application/json"),
    "token-unauthenticated": ("tokens", 401, "application/json"),
}


@pytest.fixture(scope="module", autouse=True)
def demo(endpoint: str) -> Iterator[None]:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    with deployed(cloud):
        yield


def test_every_event_file_has_an_expected_response() -> None:
    assert set(EVENTS) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_handler_responds_to_its_event(name: str) -> None:
    function, status, content_type = EXPECTED[name]
    context = Context("some-id", f"{function}-function", 512, deadline=1e12)
    answer: dict[str, Any] = import_module(f"{function}.app").handler(EVENTS[name], context)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (status, content_type)
    assert (base64.b64decode(answer["body"]) == b"") == (name == "head")
    json.dumps(answer)
