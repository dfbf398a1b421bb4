"""Identifiers to SQL: where each begins, at the record, at ``@collection`` or at ``@request``
(pocketbase.md §7.2, §7.6, §7.7). ``paths`` follows them from there."""

import re
from collections.abc import Mapping

from pocketfiles.catalogue.model import Collection, Collections, Field
from pocketfiles.errors import RuleError
from pocketfiles.rules import joins
from pocketfiles.rules.joins import INNER, Join
from pocketfiles.rules.paths import Paths
from pocketfiles.rules.query import AUTH, NULL, Many, Operand, Origin, Query
from pocketfiles.rules.request import BODY, split_modifier

_ALLOWED = re.compile(
    r"\w[\w.:]*"
    r"|@request\.(?:context|method)"
    r"|@request\.(?:auth|body|query|headers)\.[\w.:]*\w"
    r"|@collection\.\w+(?::\w+)?\.[\w.:]*\w",
    re.ASCII,
)


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
        self._paths = Paths(query, collections)
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
        return self._paths.walk(self._paths.from_record(), parts)

    def _whole_collection(self, parts: list[str]) -> Operand:
        """``@collection.NAME:alias.FIELD``: every row of a collection (§7.7)."""
        name, _, alias = parts[1].partition(":")
        collection = self._paths.find(name)
        if collection is None:
            raise RuleError(f"no such collection: {name}")
        row = f"__collection_alias_{alias}" if alias else f"__collection_{collection.name}"
        path = self._paths.from_rows(row, "all", collection, "")
        path.many = True
        return self._paths.walk(path, parts[2:])

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
            return self._owner(self._auth_collection, parts)
        return self._sent_records(name, parts)

    def _owner(self, owners: Collection, parts: list[str]) -> Operand:
        path = self._paths.from_rows(f"__auth_{owners.name}", "auth", owners, f"= {AUTH}")
        path.lenient = True
        return self._paths.walk(path, parts[2:])

    def _sent_records(self, name: str, parts: list[str]) -> Operand:
        relation = self._own_field(parts[2])
        related = self._paths.related(relation)
        ids = self._query.bind(Origin("request", name)).sql
        row = f"__data_{related.name}_{relation.name}"
        is_sent = f"IN (SELECT value FROM json_each({ids}))"
        path = self._paths.from_rows(row, "sent", related, is_sent)
        path.many = relation.multiple
        path.lenient = True
        return self._paths.walk(path, parts[3:])

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
        found = self._query.collection.field(name)
        if found is None:
            raise RuleError(f"no such field: {name}")
        return found
