"""What a rule sees of the request (pocketbase.md §3.4, §7.2, §7.6)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pocketfiles.catalogue.model import Collection, Field, Record, listed
from pocketfiles.errors import RuleError
from pocketfiles.rules.values import Bound, json_text, number, text

PREFIX = "@request."
BODY = "@request.body."

MODIFIERS = frozenset({"isset", "each", "length", "lower", "changed"})
MULTI_TYPES = frozenset({"select", "file", "relation"})
"""Field types that can hold a list (§7.5)."""

_PLAIN_AUTH = frozenset(
    {"id", "collectionId", "collectionName", "email", "emailVisibility", "verified"}
)
_AREAS_WITHOUT_PARTS = frozenset({"context", "method"})
_MAX_INDEX_DIGITS = 9
_OF_A_FIELD = 2
"""Parts of ``body.FIELD`` and ``auth.FIELD``."""

_WORDS = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class RuleRequest:
    """The request a rule is asked about. ``headers`` are as received; ``auth`` is the file token's
    record, or ``None`` for a guest, and ``auth_collection`` the collection it is in."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    auth: Record | None = None
    auth_collection: Collection | None = None
    context: str = "protectedFile"

    @cached_property
    def areas(self) -> Mapping[str, Any]:
        """What ``@request.AREA`` reads, by area; ``Host`` is never among the headers (§3.4)."""
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            snake = "_".join(filter(None, _WORDS.split(name.lower())))
            if snake != "host":
                headers.setdefault(snake, value)
        return {
            "context": self.context,
            "method": self.method,
            "query": self.query,
            "headers": headers,
            "body": self.body,
            "auth": self._auth(),
        }

    def _auth(self) -> Mapping[str, Any] | None:
        if self.auth is None or self.auth_collection is None:
            return None
        values = self.auth.values
        return {
            "id": self.auth.id,
            "collectionId": self.auth.collection_id,
            "collectionName": self.auth_collection.name,
            "email": values.get("email") or "",
            "emailVisibility": bool(values.get("emailVisibility")),
            "verified": bool(values.get("verified")),
        }


@dataclass(frozen=True, slots=True)
class RequestValue:
    """One ``@request.…`` operand of one request.

    ``sql_shape`` alone decides the SQL, so that a translated rule serves every request of the same
    shapes: ``null``, ``true``, ``false``, ``empty`` (a bound ''), ``value`` (bound and not empty),
    ``record`` (read from the token's owner, or from the records whose ids the body holds),
    ``changed``, or digits (a list's length).
    """

    sql_shape: str
    value: Bound = None


NULL = RequestValue("null")


def split_modifier(part: str) -> tuple[str, str]:
    """``name:modifier`` as its two halves; a part with no colon, or with several, is a name as it
    stands."""
    name, colon, modifier = part.partition(":")
    if not colon or ":" in modifier:
        return part, ""
    if modifier not in MODIFIERS:
        raise RuleError(f"unknown modifier :{modifier}")
    return name, modifier


def request_values(
    names: Iterable[str], request: "RuleRequest", collection: Collection
) -> dict[str, RequestValue]:
    """All the ``@request`` operands that a rule mentions, and those that ``:changed`` stands for
    (§7.2)."""
    found = {}
    for name in names:
        found[name] = request_value(name, request, collection)
        if name.startswith(BODY) and name.endswith(":changed"):
            plain = name.removesuffix(":changed")
            for part in (plain, f"{plain}:isset"):
                found[part] = request_value(part, request, collection)
    return found


def request_value(name: str, request: RuleRequest, collection: Collection) -> RequestValue:
    """What ``@request.…`` is for this request, asked by a rule of ``collection``; raises
    ``RuleError`` for modifiers that do not fit (§7.2)."""
    path = name.removeprefix(PREFIX).split(".")
    if len(path) == 1 and path[0] not in _AREAS_WITHOUT_PARTS:
        raise RuleError(f"no such identifier: {name}")
    if path[0] == "auth":
        owner = request.areas["auth"]
        if owner is None:
            return NULL
        is_plain = len(path) == _OF_A_FIELD and path[1] in _PLAIN_AUTH
        if not is_plain:
            return RequestValue("record", owner["id"])
    if path[0] == "body":
        return _of_body(path, request, collection)
    return _plain(path, request, collection)


def _of_body(path: list[str], request: RuleRequest, collection: Collection) -> RequestValue:
    """``@request.body.…``, where a field of the collection gives the first key a meaning."""
    name, modifier = split_modifier(path[1])
    own = collection.field(name)
    if own is None:
        return _plain(path, request, collection)
    sent = request.body.get(name)
    if len(path) == _OF_A_FIELD and modifier in {"each", "length", "lower", "changed"}:
        return _modified(own, modifier, sent)
    if len(path) > _OF_A_FIELD and own.type == "relation":
        ids = _ids(sent)
        return RequestValue("record", json_text(ids)) if ids else NULL
    return _plain(path, request, collection)


def _modified(own: Field, modifier: str, sent: Any) -> RequestValue:
    """The value that was sent for a field, with a modifier behind its name."""
    if modifier == "changed":
        return RequestValue("changed")
    if modifier == "lower":
        lowered = text(sent)
        return RequestValue("value" if lowered else "empty", lowered)
    if own.type not in MULTI_TYPES:
        raise RuleError(f":{modifier} does not fit the field {own.name}")
    items = _items(sent)
    if modifier == "length":
        return RequestValue(str(len(items)))
    return RequestValue("value", json_text(items))


def _items(sent: Any) -> list[Any]:
    """A value of the body as a list: none for null, one for anything that is no list."""
    if sent is None:
        return []
    return sent if isinstance(sent, list) else [sent]


def _ids(sent: Any) -> list[str]:
    """The ids that a relation's value in the body names, each once."""
    if isinstance(sent, str):
        return list(listed(sent, multiple=True))
    ids = map(text, _items(sent))
    return list(dict.fromkeys(filter(None, ids)))


def _plain(path: list[str], request: RuleRequest, collection: Collection) -> RequestValue:
    """A value out of the request by its path; NULL when nothing lies there."""
    last, modifier = split_modifier(path[-1])
    if modifier not in ("", "isset", "lower"):
        raise RuleError(f":{modifier} does not fit @request.{path[0]}")
    found, value = _find(request.areas, [*path[:-1], last])
    if modifier == "isset":
        return RequestValue("true" if found else "false")
    bound = _bindable(value)
    own = collection.field(last)
    if isinstance(bound, str) and own is not None and own.type == "number":
        as_number = number(bound)
        if as_number is not None:
            bound = as_number
    if bound is None:
        return NULL
    return RequestValue("empty" if bound == "" else "value", bound)


def _find(value: Any, path: list[str]) -> tuple[bool, Any]:
    """Whether something lies at a path of keys and list indices, and what."""
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and _is_index(part, len(value)):
            value = value[int(part)]
        else:
            return False, None
    return True, value


def _is_index(part: str, length: int) -> bool:
    """Whether a part of a path is an index of a list of that length."""
    is_number = part.isdecimal() and len(part) <= _MAX_INDEX_DIGITS
    return is_number and int(part) < length


def _bindable(value: Any) -> Bound:
    """Texts and booleans stay, numbers become floats, lists and objects JSON text (§7.2)."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    return json_text(value)
