"""The AWS calls of all kinds of requests are exactly those that the functions' roles allow."""

import json
import logging
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from local.intrinsics import load
from pocketfiles.catalogue.items import collection_item, record_items
from pocketfiles.catalogue.model import Collection, Record
from tests.conftest import ROOT, Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import (
    ADA,
    OWNER,
    PAPERS,
    file_field,
    fill,
    make_token,
    picture,
    replaced_meanwhile,
)
from tests.template_checks.permissions import BUCKET_KEY, TRACES
from tests.template_checks.reading import allowed, listed, resource_text, statements

TEMPLATE = load((ROOT / "template.yaml").read_text())
OTHERWISE_NAMED = {"s3:HeadObject": "s3:GetObject", "s3:HeadBucket": "s3:ListBucket"}
LAMBDAS_OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}  # Lambda writes the log, as the function's role
BY_PARAMETER = TRACES | BUCKET_KEY  # X-Ray's daemon and S3 use these, as the function's role
SECRET = "0123456789" * 4

SHARED: dict[str, Any] = {
    "id": "pbc_shared",
    "name": "shared",
    "type": "base",
    "viewRule": "paper.owner = @request.auth.id",  # another record is read
    "fields": [
        {**OWNER, "id": "rel_paper", "name": "paper", "collectionId": "pbc_papers"},
        file_field("file", protected=True),
    ],
}
SHARE = Record("pbc_shared", "share1", {"id": "share1", "paper": "paper1", "file": "secret.txt"})
PICTURE = "/api/files/photos/photo1/one.png"
REQUESTS: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "FilesRole": [
        ("GET", PICTURE, {}),
        ("HEAD", PICTURE, {}),
        ("HEAD", "/api/files/photos/photo1/gone.png", {}),
        ("GET", "/api/files/photos/photo1/gone.png", {}),
        ("GET", PICTURE, {"range": "bytes=0-3"}),
        ("GET", PICTURE, {"if-none-match": "*"}),
        ("GET", f"{PICTURE}?thumb=4x4", {}),
        ("GET", f"{PICTURE}?thumb=4x4", {}),
        ("GET", "/api/files/photos/photo1/fake.jpg?thumb=4x4", {}),
        ("GET", f"/api/files/papers/paper1/secret.png?thumb=4x4&token={make_token(ADA)}", {}),
        ("GET", f"/api/files/shared/share1/secret.txt?token={make_token(ADA)}", {}),
        ("GET", "/api/files/papers/paper1/secret.txt", {}),
        ("OPTIONS", PICTURE, {}),
        ("GET", "/nowhere", {}),
    ],
    "TokensRole": [
        ("POST", "/api/files/token", {"authorization": make_token(ADA, "auth")}),
        ("POST", "/api/files/token", {"authorization": "x"}),
        ("POST", "/api/files/token", {}),
    ],
}


@pytest.fixture
def behind_cdn(cloud: Cloud) -> Iterator[Deployed]:
    """The small catalogue behind CloudFront."""
    fill(cloud, {})
    items = [collection_item(SHARED, 99), *record_items(Collection.from_json(SHARED), SHARE)]
    for item in items:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)
    body, content_type = PAPERS["secret.txt"]
    cloud.s3.put_object(
        Bucket=cloud.bucket, Key="pbc_shared/share1/secret.txt", Body=body, ContentType=content_type
    )
    with deployed(cloud, ORIGIN_SECRET=json.dumps({"current": SECRET})) as found:
        yield found


def calls(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, str]]:
    """The permission and path of each call that botocore logged."""
    for record in caplog.records:
        if record.msg.startswith("Making request for"):
            model, request = record.args  # type: ignore[misc]
            name = f"{model.service_model.service_name}:{model.name}"  # type: ignore[union-attr]
            yield OTHERWISE_NAMED.get(name, name), unquote(urlsplit(request["url"]).path)  # type: ignore[index]


@pytest.mark.parametrize("role", REQUESTS)
def test_a_role_allows_what_its_function_calls_and_nothing_else(
    role: str, behind_cdn: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = set()
    replaced = replaced_meanwhile(
        behind_cdn.cloud, "pbc_photos/photo1/one.png", picture(size=(9, 9)), "image/png"
    )
    with replaced, caplog.at_level(logging.DEBUG, "botocore.endpoint"):
        for method, target, headers in REQUESTS[role]:
            statuses.add(
                behind_cdn.ask(method, target, {**headers, "x-origin-secret": SECRET}).status
            )
    made = list(calls(caplog))
    assert not statuses - {200, 204, 206, 304, 401, 404}
    assert {name for name, _ in made} | LAMBDAS_OWN == allowed(TEMPLATE, role) - BY_PARAMETER
    (writable,) = [
        s for s in statements(TEMPLATE, "FilesRole") if "s3:PutObject" in listed(s["Action"])
    ]
    pattern = resource_text(writable["Resource"]).rpartition("${Bucket}/")[2]
    written = [path.split("/", 2)[2] for name, path in made if name == "s3:PutObject"]
    deleted = [path.split("/", 2)[2] for name, path in made if name == "s3:DeleteObject"]
    assert (len(written), len(deleted)) == ((3, 1) if role == "FilesRole" else (0, 0))
    assert all(fnmatchcase(key, pattern) for key in written + deleted)
    assert not fnmatchcase("pbc_photos/photo1/thumbs_of_an_original.png", pattern)
