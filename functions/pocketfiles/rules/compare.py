"""Comparisons of two operands in SQL (pocketbase.md §7.8 to §7.11)."""

from pocketfiles.catalogue.model import Collection
from pocketfiles.rules.joins import INNER, column, quoted
from pocketfiles.rules.query import NULL, Many, Operand

_CONSTANTS = frozenset({"1", "0", "TRUE", "FALSE"})
_LEFT = "__ml"
_RIGHT = "__mr"
_VALUE = "multiMatchValue"


def compare(left: Operand, sign: str, right: Operand) -> str:
    """One comparison of two values in SQL."""
    if sign in {"=", "!="}:
        return equal(left, right, negated=sign == "!=")
    if sign in {"~", "!~"}:
        return like(left, right, negated=sign == "!~")
    return f"{left.sql} {sign} {right.sql}"


def like(left: Operand, right: Operand, *, negated: bool) -> str:
    """``~`` and ``!~``: what is bound on the right is a pattern already, any other side is wrapped
    here (§7.11). ``affordable`` gives its pattern back, or stops the query (see ``database``)."""
    pattern = right.sql if right.parameters else f"('%' || {right.sql} || '%')"
    bounded = f"affordable({pattern}, length({left.sql}))"
    operator = "NOT LIKE" if negated else "LIKE"
    return f"{left.sql} {operator} {bounded} ESCAPE '\\'"


def equal(left: Operand, right: Operand, *, negated: bool = False) -> str:
    """``=`` and ``!=``, the five cases of §7.9 in their order."""
    same = "IS NOT" if negated else "="
    if "never" in {left.fallback, right.fallback}:
        return f"{left.sql} {'IS NOT' if negated else 'IS'} {right.sql}"
    if is_empty(left) and is_empty(right):
        return f"'' {same} ''"
    if is_constant(left) or is_constant(right):
        return f"{_or_empty(left)} {same} {_or_empty(right)}"
    if is_empty(left) or is_empty(right):
        value = right.sql if is_empty(left) else left.sql
        if negated:
            return f"({value} IS NOT '' AND {value} IS NOT NULL)"
        return f"({value} = '' OR {value} IS NULL)"
    return f"COALESCE({left.sql}, '') {same} COALESCE({right.sql}, '')"


def every(left: Operand, sign: str, right: Operand, base: Collection) -> str:
    """That no value, or pair of values, makes the comparison false; NULL does not (§7.8).

    A side with one value keeps its SQL but, as in PocketBase, not its ``fallback``.
    """
    sides = []
    values = []
    for side, name in ((left, _LEFT), (right, _RIGHT)):
        if side.many:
            sides.append(f"({_all_values(side.many, base)}) {quoted(name)}")
            values.append(Operand(column(name, _VALUE), fallback=side.fallback))
        else:
            values.append(Operand(side.sql, side.parameters))
    fails = f"NOT ({compare(values[0], sign, values[1])})"
    return f"NOT EXISTS (SELECT 1 FROM {' LEFT JOIN '.join(sides)} WHERE {fails})"


def _all_values(many: Many, base: Collection) -> str:
    """The values, each once; 1 and 1.0 are two, because as texts they differ."""
    own = INNER + base.name
    joins = " ".join(join.sql for join in many.joins)
    return (
        f"SELECT DISTINCT {many.sql} AS {quoted(_VALUE)}, typeof({many.sql})"
        f" FROM {quoted(base.name)} {quoted(own)} {joins}"
        f" WHERE {column(own, 'id')} = {column(base.name, 'id')}"
    )


def is_empty(operand: Operand) -> bool:
    """Whether an operand is NULL or a bound ''."""
    bound = len(operand.parameters) == 1 and operand.parameters[0].empty
    return operand.sql == NULL.sql or (operand.fallback == "auto" and bound)


def is_constant(operand: Operand) -> bool:
    """Whether an operand is a bound value that is not empty, or 1, 0, true, false."""
    if operand.fallback == "always":
        return False
    if operand.sql in _CONSTANTS:
        return True
    has_empty = any(parameter.empty for parameter in operand.parameters)
    return bool(operand.parameters) and not has_empty


def _or_empty(operand: Operand) -> str:
    return "''" if is_empty(operand) else operand.sql
