"""Which keys of a collection's JSON are known, and what of it can be read.

The collections need not be sound. A key that is only like a known one is none.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import definitions, misspelling
from .definitions import Keys

Raw = dict[str, Any]

NAMING_COLLECTION = frozenset({"id", "name", "type", "fields"})
NAMING_FIELD = frozenset({"id", "name", "type"})
"""The keys that every collection and every field has."""

_NAME = re.compile(r"[A-Za-z0-9_]+")


def is_name(value: Any) -> bool:
    """Whether PocketBase takes a value for the name or the id of a collection."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def is_one_of(value: Any, known: Iterable[str]) -> bool:
    """Whether a value, of any JSON type, is one of these texts."""
    return isinstance(value, str) and value in known


def collection_keys(kind: Any) -> Keys:
    """The keys of a collection of this type; those of all types if it is none."""
    if is_one_of(kind, definitions.COLLECTION_KEYS):
        return definitions.COLLECTION_KEYS[kind]
    return _all_of(definitions.COLLECTION_KEYS)


def field_keys(kind: Any) -> Keys:
    """The keys of a field of this type, or of the one that it is a misspelling of."""
    if not isinstance(kind, str):
        return _all_of(definitions.FIELD_KEYS)
    known = misspelling.of(kind, definitions.FIELD_KEYS, misspelling.TYPE)
    return definitions.FIELD_KEYS.get(known, definitions.COMMON_FIELD_KEYS)


def is_of_newer_type(raw: Raw) -> bool:
    """Whether a field with an unknown type may be a newer PocketBase's: it has all that PocketBase
    writes for any field. It is no file field then."""
    kind = raw["type"]
    if not isinstance(kind, str):
        return False
    if misspelling.of(kind, definitions.FIELD_KEYS, misspelling.TYPE):
        return False
    return definitions.COMMON_FIELD_KEYS.keys() <= raw.keys()


def may_decide(key: str, known: Iterable[str]) -> bool:
    """Whether an unknown key may be meant to decide about access."""
    if key.casefold().endswith("rule"):
        return True
    return bool(misspelling.of(key, known, misspelling.KEY))


def readable(raw: Raw, number: int) -> Raw:
    """What can be read of a collection, as far as its rule and the rules of others need it.

    ``number`` stands for what cannot: an id or name that no other collection has.
    """
    kind = raw.get("type")
    is_known = is_one_of(kind, definitions.COLLECTION_KEYS)
    kept = _fitting(raw, collection_keys(kind))
    return {
        "id": _name_of(raw, "id", number),
        "name": _name_of(raw, "name", number),
        "type": kind if is_known else "auth",
        "viewRule": kept.get("viewRule"),
        "indexes": kept.get("indexes"),
        "fields": _readable_fields(raw.get("fields")),
    }


def recognised(raw: Raw) -> Raw:
    """A sound collection without the keys that are ignored, so that they mean nothing to us
    either."""
    known = {*collection_keys(raw["type"]), *NAMING_COLLECTION}
    kept = {key: value for key, value in raw.items() if key in known}
    kept["fields"] = [_recognised_field(field) for field in raw["fields"]]
    return kept


def _recognised_field(raw: Raw) -> Raw:
    known = {*field_keys(raw["type"]), *definitions.OPTIONAL_FIELD_KEYS, *NAMING_FIELD}
    return {key: value for key, value in raw.items() if key in known}


def _name_of(raw: Raw, key: str, number: int) -> str:
    value = raw.get(key)
    return str(value) if is_name(value) else f"?{number}"


def _readable_fields(fields: Any) -> list[Raw]:
    if not isinstance(fields, list):
        return []
    found = []
    for field in fields:
        if isinstance(field, dict) and isinstance(field.get("name"), str):
            found.append(_readable_field(field))
    return found


def _readable_field(raw: Raw) -> Raw:
    kind = str(raw.get("type"))
    meant = misspelling.of(kind, definitions.FIELD_KEYS, misspelling.TYPE)
    naming = {
        "id": str(raw.get("id") or ""),
        "name": raw["name"],
        "type": meant or kind,
    }
    return {**naming, **_fitting(raw, field_keys(kind))}


def _fitting(raw: Raw, known: Keys) -> Raw:
    """The known keys whose values are of their kind."""
    found = {}
    for key, kind in known.items():
        if key in raw and kind.fits(raw[key]):
            found[key] = raw[key]
    return found


def _all_of(keys: Mapping[str, Keys]) -> Keys:
    """The keys of all types together, for an object whose type is not known."""
    every: dict[str, definitions.Kind] = {}
    for each in keys.values():
        every.update(each)
    return every
