"""A server that plays PocketBase's recorded answers over the demo data.

A request that was recorded gets its recorded status and headers. One that was not (another user,
another file) gets those of a recorded request of its kind. Bodies are the demo's files, their
parts, and the recorded pixels of thumbs.
"""

import base64
import hashlib
import io
import json
import sqlite3
from contextlib import closing
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image, ImageOps

from local.gateway import Answer, Request
from pocketfiles.http import headers
from pocketfiles.thumbs import geometry
from pocketfiles.thumbs.size import parse
from tests.conftest import DEMO, ROOT

CONTRACT = ROOT / "tests" / "contract"
SUPERUSERS = "pbc_3142635823"
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF"}

Headers = dict[str, str]


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CONTRACT / name).read_text("utf-8").splitlines()]


class Recorded:
    """An ``Application`` that answers as PocketBase did."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._by_request = {}
        for row in rows("http.jsonl"):
            if set(row["headers"]) <= {"Range"}:
                path, owner = without_token(row["path"])
                key = (row["method"], path, owner, row["headers"].get("Range", ""))
                self._by_request.setdefault(key, row)
        names = ("collection", "record", "filename", "thumb")
        self._thumbs = {tuple(row[name] for name in names): row for row in rows("thumbs.jsonl")}
        self._file = self._by_request[
            "GET", "/api/files/photos/photo0000000002/plain_xgkn137ee5.txt", "", ""
        ]
        self._missing = next(
            row for row in rows("http.jsonl") if row["status"] == 404 and "/photos/" in row["path"]
        )
        self._beyond = next(row for row in rows("http.jsonl") if row["status"] == 416)

    def __call__(self, request: Request) -> Answer:
        self.requests.append(request)
        path, owner = without_token(request.target)
        wanted = dict(request.headers).get("Range", "")
        answer = self._answer(request.method, path, owner, wanted)
        if request.method == "HEAD":
            return Answer(answer.status, answer.headers, b"")
        return answer

    def _answer(self, method: str, path: str, owner: str, wanted: str) -> Answer:
        if method == "POST":
            return answer_of(200, {"content-type": "application/json"}, b'{"token":"a.new.one"}')
        row = self._by_request.get((method, path, owner, wanted))
        file = self._located(path, owner)
        if (row and row["status"] == 404) or file is None:
            missing = row if row and row["status"] == 404 else self._missing
            return answer_of(404, dict(missing["response_headers"]), missing["text"].encode())
        status, found, body = self._served(path, *file)
        if row and row["status"] == 200 and row["length"] == len(body):
            assert hashlib.sha256(body).hexdigest() == row["sha256"]
            found = {**found, **dict(row["response_headers"])}
        if wanted:
            status, found, body = self._part(wanted, found, body)
        return answer_of(status, found, body)

    def _served(self, path: str, key: str, content_type: str) -> tuple[int, Headers, bytes]:
        collection, record, name = path.partition("?")[0].split("/")[3:]
        query = parse_qs(path.partition("?")[2])
        body = (DEMO / "storage" / key).read_bytes()
        size = query.get("thumb", [""])[0]
        thumb = self._thumbs.get((collection, record, name, size))
        row = self._by_request.get(("GET", path.partition("?")[0], "", ""))
        if row and row["status"] == 200:
            found = dict(row["response_headers"])
        else:
            found = dict(self._file["response_headers"])
            found["content-type"] = headers.content_type(name, content_type)
            found["content-disposition"] = headers.disposition(name, content_type, download=False)
        if query.get("download"):
            found["content-disposition"] = f"attachment; filename={name}"
        if thumb and not thumb["original_served"]:
            found["content-type"] = thumb["content_type"]
            found["content-disposition"] = thumb["content_disposition"]
            body = self._pixels(thumb, body)
        elif self._is_thumb(name, size):
            kind = "image/png" if content_type == "image/webp" else content_type
            found["content-type"] = kind
            found["content-disposition"] = f"inline; filename={size}_{name}"
            body = self._pixels({"thumb": size, "content_type": kind}, body)
        return 200, found, body

    def _is_thumb(self, name: str, size: str) -> bool:
        """Whether PocketBase makes thumbs of a file, and the size is always allowed."""
        made = {row["filename"] for row in self._thumbs.values() if not row["original_served"]}
        return size == "100x100" and name in made

    def _pixels(self, thumb: dict[str, Any], original: bytes) -> bytes:
        """A thumb's recorded pixels; where none were recorded, the original resized plainly."""
        if "pixels" in thumb:
            picture = Image.open(CONTRACT / "thumb_pixels" / thumb["pixels"])
        else:
            picture = plainly_resized(original, thumb["thumb"])
        format_ = FORMATS[thumb["content_type"]]
        written = io.BytesIO()
        picture.convert("RGB" if format_ == "JPEG" else "RGBA").save(written, format_)
        return written.getvalue()

    def _part(self, wanted: str, found: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        first, last = wanted.removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last) + 1, len(body)) if first and last else len(body)
        if not body:
            return 200, found, body
        if start >= len(body):
            beyond = dict(self._beyond["response_headers"])
            text = self._beyond["text"].encode()
            kept = ("cache-control", "content-disposition", "last-modified")
            sent = {**beyond, **{name: found[name] for name in kept if name in beyond}}
            return 416, {**sent, "content-range": f"bytes */{len(body)}"}, text
        sent = {**found, "content-range": f"bytes {start}-{end - 1}/{len(body)}"}
        return 206, sent, body[start:end]

    def _located(self, path: str, owner: str) -> tuple[str, str] | None:
        """The file's key and type, unless there is none or the owner may not see it."""
        parts = [unquote(part) for part in path.partition("?")[0].split("/")[3:]]
        if len(parts) != 3:
            return None
        folder, protected = self._files.get((parts[0], parts[1], parts[2]), ("", False))
        if not folder or (protected and not self._may_see(parts[0], parts[1], owner)):
            return None
        key = f"{folder}/{parts[2]}"
        sidecar = DEMO / "storage" / f"{key}.attrs"
        return key, json.loads(sidecar.read_text())["user.content_type"]

    def _rows(self, query: str, *values: str) -> list[Any]:
        uri = f"{(DEMO / 'data.db').as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return database.execute(query, values).fetchall()

    @cached_property
    def _files(self) -> dict[tuple[str, str, str], tuple[str, bool]]:
        """Folder in storage and protection, by collection, record and name."""
        found: dict[tuple[str, str, str], tuple[str, bool]] = {}
        collections = self._rows("SELECT id, name, type, fields FROM _collections")
        for collection_id, name, kind, fields in collections:
            of_files = [each for each in json.loads(fields) if each["type"] == "file"]
            for field in of_files:
                query = f'SELECT id, "{field["name"]}" FROM "{name}"'
                for record, value in self._rows(query):
                    names = json.loads(value) if value.startswith("[") else [value]
                    owner = "pbc_3332084752" if kind == "view" else collection_id
                    for each in filter(None, names):
                        place = (f"{owner}/{record}", bool(field.get("protected")))
                        found.setdefault((name, record, each), place)
        return found

    def _may_see(self, collection: str, record: str, owner: str) -> bool:
        if owner.startswith(f"{SUPERUSERS}/") or collection == "open_papers":
            return True
        if collection == "locked_papers":
            return False
        user = owner.partition("/")[2]
        query = "SELECT owner, shared_with FROM documents WHERE id = ?"
        (row,) = self._rows(query, record)
        if collection == "document_files":
            return bool(row[0] == user)
        return bool(user) and (row[0] == user or user in row[1])


