"""Objects of the bucket as plain values: what use cases know of S3."""

from dataclasses import dataclass, field
from datetime import datetime

UNKNOWN_TYPE = "application/octet-stream"
"""The content type of bytes whose type nobody recorded."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What S3 tells of an object; ``etag`` with its quotes, ``size`` in bytes."""

    key: str
    size: int
    etag: str
    content_type: str
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An object with its bytes, or without when they were not wanted."""

    stored: Stored
    body: bytes | None = field(default=None, repr=False)
