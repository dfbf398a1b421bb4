"""Paths from row to row: which column of which joined row stands at their end (pocketbase.md §7.5,
§7.8).

``team.members.name`` goes from a document to its team, to the team's members, and ends at a column
of theirs. Every hop joins the row that it leads to, twice: in the query itself, and in the subquery
that asks whether all values fit.
"""

import re
from dataclasses import dataclass, field, replace

from pocketfiles.catalogue.model import Collection, Collections, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules import joins
from pocketfiles.rules.joins import INNER, Join
from pocketfiles.rules.query import NULL, Key, Many, Operand, Query
from pocketfiles.rules.request import MULTI_TYPES, split_modifier

MAX_HOPS = 6

_BACK = re.compile(r"(\w+)_via_(\w+)", re.ASCII)
_LABELS = re.compile(r"(?:\.\w++|\[[0-9]++\])*", re.ASCII)


@dataclass(slots=True)
class Path:
    """A way from the record to a joined row.

    ``row`` is its name in the query itself, ``inner`` in the subquery of all values, which has
    ``inner_joins``. ``many``: the way may lead to several rows. ``lenient``: an unknown field at
    its end is NULL, not an error. ``key``: ``row`` is a record of ``@collection``, or an item or
    record named by one.
    """

    collection: Collection
    row: str
    inner: str
    many: bool = False
    lenient: bool = False
    inner_joins: list[Join] = field(default_factory=list)
    key: Key | None = None

    def columns(self, name: str) -> tuple[str, str]:
        """A column in SQL: in the query itself, and in the subquery of all values."""
        return joins.column(self.row, name), joins.column(self.inner, name)


