"""The clients' own password login, for the runner alone: ``--login``.

PocketBase logs users in; a stack of PocketFiles does not. So that the official clients can be tried
here unchanged, this answers two of PocketBase's routes (pocketbase.md §2.1)::

    POST /api/collections/{auth collection}/auth-with-password   {"identity": …, "password": …}
    POST /api/collections/{auth collection}/auth-refresh         with the auth token

A password is checked against the hash in the data. The demo data's passwords are nobody's, so with
it any password will do. Requests from pages of other machines are refused.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import bcrypt

from admin.console import origins
from local.gateway import Answer, Request
from pocketfiles import tokens
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field, Record

PREFIX = "/api/collections/"
MAX_USERS = 100_000
MAX_BCRYPT_BYTES = 72
"""bcrypt ignores what follows in a password; PocketBase refuses longer ones."""

_HIDDEN_TYPES = {"password"}


@dataclass(frozen=True)
class Login:
    """Answers login requests. ``any_password``: the data is the demo data."""

    snapshot: Callable[[], Snapshot]
    any_password: bool

    def answer(self, request: Request) -> Answer | None:
        """The answer to a login request; ``None`` for every other request."""
        path = unquote(request.target.partition("?")[0])
        name, _, action = path.removeprefix(PREFIX).partition("/")
        if request.method != "POST" or not path.startswith(PREFIX):
            return None
        headers = {key.lower(): value for key, value in request.headers}
        if action == "auth-with-password":
            found = self._with_password(name, _form(request, headers))
        elif action == "auth-refresh":
            found = self._with_token(name, headers.get("authorization", ""))
        else:
            return None
        if not origins.is_local(headers):
            return _json(403, _error(403, "Only pages of this machine can log in here."), headers)
        return self._answered(found, action, headers)

    def _answered(
        self, found: tuple[Collection, Record] | None, action: str, headers: Mapping[str, str]
    ) -> Answer:
        if found is None and action == "auth-refresh":
            message = "The request requires valid record authorization token."
            return _json(401, _error(401, message), headers)
        if found is None:
            return _json(400, _error(400, "Failed to authenticate."), headers)
        token = tokens.issue(*found, "auth", time.time())
        return _json(200, {"record": record_json(*found), "token": token}, headers)

    def _with_password(
        self, name: str, form: Mapping[str, Any]
    ) -> tuple[Collection, Record] | None:
        snapshot = self.snapshot()
        collection = snapshot.collections.find(name)
        identity = str(form.get("identity") or "")
        if collection is None or collection.type != "auth" or not identity:
            return None
        for record in snapshot.reader.all(collection.id, MAX_USERS):
            if _is_called(record, identity):
                password = str(form.get("password") or "")
                is_right = self.any_password or _matches(password, record.values.get("password"))
                return (collection, record) if is_right else None
        return None

    def _with_token(self, name: str, token: str) -> tuple[Collection, Record] | None:
        snapshot = self.snapshot()
        try:
            identity = tokens.verify(
                token.removeprefix("Bearer "), "auth", snapshot.owner, time.time()
            )
        except tokens.BadToken:
            return None
        asked = snapshot.collections.find(name)
        is_asked = asked is not None and asked.id == identity.collection.id
        return (identity.collection, identity.record) if is_asked else None


def record_json(collection: Collection, record: Record) -> dict[str, Any]:
    """A record as PocketBase sends it to its owner: without its hidden fields."""
    shown = {
        field.name: _value(record, field)
        for field in collection.fields
        if not field.hidden and field.type not in _HIDDEN_TYPES
    }
    return {
        "collectionId": collection.id,
        "collectionName": collection.name,
        **shown,
        "id": record.id,
    }


def _value(record: Record, field: Field) -> Any:
    raw = record.values.get(field.name)
    if field.multiple:
        return list(record.names(field))
    if field.type == "bool":
        return bool(raw)
    if field.type in {"json", "geoPoint"}:
        try:
            return json.loads(str(raw))
        except (ValueError, RecursionError):
            return None
    return "" if raw is None else raw


def _is_called(record: Record, identity: str) -> bool:
    for name in ("email", "username"):
        value = str(record.values.get(name) or "")
        if value and value.casefold() == identity.casefold():
            return True
    return False


def _matches(password: str, stored: object) -> bool:
    given = password.encode()
    if len(given) > MAX_BCRYPT_BYTES:
        return False
    try:
        return bcrypt.checkpw(given, str(stored).encode())
    except ValueError:  # no bcrypt hash: nobody can log in
        return False


def _form(request: Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The fields of a JSON or form body."""
    text = request.body.decode("utf-8", "replace")
    if "json" not in headers.get("content-type", "json"):
        return {name: values[0] for name, values in parse_qs(text).items()}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error(status: int, message: str) -> dict[str, Any]:
    return {"data": {}, "message": message, "status": status}


def _json(status: int, value: Any, headers: Mapping[str, str]) -> Answer:
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    sent = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if "origin" in headers and origins.is_local(headers):
        sent += [("Access-Control-Allow-Origin", headers["origin"]), ("Vary", "Origin")]
    return Answer(status, tuple(sent), body)
