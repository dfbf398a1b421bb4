"""Items of the table as values to compare, to set aside and to measure."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pocketfiles import keys
from pocketfiles.catalogue.generations import RECORD, SOURCES, Item
from pocketfiles.catalogue.items import DATA
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.rules.lookups import index_values

LARGEST = 400 * 1024
"""DynamoDB's limit for an item, names included, in bytes."""

_LONGEST_PK = 2048
_LONGEST_SK = 1024


def later_item(sk: str, due: float) -> Item:
    """The item that says what is left to do from a moment on, in epoch seconds."""
    return {**keys.item_key(keys.LATER, sk), "due": {"N": repr(due)}}


def digest(item: Item) -> bytes:
    """Equal for items of equal content; the key and the generations do not count."""
    content = [(name, item[name]) for name in (DATA, RECORD, SOURCES) if name in item]
    return hashlib.blake2b(repr(content).encode(), digest_size=16).digest()


def packed(item: Item) -> str:
    """An item as JSON text."""
    return json.dumps(item, ensure_ascii=False, default=_base64)


def unpacked(text: str) -> Item:
    """The item of its JSON text."""
    item: Item = json.loads(text, object_hook=_bytes)
    return item


def refusal(item: Item) -> str:
    """Why DynamoDB would not take this item; empty when it would."""
    pk_bytes = len(item["pk"]["S"].encode())
    sk_bytes = len(item["sk"]["S"].encode())
    if pk_bytes > _LONGEST_PK or sk_bytes > _LONGEST_SK:
        return "its id is longer than DynamoDB allows"
    needed = size(item)
    if needed > LARGEST:
        return (
            f"it needs {needed // 1024} KiB even compressed, DynamoDB takes {LARGEST // 1024} KiB"
        )
    return ""


def size(item: Mapping[str, Any]) -> int:
    """The size of an item's attributes in bytes, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    (content,) = value.values()
    if isinstance(content, str):
        return len(content.encode())
    return len(content) if isinstance(content, bytes | list) else 1


def _base64(content: bytes) -> dict[str, str]:
    """Bytes as JSON has them here, which ``_bytes`` reads back."""
    return {"base64": base64.b64encode(content).decode()}


def _bytes(found: dict[str, Any]) -> Any:
    if found.keys() == {"base64"}:
        return base64.b64decode(found["base64"])
    return found


def references(
    collection: Collection, record: Record, indexed: frozenset[tuple[str, str]]
) -> Iterator[str]:
    """The partition keys under which a record is found: by its relations, and by the fields that
    are ``indexed``."""
    for field in collection.fields:
        if field.type == "relation" or (collection.id, field.id) in indexed:
            for value in index_values(field, record.values.get(field.name)):
                yield keys.Reference(collection.id, field.id, value).pk
