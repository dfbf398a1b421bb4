"""S3 objects as plain values, for the use cases."""

from dataclasses import dataclass, field
from datetime import datetime

UNKNOWN_TYPE = "application/octet-stream"
"""The content type of an object that was stored without one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The attributes of an object. ``size`` in bytes; ``etag`` includes its quotes."""

    key: str
    size: int
    etag: str
    content_type: str
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A URL that gets an object without further permission, for ``seconds`` from now."""

    url: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An object and its bytes; ``body`` is ``None`` if the caller did not want them."""

    stored: Stored
    body: bytes | None = field(default=None, repr=False)
