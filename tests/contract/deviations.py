"""Where our answers differ from PocketBase's on purpose.

Each deviation has a name, the rows it covers, and the exact difference. The table of
docs/compatibility.md has the same names, with the reasons.
"""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from PIL import Image

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_FOUND = b'{"data":{},"message":"The requested resource wasn\'t found.","status":404}\n'
NO_COLLECTION = b'{"data":{},"message":"Missing or invalid collection context.","status":404}\n'
MONTH = 2_592_000
MEASURED = "measured"
"""In place of a ``Server-Timing``, which is never the same twice."""
FILE_PATH = re.compile(r"/api/files(/[^/]+){3}")


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified. As in Go, U+FFFD stands for invalid UTF-8."""
    payload = token.split(".")[1]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    found: dict[str, Any] = json.loads(decoded.decode(errors="replace"))
    return found


@dataclass(frozen=True)
class Row:
    """One recorded request and its answer; a line of http.jsonl or http-more.jsonl.

    ``raw_body``: the body goes out as it stands, without Content-Length; it is chunked.
    """

    name: str
    method: str
    path: str
    headers: dict[str, str]
    status: int
    response_headers: list[list[str]]
    length: int
    sha256: str = ""
    text: str | None = None
    body: str = ""
    raw_body: bool = False

    @property
    def served(self) -> str:
        """The name of the file in the answer, empty when there is none."""
        disposition = dict(self.response_headers).get("content-disposition", "")
        return disposition.partition("filename=")[2]

    @property
    def is_thumb(self) -> bool:
        """Whether a thumb was served; its name begins with its size."""
        return re.match(r"[0-9]+x[0-9]+[tbf]?_", self.served) is not None

    @property
    def is_protected(self) -> bool:
        """Whether a file of a protected field was served."""
        return self.served.startswith(("file_0_", "open_", "locked_"))

    @property
    def token(self) -> dict[str, Any]:
        """The claims of the file token in the query, unverified; empty if there is no token."""
        token = parse_qs(self.path.partition("?")[2]).get("token", [""])[0]
        return claims_of(token) if token.count(".") == 2 else {}


@dataclass
class Expected:
    """The answer we expect; header values as the list of their lines."""

    status: int
    headers: dict[str, list[str]]
    length: int
    sha256: str

    @classmethod
    def of(cls, row: Row) -> "Expected":
        """PocketBase's own."""
        headers: dict[str, list[str]] = {}
        for name, value in row.response_headers:
            headers.setdefault(name, []).append(value)
        return cls(row.status, headers, row.length, row.sha256)


@dataclass
class Bucket:
    """The bucket that the answers were served from."""

    s3: "S3Client"
    name: str
    _keys: dict[str, str] = field(default_factory=dict)

    def key(self, served: str) -> str:
        """The key of the file of that name; all names differ."""
        if served not in self._keys:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
            found = [item["Key"] for page in pages for item in page["Contents"]]
            self._keys = {key.rpartition("/")[2]: key for key in found}
        return self._keys[served]

    def get(self, served: str) -> Any:
        """The file's S3 answer, its bytes as ``Bytes``."""
        answer = self.s3.get_object(Bucket=self.name, Key=self.key(served))
        return {**answer, "Bytes": answer["Body"].read()}


@dataclass(frozen=True)
class Deviation:
    """``covers`` looks at the recorded row alone; ``change`` makes its answer ours."""

    name: str
    covers: Callable[[Row], bool]
    change: Callable[[Row, Expected, Bucket], None]


def _is_file(row: Row) -> bool:
    return bool(row.served) and row.status != 416


def _not_found(row: Row, expected: Expected, _: Bucket) -> None:
    _refused(row, expected, NOT_FOUND)


def _refused(row: Row, expected: Expected, error: bytes) -> None:
    """The 404 with that body."""
    body = b"" if row.method == "HEAD" else error
    expected.status = 404
    expected.length = len(body)
    expected.sha256 = hashlib.sha256(body).hexdigest()
    expected.headers = {
        "cache-control": ["no-store"],
        "content-type": ["application/json"],
        "vary": ["Origin"],
        "x-content-type-options": ["nosniff"],
        "x-frame-options": ["SAMEORIGIN"],
        "x-xss-protection": ["1; mode=block"],
    }
    if body:
        expected.headers["content-length"] = [str(len(body))]


def _as_it_stands(row: Row, expected: Expected, bucket: Bucket) -> None:
    """No redirect: OPTIONS is answered on any path, the rest is not found.

    ``a/b/..`` has the three segments of a file's path, in a collection that does not exist.
    """
    if row.method == "GET" and FILE_PATH.fullmatch(row.path):
        _refused(row, expected, NO_COLLECTION)
        return
    if row.method != "OPTIONS":
        _not_found(row, expected, bucket)
        return
    expected.status = 204
    expected.headers = {"vary": ["Origin"]}
    if "Origin" in row.headers:
        asked = "Access-Control-Request-Method, Access-Control-Request-Headers"
        expected.headers = {
            "access-control-allow-methods": ["GET,HEAD,PUT,PATCH,POST,DELETE"],
            "access-control-allow-origin": ["*"],
            "vary": [f"Origin, {asked}"],
        }


