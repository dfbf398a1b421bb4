"""The bucket as the importer sees it: listing, comparing, uploading, deleting.

Objects outside ``<collection id>/<record id>/`` are nobody's business here and stay.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.s3.transfer import ProgressCallbackInvoker, TransferConfig, create_transfer_manager
from botocore.exceptions import ClientError

from pocketfiles import keys

from ..errors import TargetError
from ..source import storage
from ..source.storage import LocalFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELETED_AT_ONCE = 1000
"""The most objects that one DeleteObjects takes."""

PART_BYTES = 8 * 1024 * 1024
_TRANSFER = TransferConfig(multipart_chunksize=PART_BYTES, max_concurrency=4)
_SLACK_SECONDS = 2.0  # S3 tells times in whole seconds


class Stored(NamedTuple):
    """An object as a listing tells it; ``etag`` without quotes, ``modified`` in epoch seconds."""

    key: str
    size: int
    etag: str
    modified: float


class Bucket:
    """One bucket through an S3 client; safe to use from several threads."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Every object, a thousand a call."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix
        )
        for page in pages:
            for found in page.get("Contents", []):
                yield Stored(
                    key=found["Key"],
                    size=found["Size"],
                    etag=found["ETag"].strip('"'),
                    modified=found["LastModified"].timestamp(),
                )

    def exists(self, key: str) -> bool:
        """Whether the bucket has an object of this key."""
        first = next(self.list(key), None)
        return first is not None and first.key == key

    def upload(
        self,
        key: str,
        file: LocalFile,
        *,
        replaces: bool,
        on_bytes: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Stream a file to its key, in parts when it is large.

        Thumbs of bytes that it ``replaces`` are deleted first. ``on_bytes`` is called with the
        number of bytes of each piece that is sent.
        """
        if replaces:
            self._delete(self._thumbs(key))
        with file.path.open("rb") as body:
            if file.size < PART_BYTES:
                self._client.put_object(Bucket=self._name, Key=key, Body=body, **file.headers())
                on_bytes(file.size)
                return
            with create_transfer_manager(self._client, _TRANSFER) as transfer:
                told = [ProgressCallbackInvoker(on_bytes)]
                transfer.upload(body, self._name, key, file.headers(), told).result()

    def delete(self, keys: Sequence[str]) -> None:
        """Delete up to ``DELETED_AT_ONCE`` objects with one call. Raises ``TargetError``."""
        objects: list[Any] = [{"Key": key} for key in keys]
        answer = self._client.delete_objects(
            Bucket=self._name, Delete={"Objects": objects, "Quiet": True}
        )
        for error in answer.get("Errors", []):
            raise TargetError(f"{error.get('Key')} could not be deleted: {error.get('Code')}")

    def remove(self, key: str) -> None:
        """Delete an object after its thumbs: whatever is left leads a later run here again."""
        self._delete(self._thumbs(key))
        self._delete([key])

    def has_thumbs(self, key: str) -> bool:
        """Whether an original has thumbs, be it there or not."""
        return next(self._thumbs(key), None) is not None

    def lost_originals(self, prefix: str) -> Iterator[str | None]:
        """Originals under a prefix that are gone and have thumbs; ``None`` for each record, so that
        a caller can do something meanwhile."""
        for _, of_record in groupby(self.list(prefix), key=lambda stored: _folder_of(stored.key)):
            stored_keys = {stored.key for stored in of_record}
            owners = set(filter(None, map(owner_of, stored_keys)))
            yield None
            yield from sorted(owners - stored_keys)

    def clear_thumbs(self, key: str) -> None:
        """Delete the thumbs of an original, whether it is still there or not."""
        self._delete(self._thumbs(key))

    def holds(self, stored: Stored, file: LocalFile) -> bool:
        """Whether an object has the file's bytes, content type and metadata, looked at closely.

        Where the bucket's keys are KMS's, ETags say nothing: an object younger than its file is its
        copy. An object that is gone meanwhile has nothing.
        """
        try:
            found = self._client.head_object(Bucket=self._name, Key=stored.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                return False
            raise
        has_type = found.get("ContentType") == file.content_type
        has_metadata = found["Metadata"] == file.metadata
        if not has_type or not has_metadata:
            return False
        if "kms" in found.get("ServerSideEncryption", ""):
            return file.size == stored.size and not _recent(file, stored)
        is_multipart = "-" in stored.etag
        return stored.etag == storage.md5(file.path, PART_BYTES if is_multipart else 0)

    def _delete(self, gone: Iterable[str]) -> None:
        for key in gone:
            self._client.delete_object(Bucket=self._name, Key=key)

    def _thumbs(self, key: str) -> Iterator[str]:
        return (stored.key for stored in self.list(keys.thumbs_prefix(key)))


def _folder_of(key: str) -> list[str]:
    """Collection and record."""
    return key.split("/", 2)[:2]


def owner_of(key: str) -> str | None:
    """The original an object belongs to: itself, or a thumb's original; ``None`` for what is not
    ours."""
    match keys.parse(key):
        case keys.Original():
            return key
        case keys.Thumb(original):
            return original
    return None


def surely_same(file: LocalFile, stored: Stored) -> bool:
    """Whether size, ETag and time leave no doubt that the object is a copy of the file."""
    if file.size != stored.size or _recent(file, stored):
        return False
    return not file.md5 or "-" in stored.etag or file.md5 == stored.etag


def _recent(file: LocalFile, stored: Stored) -> bool:
    """Whether the file or its sidecar may have changed since the object was written."""
    return file.changed + _SLACK_SECONDS > stored.modified


def uploaded(key: str, file: LocalFile) -> Stored:
    """What a listing would tell of a file just uploaded."""
    return Stored(key, file.size, file.md5, file.changed + 2 * _SLACK_SECONDS)
