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
MONTH = 2_592_000
MEASURED = "measured"
"""In place of a ``Server-Timing``, which is never the same twice."""


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
        parts = parse_qs(self.path.partition("?")[2]).get("token", [""])[0].split(".")
        if len(parts) != 3:
            return {}
        found: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        )
        return found


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
    body = b"" if row.method == "HEAD" else NOT_FOUND
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
    """No redirect to another path: OPTIONS is answered on any path, the rest is not found."""
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
    return bool(row.body) and (row.status == 500 or is_multipart) and row.method == "GET"


def _no_store(_: Row, expected: Expected, __: Bucket) -> None:
    expected.headers["cache-control"] = ["no-store"]


def _etag(row: Row, expected: Expected, bucket: Bucket) -> None:
    expected.headers["etag"] = [bucket.get(row.served)["ETag"]]


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
)
