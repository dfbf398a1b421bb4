"""Files that vanish before their upload, and how a file is recognised as its copy in the bucket."""

from pathlib import Path
from typing import Any

import pytest

from admin.source import storage
from admin.source.storage import LocalFile
from admin.sync.data_directory import Source
from admin.sync.prepare import prepared
from admin.target.bucket import PART_BYTES, Bucket, Stored, owner_of, surely_same
from tests.admin.conftest import items, keys
from tests.admin.shaped import Shaped
from tests.conftest import Cloud


def test_a_file_that_vanishes_before_its_upload_does_not_stop_the_sync(
    cloud: Cloud, shaped: Shaped
) -> None:
    names = (cloud.bucket, cloud.table)
    with prepared(
        Source(shaped.directory), lambda: (cloud.s3, cloud.dynamodb), names, removing=True
    ) as sync:
        sync.read_target()
        summary = sync.gather()
        path = shaped.directory / "storage/id_docs/doc0/doc0.txt"
        body = path.read_bytes()
        path.unlink()
        sync.apply(summary.count)
        assert ("id_docs", "doc0") in items(cloud)
        assert "id_docs/doc0/doc0.txt" not in keys(cloud)
        assert not sync.missing_found()
        path.write_bytes(body)
        assert sync.missing_found()
        sync.apply(sync.gather().count)
    assert "id_docs/doc0/doc0.txt" in keys(cloud)


OWNERS = [
    ("c/r/f.txt", "c/r/f.txt"),
    ("c/r/thumbs_f.txt/1x1_f.txt", "c/r/f.txt"),
    ("c/r/other/f.txt", None),
    ("c/r", None),
    ("c//f", None),
    ("c/r/", None),
    ("c/r/thumbs_f/", None),
    ("backup.zip", None),
    ("a/b/c/d/e", None),
]


@pytest.mark.parametrize(("key", "owner"), OWNERS)
def test_an_object_belongs_to_an_original_or_to_nobody(key: str, owner: str | None) -> None:
    assert owner_of(key) == owner


SAME = [
    ("the same", {}, {}, True),
    ("another size", {"size": 2}, {}, False),
    ("another tag", {}, {"etag": "b" * 32}, False),
    ("an unknown sum", {"md5": ""}, {}, True),
    ("uploaded in parts", {}, {"etag": "b" * 32 + "-2"}, True),
    ("a younger file", {"changed": 100.0}, {}, False),
]


@pytest.mark.parametrize(
    ("file", "stored", "same"), [each[1:] for each in SAME], ids=[each[0] for each in SAME]
)
def test_a_copy_is_recognised_by_size_md5_and_time(
    file: dict[str, Any], stored: dict[str, Any], same: bool
) -> None:
    local = LocalFile(**{"path": Path("f"), "size": 1, "changed": 10.0, "md5": "a" * 32, **file})
    stored_object = Stored(
        **{"key": "c/r/f", "size": 1, "etag": "a" * 32, "modified": 100.0, **stored}
    )
    assert surely_same(local, stored_object) == same


@pytest.mark.parametrize(("changed", "same"), [(0.0, True), (4e9, False)])
def test_an_encrypted_copy_is_the_same_if_it_is_younger_than_the_file(
    changed: float, same: bool, cloud: Cloud
) -> None:
    cloud.s3.put_object(
        Bucket=cloud.bucket,
        Key="c/r/f",
        Body=b"x",
        ContentType="text/plain",
        ServerSideEncryption="aws:kms",
    )
    bucket = Bucket(cloud.s3, cloud.bucket)
    (stored,) = bucket.list()
    local = LocalFile(Path("unread"), 1, changed, "text/plain", "f" * 32)
    assert bucket.holds(stored._replace(etag="0" * 32), local) == same


def test_the_etag_of_an_upload_in_parts_is_computed_as_s3_computes_it(
    cloud: Cloud, tmp_path: Path
) -> None:
    path = tmp_path / "big"
    path.write_bytes(bytes(PART_BYTES + 1))
    bucket = Bucket(cloud.s3, cloud.bucket)
    bucket.upload("c/r/big", LocalFile(path, PART_BYTES + 1, 0.0), replaces=False)
    (stored,) = bucket.list()
    assert stored.etag == storage.md5(path, PART_BYTES)


def test_a_broken_sidecar_counts_as_none(tmp_path: Path) -> None:
    shaped = Shaped(tmp_path)
    path = shaped.store("c/r/f", b"x")
    sidecar = path.with_name("f.attrs")
    for text in (
        "",
        "[]",
        "[" * 100_000,
        '{"user.content_type": 7, "md5": "%", "user.metadata": []}',
    ):
        sidecar.write_text(text)
        found = storage.find(tmp_path, "c/r/f")
        assert found
        assert (found.content_type, found.md5, found.metadata) == (
            "application/octet-stream",
            "",
            {},
        )
    assert storage.find(tmp_path, "c/r") is None
