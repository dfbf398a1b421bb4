"""One side of a comparison as SQL: literals, macros, functions and identifiers (pocketbase.md §7.1
to §7.4)."""

from collections.abc import Mapping

from pocketfiles.errors import RuleError
from pocketfiles.rules.compare import equal
from pocketfiles.rules.functions import check_call, geo_distance, strftime
from pocketfiles.rules.macros import MACROS
from pocketfiles.rules.query import NULL, Operand, Origin, Query
from pocketfiles.rules.request import BODY
from pocketfiles.rules.resolve import Resolver
from pocketfiles.rules.scanner import failure
from pocketfiles.rules.tree import Call, Number, Text
from pocketfiles.rules.tree import Operand as Node

_TRUE = Operand("1")
_LITERALS = {"null": NULL, "true": _TRUE, "false": Operand("0")}


class Operands:
    """Turns the operands of one rule into SQL. An error says where in ``text`` it is."""

    def __init__(
        self, text: str, query: Query, resolver: Resolver, sql_shapes: Mapping[str, str]
    ) -> None:
        self._text = text
        self._query = query
        self._resolve = resolver.resolve
        self._sql_shapes = sql_shapes

    def operand(self, node: Node) -> Operand:
        """The SQL of one side; an error says where in the rule it is."""
        if isinstance(node, Text | Number):
            return self._query.bind(Origin("value", node.value), empty=node.value == "")
        try:
            if isinstance(node, Call):
                check_call(node)
                return self._call(node)
            return self._identifier(node.name)
        except RuleError as error:
            if " at line " in error.reason:
                raise
            raise failure(error.reason, self._text, node.start) from None

    def _identifier(self, name: str) -> Operand:
        """Macros, then fields; ``null``, ``true`` and ``false`` only where no field has the name
        (§7.1)."""
        if name in MACROS:
            return self._query.bind(Origin("macro", name))
        literal = _LITERALS.get(name.lower())
        if literal is not None and self._query.collection.field(name) is None:
            return literal
        if self._sql_shapes.get(name) == "changed":
            return self._changed(name.removesuffix(":changed"))
        return self._resolve(name)

    def _changed(self, name: str) -> Operand:
        """``@request.body.FIELD:changed``: the key was sent and differs from the stored value
        (§7.2).

        In a function the placeholder stays, and SQLite refuses the query as it refuses
        PocketBase's.
        """
        sent = equal(self._resolve(name + ":isset"), _TRUE)
        stored = self._resolve(name.removeprefix(BODY))
        differs = equal(self._resolve(name), stored, negated=True)
        placeholder = f"@changed@{name.removeprefix(BODY)}"
        meaning = f"({sent} AND {differs})"
        return Operand(placeholder, fallback="never", placeholder=placeholder, meaning=meaning)

    def _call(self, node: Call) -> Operand:
        """A function's value (§7.4)."""
        operands = [self.operand(argument) for argument in node.arguments]
        if node.name == "geoDistance":
            return geo_distance(operands)
        time = node.arguments[1] if len(node.arguments) > 1 else None
        if isinstance(time, Text) and time.value.lower() == "now":
            name = operands[1].parameters[0].name
            self._query.parameters[name] = Origin("clock", time.value)
        return strftime(operands)