def without_token(target: str) -> tuple[str, str]:
    """The path without its token, and whose the token says it is: ``collection/record``."""
    url = urlsplit(target)
    pairs = [pair for pair in url.query.split("&") if pair]
    token = next((pair[6:] for pair in pairs if pair.startswith("token=")), "")
    query = "&".join(pair for pair in pairs if not pair.startswith("token="))
    path = f"{url.path}?{query}" if query else url.path
    parts = token.split(".")
    if len(parts) != 3:
        return path, token and "?"
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return path, "?"
    return path, f"{claims.get('collectionId')}/{claims.get('id')}"


def plainly_resized(original: bytes, size: str) -> Image.Image:
    """A thumb by a full decode and Pillow's filter."""
    whole = Image.open(io.BytesIO(original))
    if whole.format == "JPEG":
        whole = ImageOps.exif_transpose(whole)
    if whole.mode.startswith("I"):
        whole = whole.point(lambda value: value / 256).convert("L")
    picture = whole.convert("RGBA" if whole.has_transparency_data else "RGB")
    steps = geometry.plan(*picture.size, parse(size))
    picture = picture.crop(steps.crop) if steps.crop else picture
    picture = picture.resize(steps.resize, Image.Resampling.BILINEAR) if steps.resize else picture
    return picture.crop(steps.trim) if steps.trim else picture


def answer_of(status: int, headers: Headers, body: bytes) -> Answer:
    lines = {**headers, "content-length": str(len(body))}
    return Answer(status, tuple(lines.items()), body)
