"""A small catalogue and bucket for each fault, served by the real parts with short timeouts."""

import base64
import io
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from PIL import Image

from files import build
from pocketfiles import aws, handle, tokens
from pocketfiles.audit_log import AuditLog
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.items import collection_item, record_items
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.http.messages import Reply, Request
from pocketfiles.issue import PATH, TokenService
from pocketfiles.storage import Storage
from tests.conftest import Cloud, create
from tests.fakes import FakeLog
from tests.pointer import put_pointer

TIMEOUTS = aws.Timeouts(connect=0.5, read=1.5, attempts=3)
PATIENT = aws.Timeouts(connect=60, read=60, attempts=TIMEOUTS.attempts)
"""For faults that the client need not wait for: no attempt ends because the machine is busy."""

BODY_SECONDS = 1.0
NAME, OTHER, PROTECTED = "photo_x.png", "text_x.txt", "secret_x.txt"
TEXT = bytes(range(256)) * 40
SIZE = "8x4"

USERS: dict[str, Any] = {
    "id": "users_id",
    "name": "users",
    "type": "auth",
    "viewRule": "",
    "authToken": {"secret": "a" * 30, "duration": 600},
    "fileToken": {"secret": "f" * 30, "duration": 180},
    "fields": [{"id": "f_name", "name": "name", "type": "text"}],
}
FILES: dict[str, Any] = {
    "id": "files_id",
    "name": "files",
    "type": "base",
    "viewRule": "owner.name = 'ann'",
    "fields": [
        {"id": "f_photo", "name": "photo", "type": "file", "thumbs": [SIZE]},
        {"id": "f_text", "name": "text", "type": "file"},
        {"id": "f_secret", "name": "secret", "type": "file", "protected": True},
        {"id": "f_owner", "name": "owner", "type": "relation", "collectionId": "users_id"},
    ],
}


@cache
def photo() -> bytes:
    """A PNG picture, too large for one packet."""
    made = io.BytesIO()
    Image.frombytes("RGB", (120, 60), random.Random(1).randbytes(120 * 60 * 3)).save(made, "PNG")
    return made.getvalue()


@dataclass(frozen=True)
class Response:
    """A client's response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class World:
    """One bucket and table, and the functions over them."""

    cloud: Cloud
    log: FakeLog = field(default_factory=FakeLog)
    audit: AuditLog | None = None
    timeouts: aws.Timeouts = TIMEOUTS
    headers_read: threading.Event = field(default_factory=threading.Event)
    """Set when the headers of an object have been read, and its body has not."""

    def __post_init__(self) -> None:
        self.collections = [Collection.from_json(raw, at) for at, raw in enumerate((USERS, FILES))]
        self.user = Record("users_id", "ann", {"id": "ann", "name": "ann", "tokenKey": "k" * 50})
        s3 = aws.client("s3", self.timeouts)
        s3.meta.events.register("before-parse.s3.GetObject", self._note_headers)
        dynamodb = aws.client("dynamodb", self.timeouts)
        storage = Storage(s3, self.cloud.bucket, aws.presigning_client, BODY_SECONDS)
        table = Table(dynamodb, self.cloud.table)
        self.files = build.file_service(Settings(table_name=self.cloud.table), table, storage)
        self.tokens = TokenService(Catalogue(table, 5, time.monotonic))

    def _note_headers(self, **_: Any) -> None:
        self.headers_read.set()

    @property
    def seeded(self) -> dict[str, bytes]:
        """The objects that exist before any request, by key."""
        folder = "files_id/rec/"
        return {f"{folder}{NAME}": photo(), f"{folder}{OTHER}": TEXT, f"{folder}{PROTECTED}": TEXT}

    @property
    def thumb_key(self) -> str:
        """The key of the picture's thumb."""
        return f"files_id/rec/thumbs_{NAME}/{SIZE}_{NAME}"

    def seed(self) -> None:
        """Make and fill the bucket and the table."""
        create(self.cloud)
        values = {"id": "rec", "photo": NAME, "text": OTHER, "secret": PROTECTED, "owner": "ann"}
        items = [collection_item(raw, at) for at, raw in enumerate((USERS, FILES))]
        items += record_items(self.collections[0], self.user)
        items += record_items(self.collections[1], Record("files_id", "rec", values))
        puts: Any = [{"PutRequest": {"Item": item}} for item in items]
        self.cloud.dynamodb.batch_write_item(RequestItems={self.cloud.table: puts})
        put_pointer(self.cloud)
        for key, body in self.seeded.items():
            kind = "image/png" if key.endswith("png") else "text/plain"
            self.cloud.s3.put_object(Bucket=self.cloud.bucket, Key=key, Body=body, ContentType=kind)

    def ask(self, method: str, name: str, query: str = "", **headers: str) -> Response:
        """Ask the files function for one of the files."""
        return self._ask(
            _event(method, f"/api/files/files/rec/{name}", query, headers), self.files.answer
        )

    def ask_token(self) -> Response:
        """Ask the tokens function for a token."""
        auth = tokens.issue(self.collections[0], self.user, "auth", time.time())
        return self._ask(_event("POST", PATH, "", {"authorization": auth}), self.tokens.issue)

    def _ask(self, event: dict[str, Any], answer: Any) -> Response:
        def route(request: Request) -> Reply:
            reply: Reply = answer(request, time.time())
            return reply

        audit = self.audit.write if self.audit else None
        given = handle.answer(event, route, self.log, lambda _: None, audit)
        body = base64.b64decode(given["body"])
        return Response(given["statusCode"], given["headers"], body)

    def stored(self) -> dict[str, str]:
        """The ETags of all objects in the bucket, by key."""
        listed = self.cloud.s3.list_objects_v2(Bucket=self.cloud.bucket).get("Contents", [])
        return {entry["Key"]: entry["ETag"] for entry in listed}


def new_world(shared: Cloud, timeouts: aws.Timeouts = TIMEOUTS) -> World:
    """The functions over a bucket and a table that ``seed`` makes. Not thread-safe."""
    own = replace(shared, bucket=f"bucket-{uuid.uuid4().hex}", table=f"table-{uuid.uuid4().hex}")
    return World(own, timeouts=timeouts)


def refusal_of(response: Response) -> str:
    """The message of a refusal."""
    message: str = json.loads(response.body)["message"]
    return message


def _event(method: str, path: str, query: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {"http": {"method": method, "sourceIp": "192.0.2.1"}},
    }
