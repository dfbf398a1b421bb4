"""Says step by step why a URL is served or refused, as the functions decide it.

A client gets the same answer for every denial; the steps here tell them apart. They call what
``serve`` calls, in the same order. They never show a token, a secret or a value of a record.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pocketfiles import identity, locate
from pocketfiles.access import Access, AccessRequest
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Field
from pocketfiles.config import RuleLimits
from pocketfiles.errors import Forbidden, NotFound, Refusal, RuleError, UnknownCollection
from pocketfiles.http.messages import Request
from pocketfiles.locate import Located
from pocketfiles.rules import evaluate
from pocketfiles.tokens import Identity

Step: TypeAlias = tuple[str, str]
"""What was checked, and the result; the result may have several lines."""

_ANSWERS = (NotFound, UnknownCollection, Forbidden)
_CHOOSING = ("thumb", "download")
_OUTCOMES = {True: "true", False: "false", None: "NULL"}


@dataclass(frozen=True)
class Explainer:
    """Explains requests.

    ``stored`` tells whether the bucket has a key; it is ``None`` when no bucket was named.
    """

    snapshot: Snapshot
    access: Access
    stored: Callable[[str], bool] | None = None

    def explain(self, request: Request, now: float) -> tuple[list[Step], Refusal | None]:
        """Return the steps and, if the request is refused, the refusal.

        Raises other refusals, such as ``Overloaded``, that are no decision about the request.
        """
        steps: list[Step] = []
        try:
            for step in self._steps(request, now):
                steps.append(step)
        except _ANSWERS as refusal:
            return steps, refusal
        return steps, None

    def _steps(self, request: Request, now: float) -> Iterator[Step]:
        yield "request", _request(request)
        try:
            collection_name, record_id, name = locate.parts(request)
        except NotFound:
            yield "path", "not a file's, which is /api/files/COLLECTION/RECORD/FILE"
            raise
        yield "path", f"collection {collection_name!r}, record {record_id!r}, file {name!r}"
        identity.refuse_foreign_superuser(request, self.snapshot, now)
        collection = locate.find_collection(self.snapshot, collection_name)
        yield "collection", f"{collection.name} ({collection.id}), of type {collection.type}"
        record = locate.find_record(self.snapshot, collection, record_id)
        yield "record", "is there"
        field = locate.find_field(collection, record, name)
        yield "field", field.name
        yield "thumb", _thumb(request, field)
        located = Located(collection, record, field, name)
        if field.protected:
            yield "protected", "yes"
            yield from self._protection(request, located, now)
        else:
            yield "protected", "no: open to everybody, neither token nor view rule count"
        yield from self._object(located)

    def _protection(self, request: Request, located: Located, now: float) -> Iterator[Step]:
        owner, bad_token = identity.token_owner(request, self.snapshot, now)
        if owner is not None:
            yield "token", _owner(owner)
        else:
            problem = f"not valid: {bad_token};" if bad_token else "none:"
            yield "token", f"{problem} a guest's request"
        if "authorization" in request.headers:
            yield "header", "Authorization opens no file; ?token= does"
        if self.snapshot.settings.superuser_ips:
            yield (
                "address",
                f"{request.address or 'unknown'}; superusers may come from listed addresses alone",
            )
        asked = AccessRequest(
            self.snapshot, located.collection, located.record, owner, request, now, bad_token
        )
        yield from self._rule(asked)
        self.access.check(asked)

    def _rule(self, asked: AccessRequest) -> Iterator[Step]:
        rule = asked.collection.view_rule
        if asked.identity is not None and asked.identity.is_superuser:
            yield "view rule", "not asked: a superuser sees every record"
        elif rule is None:
            yield "view rule", "locked: superusers alone"
        elif not rule:
            yield "view rule", "empty: open to everybody"
        else:
            yield "view rule", rule
            try:
                found = self.access.explain(asked)
            except RuleError as error:
                yield "", f"cannot be evaluated: {error.reason}"
            else:
                yield "", "\n".join(map(_compared, found.steps))
                yield "work", _work(found.work, self.access.limits)

    def _object(self, located: Located) -> Iterator[Step]:
        if located.collection.type == "view":
            yield "source", self._source(located)
        key = located.key
        if self.stored is None:
            yield "object", f"{key}; whether it is there was not looked at"
            return
        yield "object", key
        if not self.stored(key):
            raise NotFound("the object is missing")

    def _source(self, located: Located) -> str:
        """The record that a view's file comes from."""
        source = located.record.sources.get(located.name)
        if source is None:
            return "no record holds this file"
        collection = self.snapshot.collections.find(source.collection_id)
        name = collection.name if collection else "a collection that is gone"
        return f"{name}, record {source.record_id}"


def _request(request: Request) -> str:
    """The request line, with the parameters that choose what is sent: no other may be shown."""
    chosen = {name: request.query[name] for name in _CHOOSING if name in request.query}
    parameters = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
    with_parameters = f" with {parameters}" if chosen else ""
    return f"{request.method} {request.path!r}{with_parameters}"


def _thumb(request: Request, field: Field) -> str:
    asked = request.query.get("thumb", "")
    if not asked:
        return "not asked for: the original"
    if locate.thumb_size(request, field):
        return f"{asked!r} is allowed: the thumb if the file is a picture, or the original"
    listed = ", ".join((locate.ALWAYS_ALLOWED, *field.thumbs))
    return f"{asked!r} is none of {listed}: the original"


def _owner(owner: Identity) -> str:
    until = "for ever"
    if owner.expires is not None:
        until = f"until {datetime.fromtimestamp(owner.expires, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"valid {until}, of {owner.collection.name}/{owner.record.id}"


def _work(work: evaluate.Work, limits: RuleLimits) -> str:
    return (
        f"{work.rows} of {limits.max_rows} records of one collection, "
        f"{work.bytes} of {limits.max_bytes} bytes, {work.steps} of {limits.max_steps} steps"
    )


def _compared(step: evaluate.Step) -> str:
    outcome = _OUTCOMES[step.outcome] if step.evaluated else "-"
    return f"{outcome:<5}  {' '.join(step.text.split())}"
