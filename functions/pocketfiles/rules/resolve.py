"""Identifiers to SQL: which column of which joined row each stands for (pocketbase.md §7.2, §7.5 to
§7.8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pocketfiles.catalogue.model import Collection, Collections, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules import joins
from pocketfiles.rules.joins import INNER, Join
from pocketfiles.rules.query import AUTH, NULL, Key, Many, Operand, Origin, Query
from pocketfiles.rules.request import BODY, MULTI_TYPES, split_modifier

MAX_HOPS = 6

_ALLOWED = re.compile(
    r"\w[\w.:]*"
    r"|@request\.(?:context|method)"
    r"|@request\.(?:auth|body|query|headers)\.[\w.:]*\w"
    r"|@collection\.\w+(?::\w+)?\.[\w.:]*\w",
    re.ASCII,
)
_BACK = re.compile(r"(\w+)_via_(\w+)", re.ASCII)
_LABELS = re.compile(r"(?:\.\w++|\[[0-9]++\])*", re.ASCII)


@dataclass(slots=True)
class _Path:
    """A way from the record to a joined row: ``row`` in the query itself, ``inner`` in the subquery
    of all values. ``key`` tells that ``row`` is a record of ``@collection``, or an item or record
    named by one."""

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


class Resolver:
    """Turns identifiers into operands; ``sql_shapes`` tells what is known of each ``@request``
    operand (see ``request.RequestValue``), and one not mentioned there is NULL."""

    def __init__(
        self,
        query: Query,
        collections: Collections,
        auth_collection: Collection | None,
        sql_shapes: Mapping[str, str],
    ) -> None:
        self._query = query
        self._base = query.collection
        self._collections = collections
        self._auth_collection = auth_collection
        self._sql_shapes = sql_shapes

    def resolve(self, name: str) -> Operand:
        """The operand of an identifier that is no macro and no literal; ``RuleError`` when there is
        none."""
        if not _ALLOWED.fullmatch(name):
            raise RuleError(f"no such identifier: {name}")
        parts = name.split(".")
        if parts[0] == "@request":
            return self._request(name, parts)
        if parts[0] == "@collection":
            return self._whole_collection(parts)
        path = _Path(self._base, self._base.name, INNER + self._base.name)
        return self._walk(path, parts)

    def _whole_collection(self, parts: list[str]) -> Operand:
        """``@collection.NAME:alias.FIELD``: every row of a collection (§7.7)."""
        name, _, alias = parts[1].partition(":")
        collection = self._find(name)
        if collection is None:
            raise RuleError(f"no such collection: {name}")
        row = f"__collection_alias_{alias}" if alias else f"__collection_{collection.name}"
        path = self._start(row, "all", collection, "")
        path.many = True
        return self._walk(path, parts[2:])

    def _start(self, row: str, kind: joins.Kind, collection: Collection, condition: str) -> _Path:
        """A path that begins at rows of a collection whose id fits the condition."""
        inner = INNER + row
        table = joins.quoted(collection.name)
        target = condition.removeprefix("IN (").removesuffix(")") if kind == "sent" else ""
        outer_on = joins.on_id(row, condition)
        inner_on = joins.on_id(inner, condition)
        outer_join = Join(row, kind, table, outer_on, collection=collection, target=target)
        inner_join = Join(inner, kind, table, inner_on, collection=collection)
        self._query.join(outer_join)
        return _Path(collection, row, inner, inner_joins=[inner_join])

    # @request

    def _request(self, name: str, parts: list[str]) -> Operand:
        shape = self._sql_shapes.get(name, "null")
        if shape == "null":
            return NULL
        if shape in {"true", "false"} or shape.isdecimal():
            return Operand(shape.upper())
        if shape == "record":
            return self._request_record(name, parts)
        if name.startswith(BODY) and name.endswith(":each"):
            return self._request_items(name, parts)
        bound = self._query.bind(Origin("request", name), empty=shape == "empty")
        if name.endswith(":lower"):
            return bound.lowered()
        return bound

    def _request_record(self, name: str, parts: list[str]) -> Operand:
        """A path from the token's owner (§7.6), or from the records that a relation in the body
        names."""
        if parts[1] == "auth" and self._auth_collection is not None:
            owners = self._auth_collection
            path = self._start(f"__auth_{owners.name}", "auth", owners, f"= {AUTH}")
            path.lenient = True
            return self._walk(path, parts[2:])
        relation = self._own_field(parts[2])
        related = self._related(relation)
        ids = self._query.bind(Origin("request", name)).sql
        row = f"__data_{related.name}_{relation.name}"
        path = self._start(row, "sent", related, f"IN (SELECT value FROM json_each({ids}))")
        path.many = relation.multiple
        path.lenient = True
        return self._walk(path, parts[3:])

    def _request_items(self, name: str, parts: list[str]) -> Operand:
        """Each item of a list in the body."""
        own = self._own_field(parts[2])
        row = f"__dataEach_je_{own.name}"
        bound = self._query.bind(Origin("request", name))
        self._query.join(Join(row, "item", f"json_each({bound.sql})"))
        value = joins.column(row, "value")
        if not own.multiple:
            return Operand(value, bound.parameters, rows=(row,))
        inner = INNER + row
        inner_bound = self._query.bind(Origin("request", name))
        items = Join(inner, "item", f"json_each({inner_bound.sql})")
        many = Many(joins.column(inner, "value"), (items,))
        return Operand(value, bound.parameters, rows=(row,), many=many)

    def _own_field(self, part: str) -> Field:
        name, _ = split_modifier(part)
        found = self._base.field(name)
        if found is None:
            raise RuleError(f"no such field: {name}")
        return found

    # Paths

    def _walk(self, path: _Path, parts: list[str]) -> Operand:
        """Follow a path from a row; a lenient one that names an unknown field is NULL (§7.5)."""
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
                self._related(found)
                return self._last(path, found.name)
            else:
                self._follow(path, found)
        return self._last(path, parts[-1])

    def _missing(self, path: _Path, part: str) -> Operand:
        if path.lenient:
            return NULL
        raise RuleError(f"no such field: {part}")

    def _last(self, path: _Path, part: str) -> Operand:
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

    def _key(self, path: _Path, found: Field) -> Key | None:
        """What the records of ``@collection`` can be looked up by at the end of this path."""
        if path.key is not None and path.key.field.type == "relation" and found.name == "id":
            return path.key
        # A list is compared as one text, but found by its items.
        return None if found.multiple else self._column_key(path, found)

    def _column_key(self, path: _Path, found: Field) -> Key | None:
        """A column of the path's row, if that is a record of ``@collection``."""
        own = self._query.joins.get(path.row)
        if own is None or own.kind != "all":
            return None
        return Key(path.row, path.collection, found)

    def _each(self, path: _Path, found: Field) -> Operand:
        """Each item of a list."""
        row = f"__je_{path.row}_{found.name}"
        inner = f"__je_{path.inner}_{found.name}"
        self._query.join(joins.items_of(path.row, found, row))
        path.inner_joins.append(joins.items_of(path.inner, found, inner))
        path.many = path.many or found.multiple
        # A column of one value is found by that value, even if it holds a list.
        key = self._column_key(path, found) if found.multiple else None
        path.row = row
        path.inner = inner
        operand = self._operand(path, *path.columns("value"))
        return replace(operand, key=key)

    def _follow(self, path: _Path, found: Field) -> None:
        """Go to the row or rows that a relation names."""
        related = self._related(found)
        path.key = self._column_key(path, found)
        row = f"{path.row}_{found.name}"
        inner = f"{path.inner}_{found.name}"
        if found.multiple:
            items = f"__je_{row}"
            inner_items = f"{inner}_je"
            self._query.join(joins.items_of(path.row, found, items))
            self._query.join(joins.linked(items, related, row))
            path.inner_joins.append(joins.items_of(path.inner, found, inner_items))
            path.inner_joins.append(joins.linked(inner_items, related, inner))
            path.many = True
        else:
            self._query.join(joins.singly_related(path.row, found, related, row))
            path.inner_joins.append(joins.singly_related(path.inner, found, related, inner))
        path.collection = related
        path.row = row
        path.inner = inner

    def _related(self, found: Field) -> Collection:
        related = self._find(found.collection_id)
        if related is None:
            raise RuleError(f"the relation {found.name} leads to no collection")
        return related

    def _back(self, path: _Path, part: str) -> bool:
        """Go to the rows that refer to this one, ``COLLECTION_via_FIELD``; false when it means
        nothing."""
        match = _BACK.fullmatch(part)
        collection = self._find(match[1]) if match else None
        found = collection.field(match[2]) if match and collection else None
        if collection is None or found is None or found.type != "relation":
            return False
        if found.collection_id != path.collection.id:
            return False
        self._query.note(collection)[found.name] = found
        row = f"{path.row}_{part}"
        inner = f"{path.inner}_{part}"
        self._query.join(joins.back_related(path.row, collection, found, row))
        path.inner_joins.append(joins.back_related(path.inner, collection, found, inner))
        path.many = path.many or not joins.is_unique(collection, found)
        path.key = None
        path.collection = collection
        path.row = row
        path.inner = inner
        return True

    def _find(self, name_or_id: str) -> Collection | None:
        if name_or_id in {self._base.name, self._base.id}:
            return self._base
        return self._collections.find(name_or_id)

    # Values

    def _value(self, path: _Path, found: Field, json_path: str | None) -> Operand:
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

    def _operand(self, path: _Path, outer: str, inner: str) -> Operand:
        many = Many(inner, tuple(path.inner_joins)) if path.many else None
        return Operand(outer, rows=(path.row,), many=many)
