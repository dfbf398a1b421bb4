"""The AWS calls of each kind of request, as botocore logs them."""

import logging
from collections.abc import Iterator

import pytest

from tests.conftest import Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, fill, make_token

PICTURE = "/api/files/photos/photo1/one.png"
THUMB = f"{PICTURE}?thumb=4x4"
SECRET = "/api/files/papers/paper1/secret.txt"


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Deployed]:
    """The API, which reads its collections once: no test takes longer than they are kept."""
    fill(cloud, {})
    with deployed(cloud, CATALOGUE_TTL_SECONDS="3600") as found:
        yield found


def asked(
    caplog: pytest.LogCaptureFixture, api: Deployed, method: str, target: str, **headers: str
) -> list[str]:
    """The operations that one request calls."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "botocore.endpoint"):
        api.ask(method, target, {name.replace("_", "-"): value for name, value in headers.items()})
    records = [r for r in caplog.records if r.msg.startswith("Making request for")]
    return [record.args[0].name for record in records]  # type: ignore[index, union-attr]


def test_each_kind_of_request_costs_its_calls_and_no_more(
    api: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    tag = api.get(PICTURE).headers["etag"]  # collections and settings are in memory from here on
    for method, target, headers, operations in (
        ("GET", PICTURE, {}, ["GetItem", "GetObject"]),
        ("GET", PICTURE, {"if_none_match": tag}, ["GetItem", "HeadObject"]),
        ("GET", PICTURE, {"if_none_match": '"x"'}, ["GetItem", "HeadObject", "GetObject"]),
        ("GET", PICTURE, {"range": "bytes=0-3"}, ["GetItem", "HeadObject", "GetObject"]),
        ("HEAD", PICTURE, {}, ["GetItem", "HeadObject"]),
        ("GET", THUMB, {}, ["GetItem", "GetObject", "GetObject", "PutObject", "HeadObject"]),
        ("GET", THUMB, {}, ["GetItem", "GetObject"]),
        ("HEAD", THUMB, {}, ["GetItem", "HeadObject"]),
        ("GET", SECRET, {}, ["GetItem", "GetItem"]),
        (
            "GET",
            f"{SECRET}?token={make_token(ADA)}",
            {},
            ["GetItem", "GetItem", "GetItem", "GetObject"],
        ),
        ("GET", f"{SECRET}?token=x", {}, ["GetItem", "GetItem"]),
        ("GET", "/api/files/photos/photo1/other", {}, ["GetItem"]),
        ("GET", "/api/files/nope/photo1/other", {}, []),
        ("OPTIONS", PICTURE, {}, []),
        ("GET", "/nowhere", {}, []),
        ("POST", "/api/files/token", {}, []),
    ):
        assert asked(caplog, api, method, target, **headers) == operations, (
            method,
            target,
            headers,
        )


def test_a_first_request_reads_all_collections_in_one_query(
    api: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked(caplog, api, "GET", PICTURE) == ["GetItem", "Query", "GetItem", "GetObject"]
    auth = make_token(ADA, "auth")
    assert asked(caplog, api, "POST", "/api/files/token", authorization=auth) == [
        "GetItem",
        "Query",
        "GetItem",
    ]
