"""What CloudFront's key value store holds: which collections' files need no decision.

A collection is open when its files lie in its own folders (it is no view) and no file field of it
is protected. ``edge/request.js`` reads these values; what is not in the store goes to the API.
"""

import json
from collections import Counter
from collections.abc import Iterable

from pocketfiles.catalogue.model import Collection
from pocketfiles.config import ThumbOptions

MAX_KEY_BYTES = 512
MAX_VALUE_BYTES = 1024
"""CloudFront's limits for one entry of a key value store."""

MAX_STORE_BYTES = 5_000_000
"""CloudFront's limit for all keys and values of a store."""

DEFAULT_FORMATS = ThumbOptions().formats
"""The formats of thumbs that ``edge/request.js`` takes for offered where a value names none."""


def entries(
    collections: Iterable[Collection], formats: tuple[str, ...] = DEFAULT_FORMATS
) -> dict[str, str]:
    """The store's values by key: each collection under its name in lower case and under its id.

    ``formats``: what thumbs are offered in beside the original's format, best first.

    Left out are collections without files, those whose key another collection has as well, in any
    letter case, those whose value would be larger than CloudFront allows, and the last of more than
    the store takes.
    """
    known = list(collections)
    uses = Counter(key for collection in known for key in _folded_keys(collection))
    found: dict[str, str] = {}
    left = MAX_STORE_BYTES
    for collection in known:
        clashes = any(uses[key] > 1 for key in _folded_keys(collection))
        if clashes or not collection.file_fields:
            continue
        keys = _keys(collection)
        value = _value(collection, formats)
        size = sum(len(key.encode()) + len(value.encode()) for key in keys)
        if _fits(keys, value) and size <= left:
            found.update(dict.fromkeys(keys, value))
            left -= size
    return found


def open_names(collections: Iterable[Collection]) -> list[str]:
    """The names of the collections that stand in the store as open, in order."""
    known = list(collections)
    store = entries(known)
    return sorted(each.name for each in known if is_open(each) and each.id in store)


def is_open(collection: Collection) -> bool:
    """Whether every file of the collection may be sent to everybody, straight from the bucket."""
    if collection.type == "view" or not collection.file_fields:
        return False
    return not any(field.protected for field in collection.file_fields)


def _keys(collection: Collection) -> set[str]:
    return {collection.name.lower(), collection.id}


def _folded_keys(collection: Collection) -> set[str]:
    return {key.lower() for key in _keys(collection)}


def _value(collection: Collection, formats: tuple[str, ...]) -> str:
    listed = [set(field.thumbs) for field in collection.file_fields]
    by_all = set.intersection(*listed) if listed else set()
    by_some = set.union(*listed) - by_all if listed else set()
    value: dict[str, object] = {
        "id": collection.id,
        "name": collection.name.lower(),
        "open": is_open(collection),
        "all": sorted(by_all),
        "some": sorted(by_some),
    }
    if formats != DEFAULT_FORMATS:
        value["formats"] = formats
    return json.dumps(value, separators=(",", ":"))


def _fits(keys: Iterable[str], value: str) -> bool:
    keys_fit = all(len(key.encode()) <= MAX_KEY_BYTES for key in keys)
    return keys_fit and len(value.encode()) <= MAX_VALUE_BYTES
