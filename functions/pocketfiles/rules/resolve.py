"""Identifiers to SQL: which column of which joined row each stands for (pocketbase.md §7.2, §7.5 to §7.8)."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from pocketfiles.catalogue.model import Collection, Collections, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules.joins import INNER, OUTER, Join, extracted, length, source
from pocketfiles.rules.query import NULL, Operand, Origin, Query
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
_NOT_IN_LABEL = re.compile(r"\W+", re.ASCII)

_Expression: TypeAlias = Callable[[str], str]
"""A value in SQL, given the scope whose aliases it shall use."""


class Resolver:
    """Turns identifiers into operands; ``sql_shapes`` tells what is known of each ``@request`` operand (see
    ``request.RequestValue``), and one not mentioned there is NULL."""

    def __init__(
        self,
        query: Query,
        collections: Collections,
        auth_collection: Collection | None,
        sql_shapes: Mapping[str, str],
    ) -> None:
        self._query = query
        self._collections = collections
        self._auth_collection = auth_collection
        self._shapes = sql_shapes

    def resolve(self, name: str) -> Operand:
        """The operand of an identifier that is no macro and no literal; ``RuleError`` when there is none."""
        if not _ALLOWED.fullmatch(name):
            raise RuleError(f"no such identifier: {name}")
        parts = name.split(".")
        if parts[0] == "@request":
            return self._request(name, parts)
        if parts[0] == "@collection":
            return self._collection(parts)
        return self._walk(self._query.base, parts)

    def _collection(self, parts: list[str]) -> Operand:
        """``@collection.NAME:alias.FIELD``: every row of a collection (§7.7)."""
        name, _, alias = parts[1].partition(":")
        collection = self._collections.find(name)
        if collection is None:
            raise RuleError(f"no such collection: {name}")
        return self._walk(
            self._query.join("all", None, collection, alias=alias), parts[2:], many=True
        )

    # @request

    def _request(self, name: str, parts: list[str]) -> Operand:
        shape = self._shapes.get(name, "null")
        if shape == "null":
            return NULL
        if shape in ("true", "false") or shape.isdecimal():
            return Operand(shape.upper())
        if shape == "record":
            return self._request_record(name, parts)
        if name.startswith(BODY) and name.endswith(":each"):
            return self._request_items(name, parts)
        bound = self._query.bind(Origin("request", name), empty=shape == "empty")
        return (
            Operand(f"LOWER({bound.sql})", bound.parameters) if name.endswith(":lower") else bound
        )

    def _request_record(self, name: str, parts: list[str]) -> Operand:
        """A path from the token's owner (§7.6), or from the records that a relation in the body names."""
        if parts[1] == "auth":
            join = self._query.join("auth", None, self._auth_collection)
            return self._walk(join, parts[2:], lenient=True)
        field = self._own_field(parts[2])
        bound = self._query.bind(Origin("request", name))
        join = self._query.join("sent", None, self._related(field), field, bound=bound.sql)
        return self._walk(join, parts[3:], lenient=True, many=field.multiple)

    def _request_items(self, name: str, parts: list[str]) -> Operand:
        """Each item of a list in the body."""
        field = self._own_field(parts[2])
        bound = self._query.bind(Origin("request", name))
        join = self._query.join("item", self._query.base, None, field, bound=bound.sql)
        items = self._value(join, lambda scope: join.column("value", scope), many=field.multiple)
        return Operand(items.sql, bound.parameters, joins=items.joins, many=items.many)

    def _own_field(self, part: str) -> Field:
        name, _ = split_modifier(part)
        field = self._query.collection.field(name)
        if field is None:
            raise RuleError(f"no such field: {name}")
        return field

    # Paths

    def _walk(
        self, join: Join, parts: list[str], *, many: bool = False, lenient: bool = False
    ) -> Operand:
        """Follow a path from a joined row; a ``lenient`` one that names an unknown field is NULL (§7.5)."""
        for hop, part in enumerate(parts[:-1]):
            field = self._query.field(join, part)
            rest = parts[hop + 1 :]
            if field is not None and field.type in ("json", "geoPoint"):
                return self._json(join, field, _json_path(rest), many=many)
            if hop >= MAX_HOPS:
                raise RuleError(f"more than {MAX_HOPS} relations in a row at {part}")
            if (
                field is not None
                and field.type == "relation"
                and rest == ["id"]
                and not field.multiple
            ):
                self._related(field)
                return self._column(join, field, "", many=many)
            following = self._follow(join, field, part) if field else self._back(join, part)
            if following is None and lenient:
                return NULL
            if following is None:
                raise RuleError(f"no such field: {part}")
            join, several = following
            many = many or several
        return self._last(join, parts[-1], many=many, lenient=lenient)

    def _last(self, join: Join, part: str, *, many: bool, lenient: bool) -> Operand:
        """The end of a path, where modifiers may stand (§7.5)."""
        name, modifier = split_modifier(part)
        field = self._query.field(join, name)
        if field is None and lenient:
            return NULL
        if field is None:
            raise RuleError(f"no such field: {name}")
        if field.type in MULTI_TYPES and modifier == "length":
            return self._value(join, lambda scope: length(join.column(name, scope)), many=many)
        if field.type in MULTI_TYPES and modifier == "each":
            item = self._query.join("item", join, None, field)
            return self._value(
                item, lambda scope: item.column("value", scope), many=many or field.multiple
            )
        if field.type == "json":
            return self._json(join, field, "", modifier, many=many)
        return self._column(join, field, modifier, many=many)

    def _follow(self, join: Join, field: Field, part: str) -> tuple[Join, bool]:
        """The row or rows a relation names, and whether they can be several."""
        if field.type != "relation":
            raise RuleError(f"{part} is no relation")
        related = self._related(field)
        if not field.multiple:
            return self._query.join("single", join, related, field), False
        item = self._query.join("item", join, None, field)
        return self._query.join("linked", item, related), True

    def _related(self, field: Field) -> Collection:
        related = self._collections.find(field.collection_id)
        if related is None:
            raise RuleError(f"the relation {field.name} leads to no collection")
        return related

    def _back(self, join: Join, part: str) -> tuple[Join, bool] | None:
        """``COLLECTION_via_FIELD``: the rows that refer to this one; ``None`` when it means nothing."""
        match = _BACK.fullmatch(part)
        collection = self._collections.find(match[1]) if match else None
        field = collection.field(match[2]) if match and collection else None
        if field is None or field.type != "relation" or join.collection is None:
            return None
        if field.collection_id != join.collection.id:
            return None
        back = self._query.join("back", join, collection, field)
        self._query.field(back, field.name)
        return back, not back.unique

    # Values

    def _column(self, join: Join, field: Field, modifier: str, *, many: bool) -> Operand:
        def value(scope: str) -> str:
            column = join.column(field.name, scope)
            return f"LOWER({column})" if modifier == "lower" else column

        return self._value(join, value, many=many)

    def _json(
        self, join: Join, field: Field, path: str, modifier: str = "", *, many: bool
    ) -> Operand:
        def value(scope: str) -> str:
            found = extracted(join.column(field.name, scope), path)
            return f"LOWER({found})" if modifier == "lower" else f"({found})"

        return self._value(join, value, many=many, strict=True)

    def _value(
        self, join: Join, value: _Expression, *, many: bool, strict: bool = False
    ) -> Operand:
        path = join.path()
        everything = f"SELECT {value(INNER)} AS value {source(self._query.base, path, INNER)}"
        return Operand(value(OUTER), strict=strict, joins=path, many=everything if many else "")


def _json_path(parts: list[str]) -> str:
    """``.a[0].b`` of ``a.0.b``; characters that no label may hold are dropped, as PocketBase does."""
    labels = (_NOT_IN_LABEL.sub("", part) for part in parts)
    return "".join(f"[{label}]" if label.isdecimal() else f".{label}" for label in labels)
