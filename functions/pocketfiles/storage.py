"""The bucket; nothing else speaks to S3.

A missing key is ``None``. What S3 refuses or fails to answer surfaces as ``aws.refusal`` tells. Bodies are
read within a time bound, checked for their full length, and tried once more when the connection breaks.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from pocketfiles import timing
from pocketfiles.aws import AWS_ERRORS, code, last_call, refusal, status
from pocketfiles.errors import Overloaded, StorageUnavailable
from pocketfiles.objects import UNKNOWN_TYPE, Opened, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BODY_SECONDS = 10
"""How long the bytes of one answer may take; 4 MiB need less than one."""

T = TypeVar("T")

_CHUNK = 256 * 1024
_BODY_ATTEMPTS = 2
_BROKEN = (IncompleteReadError, HTTPError)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Storage:
    """Reads and writes objects of one bucket through an S3 client.

    ``body_seconds``: how long the bytes of one answer may take.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        presigner: "Callable[[], S3Client]",
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._presigner = presigner
        self._presigning: S3Client | None = None
        self._body_seconds = body_seconds

    def head(self, key: str) -> Stored | None:
        """An object's attributes, in one HEAD."""
        answer = self._call(self._client.head_object, Key=key)
        if answer is not None:
            return _stored(key, answer)
        if (
            self._call(self._client.head_bucket) is None
        ):  # S3 has no words for a HEAD: key or bucket missing?
            raise StorageUnavailable("S3: NoSuchBucket")
        return None

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        """An object's attributes in one GET, with its bytes if, seen those, they are ``wanted``."""

        def attempt() -> Opened | None:
            answer = self._call(self._client.get_object, Key=key)
            if answer is None:
                return None
            stored = _stored(key, answer)
            if not wanted(stored):
                answer["Body"].close()
                return Opened(stored)
            return Opened(stored, self._read(answer["Body"], stored.size))

        return _again(attempt)

    def read(self, stored: Stored, first: int, last: int) -> bytes | None:
        """The bytes ``first`` to ``last`` (included) of that object; ``None`` if it is gone or replaced."""

        def attempt() -> bytes | None:
            answer = self._call(
                self._client.get_object,
                Key=stored.key,
                IfMatch=stored.etag,
                Range=f"bytes={first}-{last}",
            )
            return None if answer is None else self._read(answer["Body"], last - first + 1)

        return _again(attempt)

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store an object unless one is there, and tell its ETag.

        Losing to another writer (412, and 409 for one still at work) counts as stored, because thumbs of one
        original and size are alike; the tag is then the bytes' own.
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

    def presign(self, key: str, seconds: int, overrides: dict[str, str]) -> str:
        """A URL that gets the object for that long. ``overrides`` are S3's ``Response…`` parameters."""
        if self._presigning is None:
            self._presigning = self._presigner()
        try:
            return self._presigning.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key, **overrides},
                ExpiresIn=seconds,
            )
        except AWS_ERRORS as error:
            raise refusal("S3", error) from error

    def _call(self, operation: Any, **request: Any) -> Any:
        """The answer, or ``None`` for a key that is not there or no longer the object asked for."""
        try:
            with timing.spent_on("s3"):
                return operation(Bucket=self._bucket, **request)
        except ClientError as error:
            gone = status(error) in {404, 412} and code(error) != "NoSuchBucket"
            if gone:
                return None
            raise refusal("S3", error) from error
        except AWS_ERRORS as error:
            raise refusal("S3", error) from error

    def _read(self, body: Any, size: int) -> bytes:
        """The whole body. A shorter one raises, so that a broken answer is never taken for the file."""
        deadline = min(time.monotonic() + self._body_seconds, last_call())
        chunks = []
        length = 0
        with (
            timing.spent_on("s3"),
            body as stream,
        ):  # urllib3's: botocore's own read() waits for a full chunk, however slow it comes
            read = getattr(stream, "read1", stream.read)  # urllib3 1 has no read1
            while chunk := read(_CHUNK):
                chunks.append(chunk)
                length += len(chunk)
                if time.monotonic() > deadline and length < size:
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


def _again(attempt: Callable[[], T]) -> T:
    for _ in range(_BODY_ATTEMPTS - 1):
        try:
            return attempt()
        except _BROKEN:
            continue
    try:
        return attempt()
    except _BROKEN as error:
        raise Overloaded(f"S3: {type(error).__name__}") from error
