"""What a field allows its values to be, kept in the table by ``collections apply`` for ``put``.

The functions do not need it, and a sync does not bring it.
"""

from collections.abc import Mapping
from typing import Any

_KEYS: Mapping[str, tuple[str, ...]] = {
    "date": ("min", "max"),
    "editor": ("maxSize",),
    "email": ("onlyDomains", "exceptDomains"),
    "file": ("maxSize", "mimeTypes"),
    "json": ("maxSize",),
    "number": ("min", "max", "onlyInt"),
    "relation": ("minSelect",),
    "select": ("values",),
    "text": ("min", "max"),
    "url": ("onlyDomains", "exceptDomains"),
}
"""The keys of a field that limit its values besides ``required``, by the field's type
(pocketbase.md §8.1)."""


def with_limits(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A collection whose fields have their limits under ``limits``."""
    return {**raw, "fields": [_limited(field) for field in raw["fields"]]}


def _limited(field: Mapping[str, Any]) -> dict[str, Any]:
    limits = {}
    for key in _limiting_keys(field):
        value = field.get(key)
        if _is_limit(value, field["type"]):
            limits[key] = value
    if not limits:
        return {**field}
    return {**field, "limits": limits}


def _limiting_keys(field: Mapping[str, Any]) -> tuple[str, ...]:
    """PocketBase's own fields (``system``) need no value here, for nobody signs in with them, and
    its own texts (``id``, ``tokenKey``) have the length that their maker gives them."""
    own = _KEYS.get(field["type"], ())
    if not field.get("system"):
        return ("required", *own)
    if field["type"] == "text":
        return ()
    return own


def _is_limit(value: Any, kind: str) -> bool:
    """Whether a value is a limit. A number's bound may be 0; a size or a length of 0 is none."""
    is_bound_of_number = kind == "number" and not isinstance(value, bool)
    if is_bound_of_number:
        return value is not None
    return bool(value)
