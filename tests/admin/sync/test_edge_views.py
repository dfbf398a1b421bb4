"""Copies of files that lie elsewhere: those of views, and of a bucket that PocketBase keeps."""

import time

import pytest

from admin.target.bucket import Bucket
from tests.admin.conftest import keys
from tests.admin.shaped import Shaped
from tests.admin.sync.edge_world import World, show_to_everybody


def test_copies_under_a_views_path_are_invalidated_with_its_record(
    world: World, shaped: Shaped
) -> None:
    show_to_everybody(world, shaped)
    shaped.execute("UPDATE docs SET attachment = '' WHERE id = 'doc1'")
    world.round()
    assert "/api/files/id_doc_files/doc1/*" in world.cloudfront.paths
    assert "invalidate#changed#1#id_doc_files/doc1" in world.pending()


def test_a_view_is_pending_before_bytes_that_it_shows_are_replaced(
    world: World, shaped: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    show_to_everybody(world, shaped)
    [key] = [key for key in keys(world.cloud) if key.startswith("id_docs/doc1/")]
    shaped.store(key, b"other bytes")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Bucket, "upload", killed)
        world.round()
    assert "invalidate#removed#0#id_doc_files/" in world.pending()
    world.now += 60
    world.round()
    assert world.cloudfront.paths.count("/api/files/id_doc_files/*") == 2


def test_thumbs_that_are_older_than_their_original_are_invalidated_in_views_too(
    world: World, shaped: Shaped
) -> None:
    show_to_everybody(world, shaped)
    [key] = [key for key in keys(world.cloud) if key.startswith("id_docs/doc1/")]
    bucket, file = world.cloud.bucket, key.rpartition("/")[2]
    thumb = key.replace(file, f"thumbs_{file}/100x100_{file}")
    world.cloud.s3.put_object(Bucket=bucket, Key=thumb, Body=b"old")
    time.sleep(1.1)  # S3 lists whole seconds
    body = world.cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    world.cloud.s3.put_object(Bucket=bucket, Key=key, Body=body)
    world.round()
    assert thumb not in keys(world.cloud)
    assert "/api/files/id_doc_files/*" in world.cloudfront.paths


def test_what_a_record_no_longer_names_in_a_bucket_of_pocketbases_is_invalidated(
    world: World, shaped: Shaped
) -> None:
    world.round(files=False)
    shaped.execute("UPDATE users SET email = 'new' WHERE id = 'bob'")
    shaped.execute("UPDATE users SET avatar = '' WHERE id = 'ann'")
    world.round(files=False)
    assert world.cloudfront.paths == ["/id_users/ann/*", "/api/files/id_users/ann/*"]
    assert world.pending() == ["invalidate#changed#1#id_users/ann"]
