"""Items of the table as values to compare, to set aside and to measure."""

import base64
import hashlib
import json
from typing import Any

from pocketfiles.catalogue.generations import Item

LARGEST = 400 * 1024
"""DynamoDB's limit for an item, names included, in bytes."""

_LONGEST_PK = 2048
_LONGEST_SK = 1024


def digest(item: Item) -> bytes:
    """Equal for items of equal content; the key does not count."""
    content = sorted((name, value) for name, value in item.items() if name not in {"pk", "sk"})
    return hashlib.blake2b(repr(content).encode(), digest_size=16).digest()


def packed(item: Item) -> str:
    """An item as JSON text."""
    return json.dumps(
        item, ensure_ascii=False, default=lambda raw: {"base64": base64.b64encode(raw).decode()}
    )


def unpacked(text: str) -> Item:
    """The item of its JSON text."""
    item: Item = json.loads(text, object_hook=_bytes)
    return item


def refusal(item: Item) -> str:
    """Why DynamoDB would not take this item; empty when it would."""
    pk, sk = (len(item[name]["S"].encode()) for name in ("pk", "sk"))
    if pk > _LONGEST_PK or sk > _LONGEST_SK:
        return "its id is longer than DynamoDB allows"
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    if size > LARGEST:
        return f"it needs {size // 1024} KiB even compressed, DynamoDB takes {LARGEST // 1024} KiB"
    return ""


def _size(value: dict[str, Any]) -> int:
    (content,) = value.values()
    return len(content if isinstance(content, bytes) else content.encode())


def _bytes(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["base64"]) if found.keys() == {"base64"} else found
