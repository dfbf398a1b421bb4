"""PocketBase's local storage: ``storage/<collection id>/<record id>/<file>``, each file with a
sidecar.

The sidecar ``<file>.attrs`` is JSON: the content type, user metadata, and the MD5 of the content in
base64. A file without a sidecar has the content type ``application/octet-stream`` (pocketbase.md
§6.3). Thumbs are not copied; the functions make their own.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pocketfiles.objects import UNKNOWN_TYPE

# Characters that Go's url.PathEscape does not escape.
_PATH_SAFE = "$&+:=@"

_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
"""What HTTP can carry of a sidecar (RFC 9110 §5.1 and §5.5, ASCII alone as in S3's signatures)."""


@dataclass(frozen=True)
class LocalFile:
    """A file to upload, with the attributes of its S3 object."""

    path: Path
    size: int
    changed: float
    """When the file or its sidecar last changed: modification or inode change, in seconds since the
    epoch.
    """
    content_type: str = UNKNOWN_TYPE
    md5: str = ""
    """MD5 of the content in hex, from the sidecar; empty when unknown."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, Any]:
        """The object's attributes as parameters of S3's PutObject."""
        return {"ContentType": self.content_type, "Metadata": dict(self.metadata)}


def find(directory: Path, key: str) -> LocalFile | None:
    """Find the file of a key ``<collection id>/<record id>/<file>``; ``None`` if there is none."""
    path = _inside(directory, key)
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    attributes, changed = _sidecar(directory / "storage" / key)
    metadata = attributes.get("user.metadata")
    return LocalFile(
        path=path,
        size=found.st_size,
        changed=max(found.st_mtime, found.st_ctime, changed),
        content_type=_content_type(attributes.get("user.content_type")),
        md5=_hex(attributes.get("md5")),
        metadata=escaped(metadata) if isinstance(metadata, dict) else {},
    )


def may_not_be_read(directory: Path, key: str) -> bool:
    """Whether a folder on the way to the file of a key is closed to this user."""
    try:
        (directory / "storage" / key).stat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        pass
    return False


def why_absent(directory: Path, key: str) -> str:
    """Why ``find`` finds no file of this key, to be put after "the file"."""
    is_there = os.path.exists(directory / "storage" / key)  # noqa: PTH110 - the name may be too long
    if is_there and _inside(directory, key) is None:
        return "is a link out of storage/, which is not followed"
    if may_not_be_read(directory, key):
        return "may not be read: a folder on the way to it is closed to this user"
    return "is missing in storage"


def escaped(metadata: Mapping[str, str]) -> dict[str, str]:
    """Escape the values of user metadata as PocketBase does for S3 (pocketbase.md §6.2), without
    those whose name no header can have.
    """
    return {
        name: quote(_text(value), safe=_PATH_SAFE, errors="replace")
        for name, value in metadata.items()
        if _HEADER_NAME.fullmatch(name)
    }


def md5(path: Path, part_size: int = 0) -> str:
    """Compute the ETag that S3 gives to a file: its MD5 in hex or, with a part size, that of a
    multipart upload.
    """
    with path.open("rb") as file:
        if not part_size:
            return hashlib.file_digest(file, _new_md5).hexdigest()
        parts = []
        while part := file.read(part_size):
            parts.append(_new_md5(part).digest())
    whole = _new_md5(b"".join(parts))
    return f"{whole.hexdigest()}-{len(parts)}"


def _new_md5(content: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(content, usedforsecurity=False)


def _sidecar(path: Path) -> tuple[dict[str, Any], float]:
    sidecar = _sidecar_of(path)
    if not sidecar.is_file():  # opening a named pipe would wait for ever
        return {}, 0.0
    try:
        with sidecar.open("rb") as file:
            found = os.fstat(file.fileno())
            attributes = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}, 0.0
    changed = max(found.st_mtime, found.st_ctime)
    return attributes if isinstance(attributes, dict) else {}, changed


def _inside(directory: Path, key: str) -> Path | None:
    """The path of a key with all links resolved; ``None`` if it leads out of the storage folder.

    A link to elsewhere could upload any file that the importing user can read.
    """
    root = (directory / "storage").resolve()
    try:
        path = (root / key).resolve()
        sidecar = _sidecar_of(root / key).resolve()
    except (OSError, ValueError):
        return None
    is_inside = path.is_relative_to(root) and sidecar.is_relative_to(root)
    return path if is_inside else None


def _sidecar_of(path: Path) -> Path:
    return path.with_name(path.name + ".attrs")


def _content_type(value: Any) -> str:
    text = _text(value)
    return text if _HEADER_VALUE.fullmatch(text) else UNKNOWN_TYPE


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _hex(value: Any) -> str:
    try:
        return base64.b64decode(_text(value), validate=True).hex()
    except (binascii.Error, ValueError):
        return ""
