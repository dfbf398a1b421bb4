"""The S3 bucket. This is the only module that calls S3.

A missing key is ``None``. Errors from S3 are raised as the ``Refusal`` that ``aws.refusal`` maps
them to. Bodies are read within a time limit and checked for their full length; a broken connection
is tried once more.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from pocketfiles import timing
from pocketfiles.aws import (
    AWS_ERRORS,
    CORS_MARK,
    code,
    last_attempt,
    refusal,
    signature_seconds,
    status,
)
from pocketfiles.errors import DeadlineExceeded, Overloaded, StorageUnavailable
from pocketfiles.objects import UNKNOWN_TYPE, Opened, SignedUrl, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BODY_SECONDS = 10
"""Time limit for reading one body. 4 MiB take less than a second."""

T = TypeVar("T")

_CHUNK_BYTES = 256 * 1024
_BODY_ATTEMPTS = 2
_BROKEN = (IncompleteReadError, HTTPError)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Storage:
    """Reads and writes objects of one bucket through an S3 client.

    ``presigner`` makes the client that signs URLs of buckets in a region. ``body_seconds``: time
    limit for reading a body.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        presigner: "Callable[[str], S3Client]",
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._presigner = presigner
        self._presigning: S3Client | None = None
        self._body_seconds = body_seconds

    def head(self, key: str) -> Stored | None:
        """An object's attributes, in one HEAD.

        A missing key costs one more HEAD, of the bucket: the response to a HEAD has no body, so it
        cannot tell a missing key from a missing bucket.
        """
        answer = self._call(self._client.head_object, Key=key)
        if answer is not None:
            return _stored(key, answer)
        if self._call(self._client.head_bucket) is None:
            raise StorageUnavailable("S3: NoSuchBucket")
        return None

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        """An object in one GET. Its body is read only if ``wanted`` accepts its attributes."""

        def attempt() -> Opened | None:
            answer = self._call(self._client.get_object, Key=key)
            if answer is None:
                return None
            stored = _stored(key, answer)
            if not wanted(stored):
                answer["Body"].close()
                return Opened(stored)
            return Opened(stored, self._read(answer["Body"], stored.size))

        return _with_retry(attempt)

    def read(self, stored: Stored, first: int, last: int) -> bytes | None:
        """The bytes ``first`` to ``last``, both included. ``None`` if the object was deleted or
        replaced since ``stored``."""

        def attempt() -> bytes | None:
            answer = self._call(
                self._client.get_object,
                Key=stored.key,
                IfMatch=stored.etag,
                Range=f"bytes={first}-{last}",
            )
            return None if answer is None else self._read(answer["Body"], last - first + 1)

        return _with_retry(attempt)

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store an object unless the key exists already. Returns the ETag.

        A key that another writer stored first (412), or is storing now (409), counts as success:
        thumbs of the same original and size are alike. The ETag is then that of ``body``.
        """
        try:
            with timing.spent_on("s3"):
                answer = self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if status(error) in {409, 412}:
                return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            raise refusal("S3", error) from error
        except AWS_ERRORS as error:
            raise refusal("S3", error) from error
        return answer["ETag"]

    def delete(self, key: str) -> None:
        """Delete an object, if it exists."""
        self._call(self._client.delete_object, Key=key)

    def presign(
        self, key: str, seconds: int, overrides: dict[str, str], *, cross_origin: bool
    ) -> SignedUrl:
        """A URL that gets the object, for ``seconds`` or until the credentials end.

        ``overrides`` are S3's ``Response…`` parameters. ``cross_origin``: the URL differs from that
        of a plain request, because S3 sends CORS headers with one response and not with the other,
        so a cache must not use one for both.
        """
        marks = {CORS_MARK: "1"} if cross_origin else {}
        try:
            seconds = signature_seconds(seconds)
            url = self._presigning_client().generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key, **overrides, **marks},
                ExpiresIn=seconds,
            )
        except AWS_ERRORS as error:
            raise refusal("S3", error) from error
        return SignedUrl(url, seconds)

    def _presigning_client(self) -> "S3Client":
        """The client for the region of the bucket, which costs one HEAD per process to find.

        A URL signed for another region does not work, and an existing bucket may be anywhere.
        """
        if self._presigning is None:
            answer = self._call(self._client.head_bucket)
            if answer is None:
                raise StorageUnavailable("S3: NoSuchBucket")
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            self._presigning = self._presigner(headers.get("x-amz-bucket-region", ""))
        return self._presigning

    def _call(self, operation: Any, **request: Any) -> Any:
        """S3's response; ``None`` for a key that is missing or is another object by now."""
        try:
            with timing.spent_on("s3"):
                return operation(Bucket=self._bucket, **request)
        except ClientError as error:
            if status(error) in {404, 412} and code(error) != "NoSuchBucket":
                return None
            raise refusal("S3", error) from error
        except AWS_ERRORS as error:
            raise refusal("S3", error) from error

    def _read(self, body: Any, size: int) -> bytes:
        """The whole body. Raises if it is shorter, so that a broken response is never served."""
        too_slow = time.monotonic() + self._body_seconds
        chunks = []
        length = 0
        with timing.spent_on("s3"), body as stream:
            # read1 of urllib3 returns what has arrived. botocore's read() waits for a whole chunk,
            # however slowly it arrives. urllib3 1 has no read1.
            read = getattr(stream, "read1", stream.read)
            while chunk := read(_CHUNK_BYTES):
                chunks.append(chunk)
                length += len(chunk)
                if length >= size:
                    continue
                now = time.monotonic()
                if now > last_attempt():
                    raise DeadlineExceeded("S3: the body came too slowly for the deadline")
                if now > too_slow:
                    raise Overloaded("S3: the body came too slowly")
        if length != size:
            raise IncompleteReadError(actual_bytes=length, expected_bytes=size)
        return b"".join(chunks)


def _stored(key: str, answer: dict[str, Any]) -> Stored:
    modified = answer.get("LastModified")
    return Stored(
        key=key,
        size=answer["ContentLength"],
        etag=answer["ETag"],
        content_type=answer.get("ContentType") or UNKNOWN_TYPE,
        modified=modified if modified and modified > _EPOCH else None,
    )


def _with_retry(attempt: Callable[[], T]) -> T:
    """Repeat the attempt if the connection breaks while the body is read."""
    for _ in range(_BODY_ATTEMPTS - 1):
        try:
            return attempt()
        except _BROKEN:
            continue
    try:
        return attempt()
    except _BROKEN as error:
        raise Overloaded(f"S3: {type(error).__name__}") from error
