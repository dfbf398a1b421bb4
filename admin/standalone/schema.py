"""Collections from PocketBase's export file: reading, checking, and what they change.

An export holds no token secrets (pocketbase.md §8.1). Secrets in the table are kept, missing ones
are made.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.model import Collection, Field, Record, Value, listed

from ..errors import AdminError
from ..source.pocketbase import SourceCollection
from ..wording import counted
from . import lacks, references, system_fields
from .limits import with_limits
from .naming import Letters
from .recognition import recognised
from .values import json_array

SECRET_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"  # noqa: S105
SECRET_LENGTH = 50

# pocketbase.md §2.5
_DURATIONS = {"authToken": 432_000, "fileToken": 180}


def read(path: Path) -> list[dict[str, Any]]:
    """Read the collections of an export file, unchecked. Raises ``AdminError``."""
    try:
        text = path.read_text("utf-8-sig")
        raw = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except OSError as error:
        raise AdminError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise AdminError(f"{path} is not JSON: {error}") from error
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise AdminError(f"{path} is no export of collections: a JSON array of objects is expected")
    return raw


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ``ValueError`` for a key that is there twice, of which one would be
    ignored."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key {twice} twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def sample() -> str:
    """An export to begin with: users, public pictures, and documents that only their owner sees."""
    return files(__package__).joinpath("sample_collections.json").read_text("utf-8")


def require_sound(raw: list[dict[str, Any]], others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Raise ``AdminError`` for all that is wrong with the collections ``raw``.

    ``others`` are the collections that stay besides them; a rule or a relation may refer to any.
    Returns warnings: what is ignored.
    """
    found = lacks.findings(raw)
    problems = [*found.lacks, *references.lacks(raw, others)]
    if problems:
        raise AdminError("; ".join(problems))
    return found.ignored


def others_of(raw: list[dict[str, Any]], known: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The collections that the table has and the file does not name."""
    given = [each.get("id") for each in raw]
    others = []
    for collection_id, item in known.items():
        if collection_id not in given:
            others.append(_stored(item))
    return others


def completed(raw: list[dict[str, Any]], known: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The collections of a file with the fields that PocketBase would add, with their limits, and
    without what is ignored; ``known`` as in ``merged``."""
    complete = []
    for each in raw:
        stored = _stored(known.get(each["id"]))
        whole = system_fields.completed(recognised(each), stored)
        complete.append(with_limits(whole))
    return complete


def merged(
    raw: list[dict[str, Any]], known: Mapping[str, Item], letters: Letters
) -> list[SourceCollection]:
    """Add secrets and positions to the collections; ``known`` are the table's items by collection
    id.
    """
    positions = {collection_id: _position(item) for collection_id, item in known.items()}
    last = max(positions.values(), default=0)
    found = []
    for each in raw:
        position = positions.get(each["id"])
        if position is None:
            last += 1
            position = last
        stored = _stored(known.get(each["id"]))
        complete = _with_secrets(each, stored, letters)
        found.append(SourceCollection(complete, Collection.from_json(complete, position)))
    return found


def _position(item: Item) -> int:
    """A collection's place in the order of creation."""
    return int(item["position"]["N"])


def _stored(item: Item | None) -> dict[str, Any]:
    """A collection as the table has it; empty for one that is not there."""
    found: dict[str, Any] = json.loads(item["data"]["S"]) if item else {}
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
        secret = given.get("secret") or kept.get("secret")
        tokens[name] = {
            "duration": given.get("duration") or duration,
            "secret": secret or letters(SECRET_LETTERS, SECRET_LENGTH),
        }
    return {**raw, **tokens}


def changes(old: Collection | None, new: Collection) -> str:
    """Describe what changes in a collection, in one line; empty when nothing does."""
    if old is None:
        return f"create collection {new.name} ({new.type}, {counted(len(new.fields), 'field')})"
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
    return replace(record, values=values)


def _converted(value: Value, was: Field, now: Field) -> Value:
    if was.multiple == now.multiple or now.type not in {"file", "relation", "select"}:
        return value
    names = listed(value, multiple=now.multiple)
    if now.multiple:
        return json_array(names)
    return names[0] if names else ""
