"""A running PocketBase: raw requests, its JSON API for a superuser, file tokens of its records."""

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt

SECONDS = 60
"""How long one answer may take."""

HOST = "files.test"
"""The host that every recorded request names."""

FAR = 4_070_908_800
"""When recorded tokens end: the first second of 2099."""


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case, in the order of the wire."""

    status: int
    headers: list[list[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The last value of a header."""
        return next((value for key, value in reversed(self.headers) if key == name), None)


class PocketBase:
    """PocketBase at ``url``, started on the data directory ``data``."""

    def __init__(self, url: str, data: Path) -> None:
        self._address = urlsplit(url)
        self._data = data
        self._superuser = ""

    def log_in(self, email: str, password: str) -> None:
        """Be this superuser in all further calls of the JSON API."""
        path = "/api/collections/_superusers/auth-with-password"
        answer = self.api("POST", path, {"identity": email, "password": password})
        if answer.status != 200:
            raise SystemExit(f"PocketBase does not know the superuser {email}")
        self._superuser = json.loads(answer.body)["token"]

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, raw: bool
    ) -> Answer:
        """One request, its path as written. ``raw``: the body goes out without a length."""
        sent = {"Host": HOST, "Connection": "close", **headers}
        if body and not raw:
            sent.setdefault("Content-Length", str(len(body)))
        host, port = self._address.hostname or "", self._address.port
        with closing(HTTPConnection(host, port, timeout=SECONDS)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(body or None)
            response = connection.getresponse()
            received = [[name.lower(), value] for name, value in response.getheaders()]
            return Answer(response.status, received, response.read())

    def api(self, method: str, path: str, data: object = None) -> Answer:
        """One call of the JSON API as the superuser."""
        headers = {"Content-Type": "application/json", "Authorization": self._superuser}
        return self.ask(method, path, headers, json.dumps(data).encode(), raw=False)

    def upload(self, path: str, files: Sequence[tuple[str, str, bytes]]) -> dict[str, Any]:
        """Make a record of files: field, name and bytes of each. Returns the record."""
        boundary = uuid.uuid4().hex
        body = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{field}"; filename="{name}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
            for field, name, content in files
        )
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Authorization": self._superuser,
        }
        ended = body + f"--{boundary}--\r\n".encode()
        answer = self.ask("POST", path, headers, ended, raw=False)
        if answer.status != 200:
            raise SystemExit(f"PocketBase refuses {path}: {answer.body.decode()}")
        record: dict[str, Any] = json.loads(answer.body)
        return record

    def file_token(self, collection: str, record: str) -> str:
        """A file token of an auth record that ends in 2099 (pocketbase.md §2.2, §2.3)."""
        select = "SELECT id, options FROM _collections WHERE name = ?"
        ((collection_id, options),) = self.rows(select, collection)
        ((key,),) = self.rows(f'SELECT tokenKey FROM "{collection}" WHERE id = ?', record)
        claims = {"collectionId": collection_id, "exp": FAR, "id": record, "type": "file"}
        secret: str = json.loads(options)["fileToken"]["secret"]
        return jwt.encode(claims, key + secret, algorithm="HS256")

    def rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Rows of PocketBase's own database, read only."""
        uri = f"file:{self._data / 'data.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def sidecar(self, collection: str, record: str, name: str) -> dict[str, Any]:
        """What PocketBase wrote beside a file on the local disk (pocketbase.md §6.3)."""
        ((collection_id,),) = self.rows("SELECT id FROM _collections WHERE name = ?", collection)
        path = self._data / "storage" / collection_id / record / f"{name}.attrs"
        attributes: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return attributes
