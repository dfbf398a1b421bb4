"""What is wrong with the collections of a file, each lack a sentence that names the place.

PocketBase's own exports pass. A key that PocketBase does not write is refused: if it were ignored,
a misspelled ``protected`` would make a file public. A newer PocketBase may write more keys. One is
ignored, with a warning, in an object that has all the keys PocketBase writes there, if it resembles
none of them and is no rule: such an object lacks nothing that could have been misspelled.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import definitions, misspelling
from .definitions import Keys, shown

_NAME = re.compile(r"[A-Za-z0-9_]+")
_LETTERS = "letters, digits and _"
Raw = dict[str, Any]


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
    found.lacks += _repeated("collections", [each.get("id") for each in raw], "id")
    found.lacks += _repeated("collections", _folded(each.get("name") for each in raw), "name")
    return found


def labels(raw: Sequence[Raw]) -> list[str]:
    """What each collection is called in a sentence: its name, with its position in the file if it
    has no name or others have the same."""
    names = [*_folded(each.get("name") or each.get("id") for each in raw)]
    called = []
    for number, (each, name) in enumerate(zip(raw, names, strict=True), 1):
        if not isinstance(name, str):
            called.append(f"collection {number}")
        elif names.count(name) > 1:
            called.append(f"collection {each.get('name') or each.get('id')} (number {number})")
        else:
            called.append(f"collection {each.get('name') or each.get('id')}")
    return called


def readable(raw: Raw, number: int) -> Raw:
    """What can be read of a collection, as far as its rule and the rules of others need it.

    ``number`` stands for what cannot: an id or name that no other collection has.
    """
    fields = raw.get("fields")
    listed = fields if isinstance(fields, list) else []
    kind = raw.get("type")
    kept = _fitting(raw, _collection_keys(kind))
    unknown = f"?{number}"
    return {
        "id": raw["id"] if _is_name(raw.get("id")) else unknown,
        "name": raw["name"] if _is_name(raw.get("name")) else unknown,
        "type": kind if _is_one_of(kind, definitions.COLLECTION_KEYS) else "auth",
        "viewRule": kept.get("viewRule"),
        "indexes": kept.get("indexes"),
        "fields": [_readable_field(each) for each in listed if _is_named(each)],
    }


def recognised(raw: Raw) -> Raw:
    """A sound collection without the keys that are ignored, so that they mean nothing to us
    either."""
    known = {*_collection_keys(raw["type"]), *_NAMING_COLLECTION}
    fields = []
    for each in raw["fields"]:
        field_keys = {*_field_keys(each["type"]), *_NAMING_FIELD}
        fields.append({key: each[key] for key in each if key in field_keys})
    return {**{key: raw[key] for key in raw if key in known}, "fields": fields}


def _readable_field(raw: Raw) -> Raw:
    kind = str(raw.get("type"))
    meant = misspelling.of(kind, definitions.FIELD_KEYS, misspelling.TYPE)
    kept = _fitting(raw, _field_keys(kind))
    return {"id": str(raw.get("id") or ""), "name": raw["name"], "type": meant or kind, **kept}


def _is_named(field: Any) -> bool:
    return isinstance(field, dict) and isinstance(field.get("name"), str)


def _fitting(raw: Raw, known: Keys) -> Raw:
    """The known keys whose values are of their kind."""
    return {key: raw[key] for key in known if key in raw and known[key].fits(raw[key])}


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
        for line in _repeated("fields", _field_ids(fields), "id"):
            self._lacks(line)
        for line in _repeated("fields", _folded(each.get("name") for each in fields), "name"):
            self._lacks(line)

    def _check_own(self) -> None:
        for key in ("id", "name"):
            if self._raw.get(key) in (None, ""):
                self._lacks(f"it has no {key}")
            elif not _is_name(self._raw[key]):
                self._lacks(f"its {key} must be {_LETTERS}, not {shown(self._raw[key])}")
        kind = self._raw.get("type")
        self._check_type(kind)
        if "schema" in self._raw and "fields" not in self._raw:
            self._lacks("it has the form of PocketBase before 0.23, which has `schema`")
            return
        known = _collection_keys(kind)
        own = {key: value for key, value in self._raw.items() if key not in _NAMING_COLLECTION}
        is_known = _is_one_of(kind, definitions.COLLECTION_KEYS)
        what = f"{kind} collection" if is_known else "collection"
        self._check_keys(own, known, definitions.OPTIONAL_COLLECTION_KEYS, "", what)
        for token in definitions.TOKENS:
            if token in known and isinstance(self._raw.get(token), dict):
                self._check_keys(
                    self._raw[token], definitions.TOKEN_KEYS, {}, f"{token}: ", "token"
                )

    def _check_type(self, kind: Any) -> None:
        types = ", ".join(definitions.COLLECTION_KEYS)
        if kind in (None, ""):
            self._lacks(f"it has no type (one of {types})")
        elif not _is_one_of(kind, definitions.COLLECTION_KEYS):
            hint = misspelling.hint(str(kind), definitions.COLLECTION_KEYS)
            self._lacks(f"its type must be one of {types}, not {shown(kind)}{hint}")

    def _check_field(self, raw: Raw, number: int) -> None:
        name = raw.get("name")
        place = f"field {name if isinstance(name, str) and name else number}"
        if not name:
            self._lacks(f"{place} has no name")
        elif not _is_name(name):
            self._lacks(f"field {number}: its name must be {_LETTERS}, not {shown(name)}")
        elif name in definitions.RESERVED_FIELD_NAMES:
            self._lacks(f"{place}: PocketBase keeps the name {name} to itself")
        field_id = raw.get("id")
        if field_id is not None and not _is_field_id(field_id):
            self._lacks(f"{place}: its id must be a text without #, not {shown(field_id)}")
        kind = raw.get("type")
        self._check_field_type(raw, kind, place)
        own = {key: value for key, value in raw.items() if key not in _NAMING_FIELD}
        what = f"{kind} field" if _is_one_of(kind, definitions.FIELD_KEYS) else "field"
        optional = definitions.OPTIONAL_FIELD_KEYS
        self._check_keys(own, _field_keys(kind), optional, f"{place}: ", what)

    def _check_field_type(self, raw: Raw, kind: Any, place: str) -> None:
        if kind in (None, ""):
            self._lacks(f"{place} has no type")
        elif not _is_one_of(kind, definitions.FIELD_KEYS):
            if _is_of_newer_type(raw):
                line = f"{self._label}: {place}: type {kind} is not known"
                self._found.ignored.append(line)
                return
            hint = misspelling.hint(str(kind), definitions.FIELD_KEYS)
            types = f"; there are {', '.join(definitions.FIELD_KEYS)}"
            self._lacks(f"{place}: there is no type {shown(kind)}{hint or types}")
        else:
            for key in definitions.NEEDED_FIELD_KEYS.get(kind, ()):
                if not raw.get(key):
                    self._lacks(f"{place}: {_article(kind)} field needs {key}")

    def _check_keys(self, raw: Raw, known: Keys, optional: Keys, place: str, what: str) -> None:
        """Check the values of known keys, and that there are no others.

        ``what`` is the object in a sentence, and ``place`` where it is, with a colon.
        """
        every = {**known, **optional}
        is_complete = bool(known) and known.keys() <= raw.keys()
        for key, value in raw.items():
            if key in every:
                if not every[key].fits(value):
                    wrong = shown(every[key].wrong(value))
                    self._lacks(f"{place}{key} must be {every[key].words}, not {wrong}")
            elif is_complete and not _may_decide(key, every):
                line = f"{self._label}: {place}key {key} is not known and ignored"
                self._found.ignored.append(line)
            else:
                self._lacks(
                    f"{place}{_article(what)} has no key {key}{misspelling.hint(key, every)}"
                )

    def _lacks(self, what: str) -> None:
        self._found.lacks.append(f"{self._label}: {what}")


_NAMING_COLLECTION = frozenset({"id", "name", "type", "fields"})
_NAMING_FIELD = frozenset({"id", "name", "type"})
"""The keys that are checked one by one."""


def _collection_keys(kind: Any) -> Keys:
    if _is_one_of(kind, definitions.COLLECTION_KEYS):
        return definitions.COLLECTION_KEYS[kind]
    return _all_of(definitions.COLLECTION_KEYS)


def _field_keys(kind: Any) -> Keys:
    """The keys of a field of this type, or of the one that it is a misspelling of."""
    if not isinstance(kind, str):
        return _all_of(definitions.FIELD_KEYS)
    known = misspelling.of(kind, definitions.FIELD_KEYS, misspelling.TYPE)
    return definitions.FIELD_KEYS.get(known, definitions.COMMON_FIELD_KEYS)


def _is_of_newer_type(raw: Raw) -> bool:
    """Whether a field with an unknown type may be a newer PocketBase's: it has all that PocketBase
    writes for any field. It is no file field then."""
    kind = raw["type"]
    is_misspelled = not isinstance(kind, str) or misspelling.of(
        kind, definitions.FIELD_KEYS, misspelling.TYPE
    )
    return not is_misspelled and definitions.COMMON_FIELD_KEYS.keys() <= raw.keys()


def _is_field_id(value: Any) -> bool:
    return isinstance(value, str) and "#" not in value


def _all_of(keys: Mapping[str, Keys]) -> Keys:
    """The keys of all types together, for an object whose type is not known."""
    return {key: kind for each in keys.values() for key, kind in each.items()}


def _is_one_of(value: Any, known: Iterable[str]) -> bool:
    return isinstance(value, str) and value in known


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _may_decide(key: str, known: Iterable[str]) -> bool:
    """Whether an unknown key may be meant to decide about access."""
    return key.casefold().endswith("rule") or bool(misspelling.of(key, known, misspelling.KEY))


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _folded(names: Iterable[Any]) -> Iterator[Any]:
    """The names in one case, in which two are the same to PocketBase."""
    for name in names:
        yield name.casefold() if isinstance(name, str) else None


def _field_ids(fields: Sequence[Raw]) -> list[Any]:
    """The ids of the fields. One without an id goes by its name, unless others have the name,
    which is told by itself."""
    names = [each.get("name") for each in fields]
    return [
        each.get("id") or (name if names.count(name) == 1 else None)
        for each, name in zip(fields, names, strict=True)
    ]


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
