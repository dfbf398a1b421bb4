"""PocketBase's local storage: ``storage/<collection id>/<record id>/<file>`` and its ``.attrs``
sidecars.

A sidecar is JSON with the content type, user metadata and the MD5 of the content, base64; without
one the content type is ``application/octet-stream`` (pocketbase.md §6.3). Thumbs are made anew,
never copied.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

OCTETS = "application/octet-stream"
_CHUNK = 1024 * 1024
# Go's url.PathEscape leaves these as they are; PocketBase escapes `@`, `:` and `=` only in metadata
# keys.
_PATH_SAFE = "$&+:=@"


@dataclass(frozen=True)
class LocalFile:
    """A file to upload, and what S3 shall tell of it."""

    path: Path
    size: int
    changed: float
    """When the file or its sidecar last changed in any way, seconds since the epoch."""
    content_type: str = OCTETS
    md5: str = ""
    """Of the content as the sidecar has it, in hex; empty when unknown."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, Any]:
        """The object's attributes as S3's parameters."""
        return {"ContentType": self.content_type, "Metadata": dict(self.metadata)}


def find(directory: Path, key: str) -> LocalFile | None:
    """The file of that key (``<collection id>/<record id>/<file>``), or ``None`` when it is not
    there.
    """
    path = directory / "storage" / key
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not path.is_file():
        return None
    attributes, changed = _sidecar(path)
    metadata = attributes.get("user.metadata")
    return LocalFile(
        path=path,
        size=found.st_size,
        changed=max(found.st_mtime, found.st_ctime, changed),
        content_type=_text(attributes.get("user.content_type")) or OCTETS,
        md5=_hex(attributes.get("md5")),
        metadata=escaped(metadata) if isinstance(metadata, dict) else {},
    )


def escaped(metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata as PocketBase sends it to S3: values path-escaped (pocketbase.md §6.2)."""
    return {key: quote(_text(value), safe=_PATH_SAFE) for key, value in metadata.items()}


def md5(path: Path, part_size: int = 0) -> str:
    """What S3 calls a file's ETag: MD5 in hex, or with a part size that of a multipart upload.

    Streams.
    """
    whole = hashlib.md5(usedforsecurity=False)
    parts = []
    with path.open("rb") as file:
        while chunk := file.read(part_size or _CHUNK):
            if part_size:
                parts.append(hashlib.md5(chunk, usedforsecurity=False).digest())
            else:
                whole.update(chunk)
    if not part_size:
        return whole.hexdigest()
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def _sidecar(path: Path) -> tuple[dict[str, Any], float]:
    try:
        with path.with_name(path.name + ".attrs").open("rb") as file:
            found = os.fstat(file.fileno())
            attributes = json.load(file)
    except (OSError, ValueError):
        return {}, 0.0
    return (attributes if isinstance(attributes, dict) else {}), max(found.st_mtime, found.st_ctime)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _hex(value: Any) -> str:
    try:
        return base64.b64decode(_text(value), validate=True).hex()
    except (binascii.Error, ValueError):
        return ""
