"""What a field allows its values to be, kept in the table by ``collections apply`` for ``put``.

The functions do not need it, and a sync does not bring it.
"""

from collections.abc import Mapping
from typing import Any

_KEYS: Mapping[str, tuple[str, ...]] = {
    "email": ("onlyDomains", "exceptDomains"),
    "file": ("maxSize", "mimeTypes"),
    "number": ("min", "max", "onlyInt"),
    "select": ("values",),
    "url": ("onlyDomains", "exceptDomains"),
}
"""The keys of a field that limit its values, by the field's type (pocketbase.md §8.1)."""


def with_limits(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A collection whose fields have their limits under ``limits``."""
    return {**raw, "fields": [_limited(field) for field in raw["fields"]]}


def _limited(field: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: field[key] for key in _KEYS.get(field["type"], ()) if key in field}
    limits = {key: value for key, value in given.items() if _limits(key, value)}
    return {**field, "limits": limits} if limits else {**field}


def _limits(key: str, value: Any) -> bool:
    """Whether a value is a limit. A bound may be 0, a size of 0 is none."""
    return value is not None if key in {"min", "max"} else bool(value)
