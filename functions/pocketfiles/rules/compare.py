"""Comparisons of two operands in SQL (pocketbase.md §7.8 to §7.11)."""

from pocketfiles.rules.query import NULL, Operand

CONSTANTS = ("1", "0", "TRUE", "FALSE")


def compare(left: Operand, sign: str, right: Operand) -> str:
    """One comparison of two values in SQL."""
    if sign in ("=", "!="):
        return equal(left, right, negated=sign == "!=")
    if sign in ("~", "!~"):
        return like(left, right, negated=sign == "!~")
    return f"{left.sql} {sign} {right.sql}"


def like(left: Operand, right: Operand, *, negated: bool) -> str:
    """``~`` and ``!~``: a bound right side is a pattern already, any other is wrapped here (§7.11).

    ``affordable`` gives its pattern back, or stops the query (see ``database``).
    """
    pattern = right.sql if right.parameters else f"('%' || {right.sql} || '%')"
    bounded = f"affordable({pattern}, length({left.sql}))"
    return f"{left.sql} {'NOT ' if negated else ''}LIKE {bounded} ESCAPE '\\'"


def equal(left: Operand, right: Operand, *, negated: bool = False) -> str:
    """``=`` and ``!=``, the five cases of §7.9 in their order."""
    same = "IS NOT" if negated else "="
    if left.strict or right.strict:
        return f"{left.sql} {'IS NOT' if negated else 'IS'} {right.sql}"
    if _empty(left) and _empty(right):
        return f"'' {same} ''"
    if _constant(left) or _constant(right):
        return f"{_or_empty(left)} {same} {_or_empty(right)}"
    if _empty(left) or _empty(right):
        column = right.sql if _empty(left) else left.sql
        if negated:
            return f"({column} IS NOT '' AND {column} IS NOT NULL)"
        return f"({column} = '' OR {column} IS NULL)"
    return f"COALESCE({left.sql}, '') {same} COALESCE({right.sql}, '')"


def no_violation(left: Operand, sign: str, right: Operand) -> str:
    """No value, or pair of values, for which the comparison is false; NULL violates nothing (§7.8).

    A side with one value keeps its SQL but, as in PocketBase, not its ``strict`` or ``nullable``.
    """
    ones, froms = [], []
    for side, alias in ((left, "l"), (right, "r")):
        if side.many:
            froms.append(f"({side.many}) AS {alias}")
            ones.append(Operand(f"{alias}.value", strict=side.strict, nullable=side.nullable))
        else:
            ones.append(Operand(side.sql, side.parameters))
    violated = f"NOT ({compare(ones[0], sign, ones[1])})"
    return f"NOT EXISTS (SELECT 1 FROM {' LEFT JOIN '.join(froms)} WHERE {violated})"


def _empty(operand: Operand) -> bool:
    """NULL or a bound ''."""
    bound = len(operand.parameters) == 1 and operand.parameters[0].empty and not operand.nullable
    return operand.sql == NULL.sql or bound


def _constant(operand: Operand) -> bool:
    """A bound value that is not empty, or 1, 0, true, false."""
    if operand.nullable:
        return False
    bound = bool(operand.parameters) and not any(
        parameter.empty for parameter in operand.parameters
    )
    return operand.sql in CONSTANTS or bound


def _or_empty(operand: Operand) -> str:
    return "''" if _empty(operand) else operand.sql
