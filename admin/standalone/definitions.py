"""The keys of a collection and of its fields, as PocketBase writes them (pocketbase.md §8.1).

Each key has a kind: what its value may be, in words and as a test. The keys are those of PocketBase
0.23 to 0.39.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pocketfiles.thumbs import size

_LARGEST_NUMBER = 2**53 - 1
"""The largest whole number that JavaScript holds, and so PocketBase's settings."""

_SHORTEST_SECRET = 30
_LONGEST_SECRET = 255
_SHORTEST_DURATION = 10
_LONGEST_DURATION = 94_670_856
"""PocketBase's bounds for token options (pocketbase.md §2.5)."""

_LONGEST_SHOWN = 40  # characters


@dataclass(frozen=True)
class Kind:
    """What the value of a key may be: ``words`` for people, ``fits`` for the value, and what of it
    is ``wrong``."""

    words: str
    fits: Callable[[Any], bool]
    wrong: Callable[[Any], Any] = lambda value: value


def shown(value: Any) -> str:
    """A value as JSON writes it, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 0 <= value <= _LARGEST_NUMBER


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_sizes(value: Any) -> bool:
    return _is_texts(value) and all(map(_is_size, value))


def _wrong_sizes(value: Any) -> Any:
    if not _is_texts(value):
        return value
    return [text for text in value if not _is_size(text)]


def _is_size(text: str) -> bool:
    try:
        size.parse(text)
    except ValueError:
        return False
    return True


def _is_secret(value: Any) -> bool:
    return _is_text(value) and (not value or _SHORTEST_SECRET <= len(value) <= _LONGEST_SECRET)


def _is_duration(value: Any) -> bool:
    return _is_count(value) and (not value or _SHORTEST_DURATION <= value <= _LONGEST_DURATION)


def _or_null(kind: Kind) -> Kind:
    return replace(
        kind,
        words=f"{kind.words}, or null",
        fits=lambda value: value is None or kind.fits(value),
    )


FLAG = Kind("true or false", lambda value: isinstance(value, bool))
COUNT = Kind("a whole number from 0", _is_count)
TEXT = Kind("a text", _is_text)
NUMBER = _or_null(Kind("a number", _is_number))
TEXTS = _or_null(Kind("an array of texts", _is_texts))
RULE = _or_null(TEXT)
SIZES = _or_null(
    Kind("an array of sizes such as 100x300, 100x0 or 100x300f", _is_sizes, _wrong_sizes)
)
OBJECT = _or_null(Kind("an object", lambda value: isinstance(value, dict)))
SECRET = Kind(f"{_SHORTEST_SECRET} to {_LONGEST_SECRET} characters", _is_secret)
DURATION = Kind(f"{_SHORTEST_DURATION} to {_LONGEST_DURATION} whole seconds", _is_duration)

Keys = Mapping[str, Kind]

TOKEN_KEYS: Keys = {"secret": SECRET, "duration": DURATION}
"""The keys of ``authToken`` and its like."""

_COMMON_COLLECTION_KEYS: Keys = {
    "system": FLAG,
    "listRule": RULE,
    "viewRule": RULE,
    "createRule": RULE,
    "updateRule": RULE,
    "deleteRule": RULE,
    "indexes": TEXTS,
}
TOKENS = (
    "authToken",
    "passwordResetToken",
    "emailChangeToken",
    "verificationToken",
    "fileToken",
)
"""The keys of an auth collection whose values are objects with ``TOKEN_KEYS``."""

_AUTH_KEYS: Keys = {
    "authRule": RULE,
    "manageRule": RULE,
    "authAlert": OBJECT,
    "oauth2": OBJECT,
    "passwordAuth": OBJECT,
    "mfa": OBJECT,
    "otp": OBJECT,
    **dict.fromkeys(TOKENS, OBJECT),
    "verificationTemplate": OBJECT,
    "resetPasswordTemplate": OBJECT,
    "confirmEmailChangeTemplate": OBJECT,
}
COLLECTION_KEYS: Mapping[str, Keys] = {
    "auth": {**_COMMON_COLLECTION_KEYS, **_AUTH_KEYS},
    "base": _COMMON_COLLECTION_KEYS,
    "view": {**_COMMON_COLLECTION_KEYS, "viewQuery": TEXT},
}
"""The keys that PocketBase writes for a collection of a type, besides its name and its fields."""

OPTIONAL_COLLECTION_KEYS: Keys = {"created": TEXT, "updated": TEXT}
"""Keys that the API gives and an export lacks."""

COMMON_FIELD_KEYS: Keys = {"system": FLAG, "hidden": FLAG, "presentable": FLAG}
"""The keys that PocketBase writes for every field, besides its name."""

_OWN_FIELD_KEYS: Mapping[str, Keys] = {
    "autodate": {"onCreate": FLAG, "onUpdate": FLAG},
    "bool": {},
    "date": {"min": TEXT, "max": TEXT},
    "editor": {"maxSize": COUNT, "convertURLs": FLAG},
    "email": {"onlyDomains": TEXTS, "exceptDomains": TEXTS},
    "file": {
        "maxSelect": COUNT,
        "maxSize": COUNT,
        "mimeTypes": TEXTS,
        "thumbs": SIZES,
        "protected": FLAG,
    },
    "geoPoint": {},
    "json": {"maxSize": COUNT},
    "number": {"min": NUMBER, "max": NUMBER, "onlyInt": FLAG},
    "password": {"min": COUNT, "max": COUNT, "pattern": TEXT, "cost": COUNT},
    "relation": {
        "collectionId": TEXT,
        "maxSelect": COUNT,
        "minSelect": COUNT,
        "cascadeDelete": FLAG,
    },
    "select": {"values": TEXTS, "maxSelect": COUNT},
    "text": {
        "min": COUNT,
        "max": COUNT,
        "pattern": TEXT,
        "autogeneratePattern": TEXT,
        "primaryKey": FLAG,
    },
    "url": {"onlyDomains": TEXTS, "exceptDomains": TEXTS},
}
FIELD_KEYS: Mapping[str, Keys] = {
    kind: {**COMMON_FIELD_KEYS, **own} for kind, own in _OWN_FIELD_KEYS.items()
}
"""The keys that PocketBase writes for a field of a type, besides its name."""

OPTIONAL_FIELD_KEYS: Keys = {"required": FLAG, "help": TEXT}
"""Keys that some versions or some types of fields lack."""

NEEDED_FIELD_KEYS = {"relation": ("collectionId",), "select": ("values",)}
"""Keys without which a field of a type means nothing."""

RESERVED_FIELD_NAMES = frozenset({"collectionId", "collectionName", "expand"})
"""What PocketBase adds to a record itself."""
