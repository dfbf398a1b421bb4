"""Collections from PocketBase's export file: reading, checking, and what they change.

An export holds no token secrets (pocketbase.md §8.1). Secrets in the table are kept, missing ones
are made.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
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
    problems = [problem for each in raw for problem in _problems(each)]
    if not problems:
        problems = [*_repeated(raw)]
    if problems:
        raise AdminError(f"{path}: {'; '.join(problems)}")
    return raw


def sample() -> str:
    """An export to begin with: users, public pictures, and documents that only their owner sees."""
    return files(__package__).joinpath("sample_collections.json").read_text("utf-8")


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """What a collection object lacks."""
    label = raw.get("name") or raw.get("id") or "?"
    for key in ("id", "name"):
        if not isinstance(raw.get(key), str) or not _NAME.fullmatch(raw[key]):
            yield f"collection {label}: its {key} must be letters, digits and _"
    if raw.get("type") not in _TYPES:
        yield f"collection {label}: its type must be one of {', '.join(sorted(_TYPES))}"
    fields = raw.get("fields")
    if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
        yield f"collection {label}: its fields must be an array of objects"
        return
    for number, field in enumerate(fields, 1):
        for key in ("name", "type"):
            if not isinstance(field.get(key), str):
                yield f"collection {label}: field {field.get('name') or number} has no {key}"
    yield from _unreadable(raw, label)


def _unreadable(raw: Mapping[str, Any], label: str) -> Iterator[str]:
    try:
        Collection.from_json({"id": "", "name": "", "type": "", **raw})
    except KeyError:
        return  # a name or a type is missing, which is said already
    except (ValueError, TypeError, AttributeError) as error:
        yield f"collection {label} cannot be read ({type(error).__name__}: {error})"


def _repeated(raw: list[dict[str, Any]]) -> Iterator[str]:
    """Ids and names that two collections have. Names count in any case."""
    for value in _twice(each["id"] for each in raw):
        yield f"two collections have the id {value}"
    for value in _twice(each["name"].casefold() for each in raw):
        yield f"two collections have the name {value}"


def _twice(values: Iterable[str]) -> list[str]:
    """The values that occur more than once, in order."""
    counts = Counter(values)
    return sorted(value for value, count in counts.items() if count > 1)


def require_rules(raw: list[dict[str, Any]], complete: list[dict[str, Any]]) -> None:
    """Raise ``AdminError`` for the view rules of ``raw`` that PocketBase would not save.

    ``complete`` are all collections there will be; a rule may look into any of them.
    """
    given = {each["id"] for each in raw}
    collections = Collections(map(Collection.from_json, complete, range(len(complete))))
    problems = []
    for each in collections:
        try:
            if each.view_rule and each.id in given:
                evaluate.check(each.view_rule, each, collections)
        except RuleError as error:
            problems.append(f"collection {each.name}: viewRule: {error.reason}")
    if problems:
        raise AdminError("; ".join(problems))


def with_others(raw: list[dict[str, Any]], known: Mapping[str, Item]) -> list[dict[str, Any]]:
    """Add the collections that the table has and the file does not name.

    Raises ``AdminError`` if a new collection has the name of one of them.
    """
    given = {each["id"] for each in raw}
    names = {each["name"].casefold(): each["name"] for each in raw}
    other_items = [item for collection_id, item in known.items() if collection_id not in given]
    others = [json.loads(item["data"]["S"]) for item in other_items]
    for other in others:
        if other["name"].casefold() in names:
            raise AdminError(
                f"there is a collection {other['name']} with the id {other['id']}: give that id in "
                "the file to change it, or --remove-others to replace it"
            )
    return [*raw, *others]


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
        if item is None:
            last += 1
            position = last
            stored = {}
        else:
            position = int(item["position"]["N"])
            stored = json.loads(item["data"]["S"])
        complete = _with_secrets(each, stored, letters)
        found.append(SourceCollection(complete, Collection.from_json(complete, position)))
    return found


def _with_secrets(
    raw: dict[str, Any], known: Mapping[str, Any], letters: Letters
) -> dict[str, Any]:
    if raw["type"] != "auth":
        return raw
    tokens = {}
    for name, duration in _DURATIONS.items():
        given = raw.get(name) or {}
        kept = known.get(name) or {}
        secret = given.get("secret") or kept.get("secret") or letters(SECRET_LETTERS, SECRET_LENGTH)
        tokens[name] = {"duration": given.get("duration") or duration, "secret": secret}
    return {**raw, **tokens}


def changes(old: Collection | None, new: Collection) -> str:
    """Describe what changes in a collection, in one line; empty when nothing does."""
    if old is None:
        return f"create collection {new.name} ({new.type}, {len(new.fields)} fields)"
    parts = [*_field_changes(old, new)]
    if old.name != new.name:
        parts.append(f"renamed from {old.name}")
    for attribute in ("type", "view_rule", "view_query", "indexes", "auth_token", "file_token"):
        if getattr(old, attribute) != getattr(new, attribute):
            parts.append(attribute.replace("_", " "))
    if not parts and old.fields != new.fields:
        parts = ["order of fields"]
    if not parts:
        return ""
    return f"change collection {new.name}: {', '.join(sorted(parts))}"


def _field_changes(old: Collection, new: Collection) -> Iterator[str]:
    before = {field.id: field for field in old.fields}
    after = {field.id: field for field in new.fields}
    for field_id, field in after.items():
        if field_id not in before:
            yield f"field +{field.name}"
        elif field != before[field_id]:
            yield f"field {field.name}"
    for field_id, field in before.items():
        if field_id not in after:
            yield f"field -{field.name}"


def loses(old: Collection, new: Collection) -> bool:
    """Whether records lose values: a field is removed, changes its type, or holds fewer values."""
    after = {field.id: field for field in new.fields}
    for field in old.fields:
        kept = after.get(field.id)
        if kept is None or kept.type != field.type:
            return True
        if field.multiple and not kept.multiple:
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
        if was is None or was.type != field.type:
            continue
        if was.name in record.values:
            values[field.name] = _converted(record.values[was.name], was, field)
    return Record(record.collection_id, record.id, values, record.sources)


def _converted(value: Value, was: Field, now: Field) -> Value:
    if was.multiple == now.multiple or now.type not in {"file", "relation", "select"}:
        return value
    names = listed(value, multiple=now.multiple)
    if now.multiple:
        return json_array(names)
    return names[0] if names else ""
