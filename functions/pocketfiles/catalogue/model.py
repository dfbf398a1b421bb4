"""Collections, their fields, and records: PocketBase's own data as plain frozen values.

A record keeps its columns exactly as SQLite stored them (text, int, float or ``None``; lists and
JSON as their text), because view rules compare them with SQLite's eyes (pocketbase.md §7).
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

SUPERUSERS = "_superusers"

Value: TypeAlias = str | int | float | None
"""One column of a record, in SQLite's storage class."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a collection (pocketbase.md §8.1); attributes other types lack keep their zero
    value."""

    id: str
    name: str
    type: str
    hidden: bool = False
    max_select: int = 0
    protected: bool = False
    thumbs: tuple[str, ...] = ()
    collection_id: str = ""
    column: str | None = None
    """The declared type of its column in PocketBase's database; ``None`` where that is not
    known."""
    limits: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What its values may be, for the commands that write records; serving files needs none."""

    @property
    def multiple(self) -> bool:
        """Whether a select, relation or file field holds a list rather than one value."""
        return self.max_select > 1

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Field":
        """A field object as PocketBase stores and exports it."""
        return cls(
            id=str(raw.get("id") or raw["name"]),
            name=raw["name"],
            type=raw["type"],
            hidden=bool(raw.get("hidden")),
            max_select=int(raw.get("maxSelect") or 0),
            protected=bool(raw.get("protected")),
            thumbs=tuple(raw.get("thumbs") or ()),
            collection_id=raw.get("collectionId") or "",
            column=raw.get("column"),
            limits=raw.get("limits") or {},
        )


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """How one kind of token of an auth collection is signed; ``duration`` in seconds."""

    secret: str = field(default="", repr=False)
    duration: int = 0

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> "TokenOptions":
        """``{"secret": …, "duration": …}``; an export has no secret."""
        raw = raw or {}
        return cls(
            secret=str(raw.get("secret") or ""),
            duration=int(raw.get("duration") or 0),
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with what serving its files needs."""

    id: str
    name: str
    type: str
    fields: tuple[Field, ...] = ()
    view_rule: str | None = None
    indexes: tuple[str, ...] = ()
    auth_token: TokenOptions = TokenOptions()
    file_token: TokenOptions = TokenOptions()
    view_query: str = ""
    is_broken: bool = False
    """Whether it is a view that PocketBase's database cannot read. A rule that names it denies."""
    is_incomplete: bool = False
    """Whether it has rows that the table lacks, such as further rows of a view with one id. A rule
    that looks at more than the row itself denies."""
    position: int = 0
    """Order of creation; the first collection that fits a name or id wins."""

    @property
    def is_superusers(self) -> bool:
        """Whether its records are PocketBase's administrators."""
        return self.name == SUPERUSERS

    @property
    def file_fields(self) -> tuple[Field, ...]:
        """The fields that hold files, in the collection's order."""
        return tuple(f for f in self.fields if f.type == "file")

    def field(self, name: str) -> Field | None:
        """The field of exactly this name."""
        return next((f for f in self.fields if f.name == name), None)

    def can_load(self, record: "Record") -> bool:
        """Whether PocketBase can read the record: it fails where a geoPoint is none."""
        points = (f.name for f in self.fields if f.type == "geoPoint")
        return all(_is_point(record.values.get(name)) for name in points)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], position: int = 0) -> "Collection":
        """A collection object of PocketBase's API or export; the auth options lie beside the
        common keys."""
        return cls(
            id=raw["id"],
            name=raw["name"],
            type=raw["type"],
            fields=tuple(Field.from_json(f) for f in raw["fields"]),
            view_rule=raw.get("viewRule"),
            indexes=tuple(raw.get("indexes") or ()),
            auth_token=TokenOptions.from_json(raw.get("authToken")),
            file_token=TokenOptions.from_json(raw.get("fileToken")),
            view_query=raw.get("viewQuery") or "",
            is_broken=bool(raw.get("broken")),
            is_incomplete=bool(raw.get("incomplete")),
            position=position,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file reached through a view collection really lies."""

    collection_id: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its id, its columns, and, in a view, the home of each of its files by name."""

    collection_id: str
    id: str
    values: Mapping[str, Value] = field(repr=False)
    sources: Mapping[str, Source] = field(default_factory=dict)
    is_unreadable: bool = False
    """Whether it stands for what no value is known of: a record too large for the table, or all
    rows of a view that cannot be read. A rule that looks at it denies."""

    def names(self, field: Field) -> tuple[str, ...]:
        """The values of a file, relation or select field as a list (pocketbase.md §3.2)."""
        return listed(self.values.get(field.name), multiple=field.multiple)

    @property
    def token_key(self) -> str:
        """The secret part of an auth record's tokens; empty when it has none."""
        return str(self.values.get("tokenKey") or "")


def listed(raw: Value, *, multiple: bool) -> tuple[str, ...]:
    """A column's text as unique names, as Go reads them: the texts of a JSON array, and the whole
    as one more where an item is neither text nor null; else the whole. A single field keeps the
    last."""
    text = "" if raw is None else str(raw)
    items = _array(text) if "[" in text else None
    if items is None:
        names = [text]
    else:
        names = [item for item in items if isinstance(item, str)]
        has_others = any(item is not None and not isinstance(item, str) for item in items)
        names += [text] if has_others else []
    unique = tuple(dict.fromkeys(filter(None, names)))
    return unique if multiple else unique[-1:]


def _is_point(raw: Value) -> bool:
    """Whether Go can read a column as a point: nothing at all, or an object whose coordinates are
    numbers."""
    text = "" if raw is None else str(raw)
    if not text:
        return True
    try:
        found = json.loads(text, object_pairs_hook=tuple, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, tuple):
        return found is None
    return all(_is_number(value) for key, value in found if key.lower() in {"lon", "lat"})


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return value is None or math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def _array(text: str) -> list[Any] | None:
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


class Collections:
    """All collections, in order of creation, with PocketBase's lookup.

    ``indexed``: the fields besides relations, by collection id and field id, whose values the
    stored data has an index for; ``None`` if it can look up any.
    """

    def __init__(
        self,
        collections: Iterable[Collection],
        indexed: frozenset[tuple[str, str]] | None = None,
    ) -> None:
        self._ordered = sorted(collections, key=lambda c: c.position)
        self._by_id = {collection.id: collection for collection in self._ordered}
        self.indexed = indexed

    def __iter__(self) -> Iterator[Collection]:
        return iter(self._ordered)

    def is_same_as(self, other: "Collections") -> bool:
        """Whether the others are equal to these, in the same order and with the same indexes."""
        return self._ordered == other._ordered and self.indexed == other.indexed

    def with_id(self, collection_id: str) -> Collection | None:
        """The collection of exactly this id."""
        return self._by_id.get(collection_id)

    def has_index(self, collection_id: str, field: Field) -> bool:
        """Whether records can be looked up by the values of a field."""
        is_indexed = self.indexed is None or (collection_id, field.id) in self.indexed
        return is_indexed or field.type == "relation"

    def find(self, name_or_id: str) -> Collection | None:
        """The first whose name matches in any case, letter by letter, or whose id matches exactly
        (pocketbase.md §3.2)."""
        folded = name_or_id.casefold()
        for collection in self._ordered:
            is_as_long = len(collection.name) == len(name_or_id)  # "ß" folds to two letters
            has_name = is_as_long and collection.name.casefold() == folded
            if has_name or collection.id == name_or_id:
                return collection
        return None


class Reader(Protocol):
    """The stored records at one moment."""

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record, or ``None``."""

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> Mapping[str, Record]:
        """Those of the records that exist, by id."""

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> Sequence[str]:
        """Ids of the records whose field has one of the values, which are keys of
        ``rules.lookups``. At most ``limit`` + 1, which tells that there are too many."""

    def all(self, collection_id: str, limit: int) -> Iterable[Record]:
        """The collection's records; at most ``limit`` + 1, which tells the same."""


@dataclass(frozen=True, slots=True)
class Settings:
    """PocketBase's settings as far as they decide about files (pocketbase.md §2.6, §8.2)."""

    superuser_ips: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Settings":
        """The settings JSON of the row ``settings`` in ``_params``."""
        return cls(superuser_ips=tuple(raw.get("superuserIPs") or ()))
