"""What the bucket has of a file: the original, and the thumbs that are stored."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from pocketfiles import keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_THUMBS = 200
"""Thumbs of one file that are listed."""


class Objects(Protocol):
    """Reads of a bucket."""

    def original(self, key: str) -> dict[str, Any] | None:
        """Size in bytes, type and time of an original; ``None`` when it is missing."""

    def thumbs(self, key: str) -> list[dict[str, Any]]:
        """Name, size in bytes and time of each stored thumb of an original."""


class BucketObjects:
    """Reads a bucket through an S3 client."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def original(self, key: str) -> dict[str, Any] | None:
        """Size in bytes, type and time of an original; ``None`` when it is missing."""
        try:
            found = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError:
            return None
        return {
            "bytes": found["ContentLength"],
            "type": found["ContentType"],
            "modified": found["LastModified"].isoformat(),
        }

    def thumbs(self, key: str) -> list[dict[str, Any]]:
        """Name, size in bytes and time of each stored thumb of an original."""
        return list(self._listed(keys.thumbs_prefix(key)))

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=MAX_THUMBS)
        for found in answer.get("Contents", []):
            yield {
                "name": found["Key"].removeprefix(prefix),
                "bytes": found["Size"],
                "modified": found["LastModified"].isoformat(),
            }
