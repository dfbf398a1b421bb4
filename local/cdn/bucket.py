"""The bucket as CloudFront's origin, behind origin access control.

The template's bucket policy lets the distribution read ``bucket/*/*/*`` and not list it, so a
missing key and a key that is not in a record's folder are the same 403.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local.gateway import Answer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DROPPED_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "server",
        "transfer-encoding",
        "x-amzn-requestid",
    }
)
"""Headers of the connection and of the S3 stand-in."""

MIN_SEGMENTS = 3  # collection, record, file
REFUSED = Answer(
    403, (("Content-Type", "application/xml"),), b"<Error><Code>AccessDenied</Code></Error>"
)


class BucketOrigin:
    """Reads whole objects; the edge cuts ranges out of what it keeps."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, uri: str) -> Answer:
        """The object under the key that the URI spells, with S3's own headers."""
        key = unquote(uri).removeprefix("/")
        if len(key.split("/")) < MIN_SEGMENTS:
            return REFUSED
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError:
            return REFUSED
        headers = _headers(found["ResponseMetadata"]["HTTPHeaders"])
        return Answer(200, headers, found["Body"].read())


def _headers(sent: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What S3 says of the object."""
    kept = [name for name in sent if name.lower() not in DROPPED_HEADERS]
    return tuple((name, str(sent[name])) for name in kept)
