"""Which fields rules look up by equality, and under which texts their values are found.

``sync`` writes an index item for each value of these fields, so that a rule reads only the records
that fit.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator

from pocketfiles.catalogue.model import Collection, Collections, Field, Value
from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import parse
from pocketfiles.rules.request import split_modifier
from pocketfiles.rules.tree import Comparison, Identifier, Operand

MAX_KEY_BYTES = 256
"""Bytes of a value as a key; a longer one is found by its SHA-256."""

_PREFIX = "@collection."
_EQUALITIES = frozenset({"=", "?=", "!="})
_NOT_INDEXED = frozenset({"json", "geoPoint", "bool"})
"""Types without an index: JSON compares by what it holds, and half the records share a bool."""

_NUMERIC = re.compile(
    r"[ \t\n\v\f\r]*+([+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)[ \t\n\v\f\r]*+"
)

_INFINITE = {"Inf": math.inf, "-Inf": -math.inf}
"""How SQLite writes them."""


def indexed_fields(collections: Collections) -> frozenset[tuple[str, str]]:
    """Every field that a view rule compares by equality in ``@collection``: collection id and field
    id."""
    found = set()
    for asking in collections:
        for comparison in _comparisons(asking.view_rule):
            if comparison.sign not in _EQUALITIES:
                continue
            for side in (comparison.left, comparison.right):
                for collection, field in _looked_up(side, collections):
                    found.add((collection.id, field.id))
    return frozenset(found)


def index_values(field: Field, raw: Value) -> tuple[str, ...]:
    """The keys under which a record with this column is found; an empty value has none."""
    keys: dict[str, None] = {}
    for value in _items(raw) if field.multiple else [raw]:
        if value not in {None, ""}:
            keys[index_key(field, value)] = None
    return tuple(keys)


def index_key(field: Field, value: Value) -> str:
    """The key of one value. Values that SQLite may call equal, such as 5 and '5.0', share theirs.

    The key of a relation's value is the id itself.
    """
    if field.type == "relation":
        return str(value)
    number = _as_number(value)
    if number is not None and not math.isnan(number):
        return repr(number + 0.0)  # -0.0 equals 0.0
    written = str(value)
    encoded = written.encode(errors="replace")
    if len(encoded) <= MAX_KEY_BYTES:
        return written
    return f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def indexable(field: Field) -> bool:
    """Whether an index can tell which records have a value; an id needs none."""
    return field.type not in _NOT_INDEXED and field.name != "id"


def _items(raw: Value) -> list[Value]:
    """The items of a column that holds a JSON array, or its one value."""
    try:
        found = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError):
        return [raw]
    if not isinstance(found, list):
        return [raw]
    return [item for item in found if isinstance(item, str | int | float)]


def _as_number(value: Value) -> float | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return float(value)
    numeric = _NUMERIC.fullmatch(value)
    if numeric is None:
        return _INFINITE.get(value)
    return float(numeric[1])


def _comparisons(rule: str | None) -> tuple[Comparison, ...]:
    try:
        return parse(rule).comparisons if rule else ()
    except RuleError:
        return ()


def _looked_up(side: Operand, collections: Collections) -> Iterator[tuple[Collection, Field]]:
    """The field of ``@collection.NAME.FIELD``, of ``FIELD.id``, and of a list's ``FIELD:each``."""
    if not isinstance(side, Identifier) or not side.name.startswith(_PREFIX):
        return
    named, _, path = side.name.removeprefix(_PREFIX).partition(".")
    collection = collections.find(named.partition(":")[0])
    part, _, rest = path.partition(".")
    try:
        name, modifier = split_modifier(part)
    except RuleError:
        return
    field = collection.field(name) if collection else None
    if collection is None or field is None or not indexable(field):
        return
    compared_by = "each" if field.multiple else ""
    if rest == "id" or (modifier == compared_by and not rest):
        yield collection, field
