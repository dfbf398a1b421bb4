"""CloudFront in front of a stack: what is open comes from the bucket, and what goes away is
invalidated.

The emulator caches nothing, so the tests read invalidations and the key value store by their APIs.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.stack.deployment import DEMO, HAS_EDGE, Answer, Stack, deploy
from tests.stack.emulator import Emulator
from tests.stack.probes import (
    COMMON,
    JPEG,
    OWNER,
    PHOTO,
    PHOTOS,
    PNG,
    PROTECTED,
    a_public_file_reaches_no_function,
    answered,
    failures,
    stored,
)

pytestmark = pytest.mark.skipif(not HAS_EDGE, reason="the edge functions need Node")
AVATAR = "_pb_users_auth_/userada00000000/face_ua9u1zqt2i.png"
DOCUMENTS = "pbc_3332084752"


@pytest.fixture(scope="module")
def edge(emulator: Emulator) -> Iterator[Stack]:
    """A stack of its own, because its collections change."""
    stack = deploy(emulator, "edge", {})
    stack.import_demo()
    yield stack
    stack.discard()


def key_values(stack: Stack) -> dict[str, dict[str, object]]:
    """What the key value store says of each collection, by key."""
    client = stack.emulator.client("cloudfront-keyvaluestore", signature_version="v4")
    pages = client.get_paginator("list_keys").paginate(KvsARN=stack.outputs["EdgeStoreArn"])
    return {item["Key"]: json.loads(item["Value"]) for page in pages for item in page["Items"]}


def open_collections(stack: Stack) -> set[str]:
    return {key for key, value in key_values(stack).items() if value["open"]}


def invalidated(stack: Stack) -> list[str]:
    """Every path that the distribution was asked to invalidate."""
    client = stack.emulator.client("cloudfront")
    distribution = stack.outputs["DistributionId"]
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"]
    paths = []
    for each in listed.get("Items", []):
        found = client.get_invalidation(DistributionId=distribution, Id=each["Id"])
        paths += found["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]
    return paths


def test_an_import_tells_the_store_which_collections_are_open(edge: Stack) -> None:
    values = key_values(edge)
    assert values["photos"] == values[PHOTOS]
    assert values["photos"]["id"] == PHOTOS
    assert open_collections(edge) == {"users", "_pb_users_auth_", "photos", PHOTOS}
    assert values["documents"]["open"] is False


def test_a_public_file_reaches_no_function(edge: Stack) -> None:
    a_public_file_reaches_no_function(edge)


def test_the_bucket_answers_with_the_headers_of_the_api(edge: Stack) -> None:
    from_bucket = edge.get(f"/api/files/{PNG}")
    from_api = edge.get(f"/api/files/{PNG}?download=1")
    for name in ("etag", "content-type", "content-security-policy", "cache-control", "vary"):
        assert from_bucket.headers[name] == from_api.headers[name], name
    assert not [name for name in from_bucket.headers if name.startswith("x-amz-meta")]


def test_a_thumb_is_made_once_and_then_reaches_no_function(edge: Stack) -> None:
    first = edge.get(f"/api/files/{AVATAR}?thumb=64x64")
    assert Image.open(BytesIO(first.body)).size == (64, 64)
    before = answered(edge)
    again = edge.get(f"/api/files/{AVATAR}?thumb=64x64")
    assert (again.status, again.body) == (200, first.body)
    assert answered(edge) == before


def test_a_thumb_comes_in_the_format_that_the_reader_names(edge: Stack) -> None:
    for accept in ("image/avif", "image/webp"):
        made = edge.get(f"/api/files/{JPEG}?thumb=100x100", Accept=f"{accept},*/*")
        before = answered(edge)
        again = edge.get(f"/api/files/{JPEG}?thumb=100x100", Accept=f"{accept},*/*")
        assert made.headers["content-type"] == accept
        assert again.body == made.body
        assert answered(edge) == before


def test_a_protected_file_never_comes_from_the_bucket(edge: Stack) -> None:
    before = answered(edge)
    assert edge.get(f"/api/files/{PROTECTED}").status == 404
    answer = edge.get(f"/api/files/{PROTECTED}?token={edge.token(OWNER)}")
    assert answer.status == 200
    assert "private" in answer.headers["cache-control"]
    assert answered(edge) == before + 2


def test_a_path_that_is_no_files_reaches_no_object(edge: Stack) -> None:
    assert edge.get(f"/{PNG}").status == 404
    assert edge.get(f"/{PROTECTED.replace('documents', DOCUMENTS)}").status == 404


def test_a_removed_record_is_invalidated(edge: Stack) -> None:
    edge.admin("rm", "users", OWNER, "--yes", "--stack", edge.name)
    assert edge.get(f"/api/files/{AVATAR}").status == 404
    paths = {f"/_pb_users_auth_/{OWNER}/*", f"/api/files/_pb_users_auth_/{OWNER}/*"}
    assert paths <= set(invalidated(edge))
    edge.import_demo()


def test_purge_invalidates_by_hand(edge: Stack) -> None:
    edge.admin("purge", "photos", PHOTO.rpartition("/")[2], "--stack", edge.name)
    assert {f"/{PHOTO}/*", f"/api/files/{PHOTO}/*"} <= set(invalidated(edge))


def test_a_collection_that_a_sync_protects_is_closed_and_invalidated(
    edge: Stack, tmp_path: Path
) -> None:
    data = shutil.copytree(DEMO, tmp_path / "pb_data")
    with sqlite3.connect(data / "data.db") as database:
        (fields,) = database.execute(
            "SELECT fields FROM _collections WHERE id = ?", (PHOTOS,)
        ).fetchone()
        changed = [{**each, "protected": each["type"] == "file"} for each in json.loads(fields)]
        row = (json.dumps(changed), PHOTOS)
        database.execute("UPDATE _collections SET fields = ? WHERE id = ?", row)
    database.close()
    edge.admin("sync", "--pb-data", str(data), "--stack", edge.name)
    assert open_collections(edge) == {"users", "_pb_users_auth_"}
    assert {f"/{PHOTOS}/*", f"/api/files/{PHOTOS}/*"} <= set(invalidated(edge))
    edge.sync_demo()
    assert "photos" in open_collections(edge)


def test_a_change_of_the_formats_reaches_the_edge_with_the_next_sync(
    emulator: Emulator, edge: Stack
) -> None:
    """In between, the edge asks for AVIF as before, and the functions send the plain thumb."""

    def thumb() -> Answer:
        return edge.get(f"/api/files/{PNG}?thumb=100x100", Accept="image/avif,image/webp,*/*")

    updated = deploy(emulator, edge.name, {"ThumbFormats": "webp"})
    assert updated.outputs["EdgeThumbFormats"] == "webp"
    assert thumb().headers["content-type"] == "image/png"
    edge.sync_demo()
    assert key_values(edge)["photos"]["formats"] == ["webp"]
    made = thumb()
    assert made.headers["content-type"] == "image/webp"
    before = answered(edge)
    assert thumb().body == made.body
    assert answered(edge) == before


def test_collections_apply_keeps_the_store(emulator: Emulator, tmp_path: Path) -> None:
    stack = deploy(emulator, "edge-apply", {})
    sample = json.loads(stack.admin("collections", "sample"))
    path = tmp_path / "collections.json"
    path.write_text(json.dumps(sample))
    stack.admin("collections", "apply", str(path), "--stack", stack.name)
    assert open_collections(stack) == {"customers", "pictures"}
    (pictures,) = (each for each in sample if each["name"] == "pictures")
    (image,) = (field for field in pictures["fields"] if field["type"] == "file")
    image["protected"] = True
    path.write_text(json.dumps(sample))
    stack.admin("collections", "apply", str(path), "--stack", stack.name, "--yes")
    assert open_collections(stack) == {"customers"}
    assert {"/pictures/*", "/api/files/pictures/*"} <= set(invalidated(stack))
    stack.discard()


def test_a_stack_whose_cdn_asks_the_api_for_everything(emulator: Emulator) -> None:
    stack = deploy(emulator, "no-direct", {"CdnDirect": "no"})
    stack.import_demo()
    assert "EdgeStore" not in stack.resources
    assert "EdgeStoreArn" not in stack.outputs
    before = answered(stack)
    assert stack.get(f"/api/files/{PNG}").body == stored(PNG)
    assert answered(stack) == before + 1
    assert failures(stack, COMMON) == []
    stack.admin("purge", "photos", "--stack", stack.name)
    assert f"/{PHOTOS}/*" in invalidated(stack)
    stack.discard()