class Paths:
    """Follows paths, and joins to the query what lies on them. Raises ``RuleError`` where one leads
    nowhere."""

    def __init__(self, query: Query, collections: Collections) -> None:
        self._query = query
        self._collections = collections

    def find(self, name_or_id: str) -> Collection | None:
        """A collection by name or id; the record's own counts before others."""
        own = self._query.collection
        if name_or_id in {own.name, own.id}:
            return own
        return self._collections.find(name_or_id)

    def related(self, relation: Field) -> Collection:
        """The collection that a relation leads to."""
        collection = self.find(relation.collection_id)
        if collection is None:
            raise RuleError(f"the relation {relation.name} leads to no collection")
        return collection

    def from_record(self) -> Path:
        """The path that begins at the record itself."""
        own = self._query.collection
        return Path(own, own.name, INNER + own.name)

    def from_rows(self, row: str, kind: joins.Kind, collection: Collection, condition: str) -> Path:
        """A path that begins at rows of a collection whose id fits the condition."""
        inner = INNER + row
        table = joins.quoted(collection.name)
        target = condition.removeprefix("IN (").removesuffix(")") if kind == "sent" else ""
        outer_on = joins.on_id(row, condition)
        inner_on = joins.on_id(inner, condition)
        outer_join = Join(row, kind, table, outer_on, collection=collection, target=target)
        inner_join = Join(inner, kind, table, inner_on, collection=collection)
        self._query.join(outer_join)
        return Path(collection, row, inner, inner_joins=[inner_join])

    def walk(self, path: Path, parts: list[str]) -> Operand:
        """Follow a path from a row; the last part names a column, perhaps with a modifier."""
        for hop, part in enumerate(parts[:-1]):
            found = self._query.field(path.collection, part)
            rest = parts[hop + 1 :]
            if found is not None and found.type in {"json", "geoPoint"}:
                return self._value(path, found, joins.json_path(rest))
            if hop >= MAX_HOPS:
                raise RuleError(f"more than {MAX_HOPS} relations in a row at {part}")
            if found is None:
                leads_back = self._back(path, part)
                if not leads_back:
                    return self._missing(path, part)
            elif found.type != "relation":
                raise RuleError(f"{part} is no relation")
            elif rest == ["id"] and not found.multiple:
                self.related(found)
                return self._last(path, found.name)
            else:
                self._follow(path, found)
        return self._last(path, parts[-1])

    # Hops

    def _follow(self, path: Path, relation: Field) -> None:
        """Go to the row or rows that a relation names."""
        related = self.related(relation)
        row = f"{path.row}_{relation.name}"
        inner = f"{path.inner}_{relation.name}"
        path.key = self._column_key(path, relation)
        if relation.multiple:
            self._join_items(path, relation, f"__je_{row}", f"{inner}_je")
            outer_join = joins.linked(f"__je_{row}", related, row)
            inner_join = joins.linked(f"{inner}_je", related, inner)
            path.many = True
        else:
            outer_join = joins.singly_related(path.row, relation, related, row)
            inner_join = joins.singly_related(path.inner, relation, related, inner)
        self._query.join(outer_join)
        path.inner_joins.append(inner_join)
        path.collection = related
        path.row = row
        path.inner = inner

    def _back(self, path: Path, part: str) -> bool:
        """Go to the rows that refer to this one, ``COLLECTION_via_FIELD``; false when it means
        nothing."""
        referring = self._referring(path.collection, part)
        if referring is None:
            return False
        collection, relation = referring
        self._query.note(collection)[relation.name] = relation
        row = f"{path.row}_{part}"
        inner = f"{path.inner}_{part}"
        self._query.join(joins.back_related(path.row, collection, relation, row))
        path.inner_joins.append(joins.back_related(path.inner, collection, relation, inner))
        path.many = path.many or not joins.is_unique(collection, relation)
        path.key = None
        path.collection = collection
        path.row = row
        path.inner = inner
        return True

    def _referring(self, target: Collection, part: str) -> tuple[Collection, Field] | None:
        """The collection and its relation to the target that ``COLLECTION_via_FIELD`` names."""
        match = _BACK.fullmatch(part)
        if match is None:
            return None
        name, relation_name = match.groups()
        collection = self.find(name)
        if collection is None:
            return None
        relation = collection.field(relation_name)
        if relation is None or relation.type != "relation":
            return None
        if relation.collection_id != target.id:
            return None
        return collection, relation

    def _join_items(self, path: Path, listing: Field, row: str, inner: str) -> None:
        """Join each value of a list in a column."""
        self._query.join(joins.items_of(path.row, listing, row))
        path.inner_joins.append(joins.items_of(path.inner, listing, inner))

    # The end of a path

    def _last(self, path: Path, part: str) -> Operand:
        """The end of a path, where modifiers may stand (§7.5)."""
        name, modifier = split_modifier(part)
        found = self._query.field(path.collection, name)
        if found is None:
            return self._missing(path, name)
        if found.type in MULTI_TYPES and modifier == "each":
            return self._each(path, found)
        if found.type in MULTI_TYPES and modifier == "length":
            outer, inner = path.columns(found.name)
            return self._operand(path, joins.length(outer), joins.length(inner))
        operand = self._value(path, found, "" if found.type == "json" else None)
        if modifier == "lower":
            return operand.lowered()
        return replace(operand, key=self._key(path, found))

    def _missing(self, path: Path, part: str) -> Operand:
        if path.lenient:
            return NULL
        raise RuleError(f"no such field: {part}")

    def _each(self, path: Path, listing: Field) -> Operand:
        """Each value of a list in a column."""
        row = f"__je_{path.row}_{listing.name}"
        inner = f"__je_{path.inner}_{listing.name}"
        self._join_items(path, listing, row, inner)
        path.many = path.many or listing.multiple
        # A column of one value is found by that value, even if it holds a list.
        key = self._column_key(path, listing) if listing.multiple else None
        path.row = row
        path.inner = inner
        operand = self._operand(path, *path.columns("value"))
        return replace(operand, key=key)

    def _key(self, path: Path, found: Field) -> Key | None:
        """What the records of ``@collection`` can be looked up by at the end of this path."""
        leads_to_id = path.key is not None and path.key.field.type == "relation"
        if leads_to_id and found.name == "id":
            return path.key
        if found.multiple:
            return None  # a list is compared as one text, but found by its items
        return self._column_key(path, found)

    def _column_key(self, path: Path, found: Field) -> Key | None:
        """A column of the path's row, if that is a record of ``@collection``."""
        own = self._query.joins.get(path.row)
        if own is None or own.kind != "all":
            return None
        return Key(path.row, path.collection, found)

    def _value(self, path: Path, found: Field, json_path: str | None) -> Operand:
        """A column, or what lies at a JSON path in it."""
        outer, inner = path.columns(found.name)
        if json_path is None:
            return self._operand(path, outer, inner)
        if not _LABELS.fullmatch(json_path):
            self._query.may_fail = True
        outer_value = joins.extracted(outer, json_path)
        inner_value = joins.extracted(inner, json_path)
        operand = self._operand(path, outer_value, inner_value)
        return replace(operand, fallback="never")

    def _operand(self, path: Path, outer: str, inner: str) -> Operand:
        many = Many(inner, tuple(path.inner_joins)) if path.many else None
        return Operand(outer, rows=(path.row,), many=many)
