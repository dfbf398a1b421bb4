"""Collections from PocketBase's export file: reading, checking, and what they change.

An export holds no token secrets (pocketbase.md §8.1). Secrets in the table are kept, missing ones
are made.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.model import Collection, Collections, Field, Record, Value, listed
from pocketfiles.errors import RuleError
from pocketfiles.rules import evaluate

from ..errors import AdminError
from ..source.pocketbase import SourceCollection
from .naming import Letters

SECRET_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"  # noqa: S105
SECRET_LENGTH = 50

# pocketbase.md §2.5
_DURATIONS = {"authToken": 432_000, "fileToken": 180}
_NAME = re.compile(r"[A-Za-z0-9_]+")
_TYPES = {"auth", "base", "view"}


def read(path: Path) -> list[dict[str, Any]]:
    """Read the collections of an export file. Raises ``AdminError``."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AdminError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AdminError(f"{path} is not JSON: {error}") from error
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise AdminError(f"{path} is no export of collections: a JSON array of objects is expected")
    for each in raw:
        _check(each)
    for key in ("id", "name"):
        values = [str(each[key]).casefold() if key == "name" else each[key] for each in raw]
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice:
            raise AdminError(f"{path} has two collections with the {key} {twice}")
    _check_rules(raw)
    return raw


def _check(raw: Mapping[str, Any]) -> None:
    label = raw.get("name") or raw.get("id") or "?"
    for key in ("id", "name"):
        if not isinstance(raw.get(key), str) or not _NAME.fullmatch(raw[key]):
            raise AdminError(f"collection {label}: its {key} must be letters, digits and _")
    if raw.get("type") not in _TYPES:
        raise AdminError(f"collection {label}: its type must be one of {', '.join(sorted(_TYPES))}")
    try:
        Collection.from_json(raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AdminError(
            f"collection {label} cannot be read ({type(error).__name__}: {error})"
        ) from error


def _check_rules(raw: list[dict[str, Any]]) -> None:
    """Refuse a view rule that PocketBase would not save, with the reason."""
    collections = Collections(map(Collection.from_json, raw, range(len(raw))))
    for each in collections:
        try:
            if each.view_rule:
                evaluate.check(each.view_rule, each, collections)
        except RuleError as error:
            raise AdminError(f"collection {each.name}: viewRule: {error.reason}") from error


def merged(
    raw: list[dict[str, Any]], known: Mapping[str, Item], letters: Letters
) -> list[SourceCollection]:
    """Add secrets and positions to the collections; ``known`` are the table's items by collection
    id.
    """
    last = max((int(item["position"]["N"]) for item in known.values()), default=0)
    found = []
    for each in raw:
        item = known.get(each["id"])
        last += item is None
        position = int(item["position"]["N"]) if item else last
        whole = _with_secrets(each, json.loads(item["data"]["S"]) if item else {}, letters)
        found.append(SourceCollection(whole, Collection.from_json(whole, position)))
    return found


def _with_secrets(
    raw: dict[str, Any], known: Mapping[str, Any], letters: Letters
) -> dict[str, Any]:
    if raw["type"] != "auth":
        return raw
    tokens = {}
    for name, duration in _DURATIONS.items():
        given, kept = raw.get(name) or {}, known.get(name) or {}
        secret = given.get("secret") or kept.get("secret") or letters(SECRET_LETTERS, SECRET_LENGTH)
        tokens[name] = {"duration": given.get("duration") or duration, "secret": secret}
    return {**raw, **tokens}


def changes(old: Collection | None, new: Collection) -> str:
    """Describe what changes in a collection, in one line; empty when nothing does."""
    if old is None:
        return f"create collection {new.name} ({new.type}, {len(new.fields)} fields)"
    before, after = ({field.id: field for field in each.fields} for each in (old, new))
    parts = [f"renamed from {old.name}"] if old.name != new.name else []
    for attribute in ("type", "view_rule", "view_query", "indexes", "auth_token", "file_token"):
        if getattr(old, attribute) != getattr(new, attribute):
            parts.append(attribute.replace("_", " "))
    parts += [f"field +{after[key].name}" for key in after.keys() - before.keys()]
    parts += [f"field -{before[key].name}" for key in before.keys() - after.keys()]
    parts += [
        f"field {after[key].name}"
        for key in after.keys() & before.keys()
        if after[key] != before[key]
    ]
    if not parts and old.fields != new.fields:
        parts = ["order of fields"]
    return f"change collection {new.name}: {', '.join(sorted(parts))}" if parts else ""


def loses(old: Collection, new: Collection) -> bool:
    """Whether records lose values: a field is removed, changes its type, or holds fewer values."""
    after = {field.id: field for field in new.fields}
    for field in old.fields:
        kept = after.get(field.id)
        if kept is None or kept.type != field.type or (field.multiple and not kept.multiple):
            return True
    return False


def defaults(fields: Iterable[Field]) -> dict[str, Value]:
    """The columns of a new record, as PocketBase's tables have them (pocketbase.md §8.2)."""
    return {field.name: _default(field) for field in fields if field.name != "id"}


def _default(field: Field) -> Value:
    if field.multiple and field.type in {"file", "relation", "select"}:
        return "[]"
    special: dict[str, Value] = {
        "bool": 0,
        "number": 0,
        "json": None,
        "geoPoint": '{"lon":0,"lat":0}',
    }
    return special.get(field.type, "")


def json_array(values: Iterable[str]) -> str:
    """The JSON text of an array as PocketBase's columns hold it: without blanks (pocketbase.md
    §8.2).
    """
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


def reshaped(record: Record, old: Collection, new: Collection) -> Record:
    """Convert a record to its changed collection.

    Fields with the same id and type keep their values.
    """
    before = {field.id: field for field in old.fields}
    values: dict[str, Value] = {**defaults(new.fields), "id": record.id}
    for field in new.fields:
        was = before.get(field.id)
        if was and was.type == field.type and was.name in record.values:
            values[field.name] = _converted(record.values[was.name], was, field)
    return Record(record.collection_id, record.id, values, record.sources)


def _converted(value: Value, was: Field, now: Field) -> Value:
    if was.multiple == now.multiple or now.type not in {"file", "relation", "select"}:
        return value
    if now.multiple:
        return json_array(listed(value, multiple=True))
    return next(iter(listed(value, multiple=False)), "")