def _has_unreadable_body(row: Row) -> bool:
    """A body that PocketBase cannot read, or one of a kind that only PocketBase reads."""
    content_type = row.headers.get("Content-Type", "")
    is_multipart = content_type.startswith("multipart/") and row.is_protected
    is_covered = row.status == 500 or is_multipart
    return bool(row.body) and is_covered and row.method == "GET" and not _has_empty_chunk(row)


def _has_empty_chunk(row: Row) -> bool:
    """A chunked body of no bytes, which PocketBase cannot read."""
    return row.raw_body and row.body.startswith("0\r\n") and row.status == 500


def _served(row: Row, expected: Expected, bucket: Bucket) -> None:
    """The protected text file, as for a request without a body."""
    name = row.path.partition("?")[0].rpartition("/")[2]
    stored = bucket.get(name)
    size = len(stored["Bytes"])
    policy = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    expected.status = 200
    expected.length = size
    expected.sha256 = hashlib.sha256(stored["Bytes"]).hexdigest()
    expected.headers = {
        "accept-ranges": ["bytes"],
        "content-disposition": [f"attachment; filename={name}"],
        "content-length": [str(size)],
        "content-security-policy": [policy],
        "content-type": ["text/plain; charset=utf-8"],
        "last-modified": [""],  # the object's own, which the test fills in
        "vary": ["Origin"],
        "x-content-type-options": ["nosniff"],
        "x-xss-protection": ["1; mode=block"],
    }
    _etag_of(name, expected, bucket)
    _private(row, expected, bucket)
    _timed(row, expected, bucket)


def _separates_segments(row: Row) -> bool:
    """An escaped slash in the name of a file whose collection PocketBase looks up."""
    is_escaped = "%2f" in row.path.lower()
    return is_escaped and row.text == NO_COLLECTION.decode()


def _no_store(_: Row, expected: Expected, __: Bucket) -> None:
    expected.headers["cache-control"] = ["no-store"]


def _etag(row: Row, expected: Expected, bucket: Bucket) -> None:
    _etag_of(row.served, expected, bucket)


def _etag_of(served: str, expected: Expected, bucket: Bucket) -> None:
    expected.headers["etag"] = [bucket.get(served)["ETag"]]


def _private(row: Row, expected: Expected, _: Bucket) -> None:
    ends = row.token.get("exp")
    expected.headers["cache-control"] = [
        f"private, max-age={MONTH}" if ends else "private, no-cache"
    ]


def _smaller(row: Row, expected: Expected, bucket: Bucket) -> None:
    """Other bytes, of the same type and dimensions."""
    stored = bucket.get(row.served)
    assert stored["ContentType"] == dict(row.response_headers)["content-type"]
    with Image.open(io.BytesIO(stored["Bytes"])) as picture:
        assert picture.get_format_mimetype() == stored["ContentType"]
        width, height = re.match(r"([0-9]+)x([0-9]+)", row.served).groups()  # type: ignore[union-attr]
        assert int(width) in {0, picture.width}
        assert int(height) in {0, picture.height}
    recorded = int(dict(row.response_headers)["content-length"])
    size = len(stored["Bytes"])
    assert size <= recorded
    expected.headers["content-length"] = [str(size)]
    if row.method == "GET":
        expected.length = size
        expected.sha256 = hashlib.sha256(stored["Bytes"]).hexdigest()


def _one_line(_: Row, expected: Expected, __: Bucket) -> None:
    expected.headers["vary"] = [", ".join(expected.headers["vary"])]


def _timed(_: Row, expected: Expected, __: Bucket) -> None:
    expected.headers["server-timing"] = [MEASURED]


def _varies_by_accept(_: Row, expected: Expected, __: Bucket) -> None:
    expected.headers["vary"] = ["Accept, Origin"]


DEVIATIONS = (
    Deviation(
        "timing", lambda row: row.status in {200, 206, 304} and row.method != "OPTIONS", _timed
    ),
    Deviation("empty and dot segments", lambda row: row.status == 307, _as_it_stands),
    Deviation("errors are not kept", lambda row: row.status in {401, 404, 412, 416}, _no_store),
    Deviation(
        "tokens are not kept", lambda row: row.method == "POST" and row.status == 200, _no_store
    ),
    Deviation("entity tags", _is_file, _etag),
    Deviation("protected files are private", lambda row: row.is_protected, _private),
    Deviation("thumbs by `Accept`", lambda row: row.is_thumb, _varies_by_accept),
    Deviation("smaller thumbs", lambda row: row.is_thumb, _smaller),
    Deviation(
        "one `Vary` line",
        lambda row: [n for n, _ in row.response_headers].count("vary") > 1,
        _one_line,
    ),
    Deviation("unreadable request bodies", _has_unreadable_body, _not_found),
    Deviation("empty chunked bodies", _has_empty_chunk, _served),
    Deviation("escaped slashes", _separates_segments, _not_found),
)
