"""What the page shows, as values that become JSON. Each is of one moment, and nothing is written.

No secret, no password hash and no token key is in them; a file token only where it is asked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from pocketfiles import __version__, locate, tokens
from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.errors import NotFound, TokenNotIssued
from pocketfiles.http.messages import Request
from pocketfiles.http.query import parse_query

from .. import rule_findings
from ..explain import Explainer, Step
from . import gallery
from .gallery import Search, View
from .objects import Objects

USERS_SHOWN = 100


class Unknown(Exception):
    """The view asks for something that is not there; the text names it."""


class Requests(Protocol):
    """The last requests, where they are known."""

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests with a number above ``after``, the oldest first."""


@dataclass(frozen=True)
class Views:
    """The views of one table and bucket."""

    table: Table
    objects: Objects
    title: str
    """What is shown: ``local`` or the stack's name."""

    base: str
    """The origin that serves the files; empty for the page's own."""

    requests: Requests | None = None
    clock: Callable[[], float] = time.time

    def view(self, name: str, query: Mapping[str, str]) -> View:
        """One view by its name. Raises ``Unknown``, or a ``Refusal`` when AWS does not answer."""
        views: Mapping[str, Callable[[Mapping[str, str]], View]] = {
            "overview": self._overview,
            "files": self._files,
            "file": self._file,
            "token": self._token,
            "explain": self._explain,
            "requests": self._requests,
        }
        if name not in views:
            raise Unknown(f"there is no view {name}")
        return views[name](query)

    def _overview(self, query: Mapping[str, str]) -> View:
        snapshot = snapshot_of(self.table)
        collections = snapshot.collections
        return {
            "title": self.title,
            "base": self.base,
            "version": __version__,
            "collections": [_collection(each) for each in collections],
            "users": list(islice(_users(snapshot), USERS_SHOWN)),
            "broken": [
                {"collection": each.name, "rule": each.view_rule, "reason": reason}
                for each, reason in rule_findings.broken(collections)
            ],
            "undecided": [
                {"collection": each.name, "fields": fields, "locked": each.view_rule is None}
                for each, fields in rule_findings.undecided(collections)
            ],
            "unprotected": [
                {"collection": each.name, "fields": fields, "rule": each.view_rule}
                for each, fields in rule_findings.unprotected(collections)
            ],
            "requests": self.requests is not None,
        }

    def _files(self, query: Mapping[str, str]) -> View:
        """A page of those files of a collection that ``find`` finds, from the record after
        ``after``."""
        snapshot = snapshot_of(self.table)
        collection = _find(snapshot, query.get("collection", ""))
        reader = self.table.at(snapshot.pointer, snapshot.collections)
        search = Search(query.get("find", "").strip())
        return gallery.page_of(collection, snapshot, reader, search, query.get("after", ""))

    def _file(self, query: Mapping[str, str]) -> View:
        """A file: its field, its original, and the thumbs that are stored."""
        snapshot = snapshot_of(self.table)
        collection = _find(snapshot, query.get("collection", ""))
        record = snapshot.record(collection, query.get("record", ""))
        if record is None:
            raise Unknown("there is no such record")
        name = query.get("name", "")
        try:
            field = locate.find_field(collection, record, name)
            key = locate.Located(collection, record, field, name).key
        except NotFound as error:
            raise Unknown(error.reason) from error
        return {
            **gallery.file_value(collection, record, field, name),
            "rule": collection.view_rule,
            "key": key,
            "original": self.objects.original(key),
            "stored": self.objects.thumbs(key),
            "sizes": [locate.ALWAYS_ALLOWED, *field.thumbs],
        }

    def _token(self, query: Mapping[str, str]) -> View:
        """A file token for a user, as that user's client would fetch it."""
        snapshot = snapshot_of(self.table)
        collection, record = _owner(snapshot, query.get("user", ""))
        try:
            token = tokens.issue(collection, record, "file", self.clock())
        except TokenNotIssued as error:
            raise Unknown(f"no token: {error.reason}") from error
        return {"token": token, "seconds": collection.file_token.duration}

    def _explain(self, query: Mapping[str, str]) -> View:
        """Why a URL is served or refused, step by step."""
        snapshot = snapshot_of(self.table)
        now = self.clock()
        try:
            url = urlsplit(query.get("url", ""))
        except ValueError as error:
            raise Unknown(f"this is no URL: {error}") from error
        parameters = dict(parse_query(url.query))
        if query.get("user"):
            collection, record = _owner(snapshot, query["user"])
            parameters["token"] = tokens.issue(collection, record, "file", now)
        request = Request("GET", unquote(url.path), parameters, {}, query.get("address", ""))
        access = Access(Settings.rules)
        explainer = Explainer(snapshot, access, lambda key: self.objects.original(key) is not None)
        steps, refusal = explainer.explain(request, now)
        return {
            "steps": list(_steps(steps)),
            "status": refusal.status if refusal else 200,
            "reason": refusal.reason if refusal else "",
        }

    def _requests(self, query: Mapping[str, str]) -> View:
        """The last requests after a number."""
        if self.requests is None:
            raise Unknown("the requests of a stack are in its log: make logs")
        try:
            after = int(query.get("after", "0"))
        except ValueError as error:
            raise Unknown("after is the number of a request") from error
        return {"requests": self.requests.entries(after)}


def _collection(collection: Collection) -> View:
    return {
        "id": collection.id,
        "name": collection.name,
        "type": collection.type,
        "rule": collection.view_rule,
        "fields": [
            {"name": field.name, "protected": field.protected, "thumbs": list(field.thumbs)}
            for field in collection.file_fields
        ],
    }


def _users(snapshot: Snapshot) -> Iterator[View]:
    """Those who can have tokens, superusers last; a name that helps to choose, never a secret."""
    collections = [each for each in snapshot.collections if each.type == "auth"]
    collections.sort(key=lambda each: each.is_superusers)
    for collection in collections:
        records = snapshot.reader.all(collection.id, USERS_SHOWN)
        for record in islice(records, USERS_SHOWN):
            if not record.token_key:
                continue
            label = record.values.get("name") or record.values.get("email") or record.id
            yield {"user": f"{collection.name}/{record.id}", "label": str(label)}


def _find(snapshot: Snapshot, name: str) -> Collection:
    collection = snapshot.collections.find(name)
    if collection is None:
        raise Unknown(f"there is no collection {name}")
    return collection


def _owner(snapshot: Snapshot, user: str) -> tuple[Collection, Record]:
    collection, _, record_id = user.partition("/")
    owner = snapshot.owner(collection, record_id)
    if owner is None or owner[0].type != "auth":
        raise Unknown(f"there is no auth record {user}")
    return owner


def _steps(steps: list[Step]) -> Iterator[View]:
    """The steps; the comparisons of a rule join the step of the rule, each with its outcome."""
    shown: list[View] = []
    for label, text in steps:
        if label or not shown:
            shown.append({"label": label, "text": text, "comparisons": []})
        else:
            shown[-1]["comparisons"] += [_comparison(line) for line in text.splitlines()]
    yield from shown


def _comparison(line: str) -> View:
    outcome, _, text = line.partition("  ")
    if outcome in {"true", "false", "NULL", "-"}:
        return {"outcome": outcome, "text": text.strip()}
    return {"outcome": "", "text": line}
