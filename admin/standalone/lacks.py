"""What is wrong with the collections of a file, each lack a sentence that names the place.

PocketBase's own exports pass. A key that PocketBase does not write is refused: if it were ignored,
a misspelled ``protected`` would make a file public. A newer PocketBase may write more keys. One is
ignored, with a warning, in an object that has all the keys PocketBase writes there, if it resembles
none of them and is no rule: such an object lacks nothing that could have been misspelled.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import definitions, misspelling
from .definitions import Keys, Kind, shown
from .recognition import (
    NAMING_COLLECTION,
    NAMING_FIELD,
    Raw,
    collection_keys,
    field_keys,
    is_name,
    is_of_newer_type,
    is_one_of,
    may_decide,
)

_LETTERS = "letters, digits and _"


@dataclass
class Findings:
    """What reading a file has found: ``lacks`` refuse it, ``ignored`` are warnings."""

    lacks: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def findings(raw: Sequence[Raw]) -> Findings:
    """Check the collections of a file, each by itself and then against the others."""
    found = Findings()
    for collection, label in zip(raw, labels(raw), strict=True):
        _Collection(collection, label, found).check()
    ids = [each.get("id") for each in raw]
    names = [_folded(each.get("name")) for each in raw]
    found.lacks += _repeated("collections", ids, "id")
    found.lacks += _repeated("collections", names, "name")
    return found


def labels(raw: Sequence[Raw]) -> list[str]:
    """What each collection is called in a sentence: its name, with its position in the file if it
    has no name or others have the same."""
    names = [each.get("name") or each.get("id") for each in raw]
    folded = [_folded(name) for name in names]
    called = []
    for number, name in enumerate(names, 1):
        if not isinstance(name, str):
            called.append(f"collection {number}")
        elif folded.count(name.casefold()) > 1:
            called.append(f"collection {name} (number {number})")
        else:
            called.append(f"collection {name}")
    return called


class _Collection:
    """The check of one collection."""

    def __init__(self, raw: Raw, label: str, found: Findings) -> None:
        self._raw = raw
        self._label = label
        self._found = found

    def check(self) -> None:
        """Add what is found to ``found``."""
        self._check_own()
        fields = self._raw.get("fields")
        if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
            self._lacks("its fields must be an array of objects")
            return
        for number, each in enumerate(fields, 1):
            self._check_field(each, number)
        names = [_folded(each.get("name")) for each in fields]
        for line in _repeated("fields", _field_ids(fields), "id"):
            self._lacks(line)
        for line in _repeated("fields", names, "name"):
            self._lacks(line)

    def _check_own(self) -> None:
        for key in ("id", "name"):
            self._check_naming(key)
        kind = self._raw.get("type")
        self._check_type(kind)
        if "schema" in self._raw and "fields" not in self._raw:
            self._lacks("it has the form of PocketBase before 0.23, which has `schema`")
            return
        known = collection_keys(kind)
        own = _without(self._raw, NAMING_COLLECTION)
        is_known = is_one_of(kind, definitions.COLLECTION_KEYS)
        what = f"{kind} collection" if is_known else "collection"
        self._check_keys(own, known, definitions.OPTIONAL_COLLECTION_KEYS, "", what)
        for token in definitions.TOKENS:
            options = self._raw.get(token)
            if token in known and isinstance(options, dict):
                self._check_keys(options, definitions.TOKEN_KEYS, {}, f"{token}: ", "token")

    def _check_naming(self, key: str) -> None:
        value = self._raw.get(key)
        if value in (None, ""):
            self._lacks(f"it has no {key}")
        elif not is_name(value):
            self._lacks(f"its {key} must be {_LETTERS}, not {shown(value)}")

    def _check_type(self, kind: Any) -> None:
        types = ", ".join(definitions.COLLECTION_KEYS)
        if kind in (None, ""):
            self._lacks(f"it has no type (one of {types})")
        elif not is_one_of(kind, definitions.COLLECTION_KEYS):
            hint = misspelling.hint(str(kind), definitions.COLLECTION_KEYS)
            self._lacks(f"its type must be one of {types}, not {shown(kind)}{hint}")

    def _check_field(self, raw: Raw, number: int) -> None:
        name = raw.get("name")
        place = f"field {name if isinstance(name, str) and name else number}"
        if not name:
            self._lacks(f"{place} has no name")
        elif not is_name(name):
            self._lacks(f"field {number}: its name must be {_LETTERS}, not {shown(name)}")
        elif name in definitions.RESERVED_FIELD_NAMES:
            self._lacks(f"{place}: PocketBase keeps the name {name} to itself")
        field_id = raw.get("id")
        if field_id is not None and not _is_field_id(field_id):
            self._lacks(f"{place}: its id must be a text without #, not {shown(field_id)}")
        kind = raw.get("type")
        is_known = is_one_of(kind, definitions.FIELD_KEYS)
        if is_known:
            self._check_needed(raw, str(kind), place)
        else:
            self._check_unknown_type(raw, kind, place)
        own = _without(raw, NAMING_FIELD)
        what = f"{kind} field" if is_known else "field"
        optional = definitions.OPTIONAL_FIELD_KEYS
        self._check_keys(own, field_keys(kind), optional, f"{place}: ", what)

    def _check_needed(self, raw: Raw, kind: str, place: str) -> None:
        for key in definitions.NEEDED_FIELD_KEYS.get(kind, ()):
            if not raw.get(key):
                self._lacks(f"{place}: {_article(kind)} field needs {key}")

    def _check_unknown_type(self, raw: Raw, kind: Any, place: str) -> None:
        if kind in (None, ""):
            self._lacks(f"{place} has no type")
        elif is_of_newer_type(raw):
            self._ignores(f"{place}: type {kind} is not known")
        else:
            hint = misspelling.hint(str(kind), definitions.FIELD_KEYS)
            types = f"; there are {', '.join(definitions.FIELD_KEYS)}"
            self._lacks(f"{place}: there is no type {shown(kind)}{hint or types}")

    def _check_keys(self, raw: Raw, known: Keys, optional: Keys, place: str, what: str) -> None:
        """Check the values of known keys, and that there are no others.

        ``what`` is the object in a sentence, and ``place`` where it is, with a colon.
        """
        every = {**known, **optional}
        is_complete = bool(known) and known.keys() <= raw.keys()
        for key, value in raw.items():
            if key in every:
                self._check_value(every[key], value, f"{place}{key}")
            elif is_complete and not may_decide(key, every):
                self._ignores(f"{place}key {key} is not known and ignored")
            else:
                hint = misspelling.hint(key, every)
                self._lacks(f"{place}{_article(what)} has no key {key}{hint}")

    def _check_value(self, kind: Kind, value: Any, place: str) -> None:
        if not kind.fits(value):
            wrong = shown(kind.wrong(value))
            self._lacks(f"{place} must be {kind.words}, not {wrong}")

    def _ignores(self, what: str) -> None:
        self._found.ignored.append(f"{self._label}: {what}")

    def _lacks(self, what: str) -> None:
        self._found.lacks.append(f"{self._label}: {what}")


def _is_field_id(value: Any) -> bool:
    return isinstance(value, str) and "#" not in value


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _without(raw: Raw, keys: frozenset[str]) -> Raw:
    return {key: value for key, value in raw.items() if key not in keys}


def _folded(name: Any) -> str | None:
    """A name in the case in which two are the same to PocketBase; ``None`` for what is no text."""
    return name.casefold() if isinstance(name, str) else None


def _field_ids(fields: Sequence[Raw]) -> list[Any]:
    """The ids of the fields. One without an id goes by its name, unless others have the name,
    which is told by itself."""
    names = [each.get("name") for each in fields]
    ids = []
    for each, name in zip(fields, names, strict=True):
        by_name = name if names.count(name) == 1 else None
        ids.append(each.get("id") or by_name)
    return ids


def _repeated(what: str, values: Iterable[Any], key: str) -> Iterator[str]:
    """The ids or names that several have, with the positions of those."""
    positions = defaultdict(list)
    for number, value in enumerate(values, 1):
        if isinstance(value, str) and value:
            positions[value].append(str(number))
    for value, numbers in positions.items():
        if len(numbers) > 1:
            listed = f"{', '.join(numbers[:-1])} and {numbers[-1]}"
            yield f"{what} {listed} have the same {key} {value}"
