"""A small catalogue: public and protected files, a view, users, a superuser, and their tokens."""

import io
import logging
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from PIL import Image

from pocketfiles.catalogue.items import collection_item, record_items, settings_item
from pocketfiles.catalogue.model import Collection, Record, Source
from tests.conftest import Cloud, make_cloud
from tests.deployed import Deployed, deployed

AUTH = {
    "authToken": {"secret": "a" * 40, "duration": 600},
    "fileToken": {"secret": "f" * 40, "duration": 180},
}


def file_field(name: str, *, protected: bool = False, thumbs: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "id": f"file_{name}",
        "name": name,
        "type": "file",
        "maxSelect": 99,
        "protected": protected,
        "thumbs": list(thumbs),
    }


OWNER = {
    "id": "rel_owner",
    "name": "owner",
    "type": "relation",
    "collectionId": "pbc_users",
    "maxSelect": 1,
}
RAW: list[dict[str, Any]] = [
    {
        "id": "pbc_roots",
        "name": "_superusers",
        "type": "auth",
        "fields": [],
        "viewRule": None,
        **AUTH,
    },
    {"id": "pbc_users", "name": "users", "type": "auth", "fields": [], "viewRule": "", **AUTH},
    {
        "id": "pbc_photos",
        "name": "photos",
        "type": "base",
        "viewRule": None,
        "fields": [file_field("image", thumbs=["4x4", "8x0", "9000x9000", "junk"])],
    },
    {
        "id": "pbc_papers",
        "name": "papers",
        "type": "base",
        "viewRule": "owner = @request.auth.id",
        "fields": [OWNER, file_field("paper", protected=True, thumbs=["4x4"]), file_field("cover")],
    },
    {
        "id": "pbc_view",
        "name": "paper_view",
        "type": "view",
        "viewRule": "",
        "viewQuery": "SELECT id, paper AS page FROM papers",
        "fields": [file_field("page", protected=True)],
    },
]
COLLECTIONS = {raw["name"]: Collection.from_json(raw) for raw in RAW}


def picture(format_: str = "PNG", size: tuple[int, int] = (32, 16)) -> bytes:
    """A picture, red on the left and blue on the right."""
    made = Image.new("RGB", size, "red")
    made.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    made.save(out, format_, lossless=True)
    return out.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "plain.txt": (bytes(range(256)), "text/plain; charset=utf-8"),
    "empty.txt": (b"", "text/plain"),
    "one.png": (picture(), "image/png"),
    "one.webp": (picture("WEBP"), "image/webp"),
    "one.gif": (picture("GIF"), "image/gif"),
    "one.jpg": (picture("JPEG", (64, 64)), "image/jpeg"),
    "fake.jpg": (b"no picture at all", "image/jpeg"),
    "cut.png": (picture()[:60], "image/png"),
    "drawing.svg": (b"<svg/>", "image/svg+xml"),
}
PHOTO = Record(
    "pbc_photos",
    "photo1",
    {"id": "photo1", "image": "[" + ",".join(f'"{name}"' for name in [*FILES, "gone.png"]) + "]"},
)
PAPER = Record(
    "pbc_papers",
    "paper1",
    {"id": "paper1", "owner": "ada", "paper": '["secret.txt","secret.png"]', "cover": "cover.txt"},
)
ROW = Record(
    "pbc_view",
    "row1",
    {"id": "row1", "page": '["secret.txt","lost.txt"]'},
    {"secret.txt": Source("pbc_papers", "paper1")},
)
ADA, BOB = (
    Record("pbc_users", name, {"id": name, "tokenKey": name * 20}) for name in ("ada", "bob")
)
ROOT = Record("pbc_roots", "root", {"id": "root", "tokenKey": "root" * 20})
RECORDS = {
    "photos": [PHOTO],
    "papers": [PAPER],
    "paper_view": [ROW],
    "users": [ADA, BOB],
    "_superusers": [ROOT],
}
PAPERS = {
    "secret.txt": (b"a secret " * 20, "text/plain"),
    "secret.png": (picture(), "image/png"),
    "cover.txt": (b"a cover", "text/plain"),
}


def fill(cloud: Cloud, settings: dict[str, Any]) -> None:
    """Put the small catalogue into an empty bucket and table."""
    items = [collection_item(raw, number) for number, raw in enumerate(RAW)]
    items.append(settings_item(settings))
    for name, records in RECORDS.items():
        items += [item for record in records for item in record_items(COLLECTIONS[name], record)]
    for item in items:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)
    for folder, files in (("pbc_photos/photo1", FILES), ("pbc_papers/paper1", PAPERS)):
        for name, (body, content_type) in files.items():
            cloud.s3.put_object(
                Bucket=cloud.bucket, Key=f"{folder}/{name}", Body=body, ContentType=content_type
            )


class ReplaceOriginal(logging.Handler):
    """Replaces an original while its thumb is made: as soon as botocore logs that it stores one.

    It writes without botocore, so that the calls that tests look at are the functions' only.
    """

    def __init__(self, cloud: Cloud, key: str, body: bytes, content_type: str) -> None:
        super().__init__(logging.DEBUG)
        named = {"Bucket": cloud.bucket, "Key": key, "ContentType": content_type}
        url = cloud.s3.generate_presigned_url("put_object", Params=named)
        headers = {"Content-Type": content_type}
        self._put = urllib.request.Request(url, body, headers, method="PUT")
        self.done = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.done and "PutObject" in record.getMessage() and "thumbs_" in str(record.args):
            self.done = True
            with urllib.request.urlopen(self._put, timeout=10):
                pass


@contextmanager
def replaced_meanwhile(
    cloud: Cloud, key: str, body: bytes, content_type: str
) -> Iterator[ReplaceOriginal]:
    """Inside the block, the first thumb that is stored finds its original replaced."""
    handler = ReplaceOriginal(cloud, key, body, content_type)
    logger = logging.getLogger("botocore.endpoint")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


LIFE = 86_400
"""Seconds. Tokens made while tests are collected are still valid when the last one runs."""


def make_token(record: Record, kind: str = "file", **claims: Any) -> str:
    """A token as PocketBase would issue it."""
    key = record.token_key + ("a" if kind == "auth" else "f") * 40
    named = {
        "collectionId": record.collection_id,
        "exp": int(time.time()) + LIFE,
        "id": record.id,
        "type": kind,
    }
    return jwt.encode({**named, **claims}, key)


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Deployed]:
    """The API over the small catalogue, for tests that write."""
    fill(cloud, {})
    with deployed(cloud) as found:
        yield found


@pytest.fixture(scope="module")
def stable(endpoint: str) -> Iterator[Deployed]:
    """The same for tests that only read. One per module."""
    cloud = make_cloud(endpoint)
    fill(cloud, {})
    with deployed(cloud) as found:
        yield found


LISTED = "198.51.100.1"
"""The only address that superusers may come from where ``fence`` was put up."""


def fence(cloud: Cloud) -> None:
    """Fill the catalogue, with settings of PocketBase that list one address of superusers and trust
    proxy headers from anybody."""
    proxy = {"headers": ["X-Real-Ip", "X-Forwarded-For"], "useLeftmostIP": True}
    fill(cloud, {"superuserIPs": [LISTED], "trustedProxy": proxy})


@pytest.fixture
def fenced(cloud: Cloud) -> Iterator[Deployed]:
    """The same, with superusers allowed from an address that no test uses."""
    fence(cloud)
    with deployed(cloud) as found:
        yield found
