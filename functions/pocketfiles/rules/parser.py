"""The tokens of a rule as a tree (pocketbase.md §7.1)."""

import math
from functools import lru_cache

from pocketfiles.errors import RuleError
from pocketfiles.rules.scanner import Scanner, Token, failure
from pocketfiles.rules.tree import (
    And,
    Call,
    Comparison,
    Expression,
    Identifier,
    Number,
    Operand,
    Or,
    Rule,
    Text,
)

MAX_COMPARISONS = 200
_MAX_CALL_DEPTH = 3
_OPERANDS = frozenset({"name", "text", "number"})
_OPERAND = "a field, a text, a number or a function"
_SIGN = "a comparison such as = or !~"


@lru_cache(maxsize=512)
def parse(text: str) -> Rule:
    """The tree of a rule; raises ``RuleError`` that names the place when the text is none."""
    return _Parser(text).rule()


class _Parser:
    """Reads a rule in PocketBase's steps: operand, sign, operand, then a join.

    A group may stand at any step. What was read of a comparison before it is dropped, and a group
    without a join before it is joined as the one before was: ``a = (b = 1)`` is ``b = 1``. Groups
    nest on a list, not on the stack: ten thousand parentheses must not exhaust the interpreter.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._scanner = Scanner(text)
        self._comparisons: list[Comparison] = []
        self._requests: dict[str, None] = {}

    def rule(self) -> Rule:
        """``rule = part { ("&&" | "||") part }``, ``part = comparison | "(" rule ")"``; && binds
        tighter."""
        groups = [_Group(0, len(self._text))]
        while True:
            group = groups[-1]
            token = self._scanner.token(group.position, group.end)
            if token.kind == "(":
                end = self._scanner.closing(token.start, group.end)
                group.position = end + 1
                groups.append(_Group(token.end, end))
            elif token.kind != "end":
                self._read(group, token)
            elif not group.complete:
                raise self._expected(group.wanted, token.start)
            elif len(groups) > 1:
                groups.pop()
                groups[-1].add(group.tree())
            else:
                break
        return Rule(
            text=self._text,
            root=groups[0].tree(),
            comparisons=tuple(self._comparisons),
            requests=tuple(self._requests),
        )

    def _read(self, group: "_Group", token: Token) -> None:
        """One step: the operand, sign or join that ``token`` begins."""
        if group.complete:
            if token.kind != "join":
                raise self._expected("&& or ||", token.start)
            group.joined(token.value)
            group.position = token.end
        elif group.left is None:
            group.left = self._operand(token, group.end)
            group.position = self._operand_end
            group.start = token.start
        elif not group.sign:
            if token.kind != "sign":
                raise self._expected(group.wanted, token.start)
            group.sign = token.value
            group.position = token.end
        else:
            right = self._operand(token, group.end)
            group.position = self._operand_end
            group.add(self._comparison(group, group.left, right))

    def _comparison(self, group: "_Group", left: Operand, right: Operand) -> Comparison:
        number = len(self._comparisons)
        if number == MAX_COMPARISONS:
            problem = f"more than {MAX_COMPARISONS} comparisons"
            raise failure(problem, self._text, group.start)
        found = Comparison(left, group.sign, right, number, group.start, self._operand_end)
        self._comparisons.append(found)
        return found

    def _operand(self, token: Token, limit: int, depth: int = 0) -> Operand:
        """``operand = text | number | name | name "(" arguments``, without a gap before the
        parenthesis."""
        if token.kind not in _OPERANDS:
            raise self._expected(_OPERAND, token.start)
        self._operand_end = token.end
        if token.kind == "text":
            return Text(token.value, token.start)
        if token.kind == "number":
            return Number(_value(token.value), token.start)
        name_end = token.start + len(token.value)
        if name_end < limit and self._text[name_end] == "(":
            return self._call(token, name_end + 1, limit, depth)
        if token.value.startswith("@request."):
            self._requests[token.value] = None
        return Identifier(token.value, token.start)

    def _call(self, name: Token, position: int, limit: int, depth: int) -> Call:
        """``arguments = [ operand { "," operand } [ "," ] ] ")"``."""
        if depth == _MAX_CALL_DEPTH:
            raise failure("functions nested too deep", self._text, name.start)
        arguments: list[Operand] = []
        token = self._scanner.token(position, limit)
        while token.kind != ")":
            arguments.append(self._operand(token, limit, depth + 1))
            token = self._scanner.token(self._operand_end, limit)
            if token.kind == ",":
                token = self._scanner.token(token.end, limit)
            elif token.kind != ")":
                raise self._expected("a comma or a closing parenthesis", token.start)
        self._operand_end = token.end
        return Call(name.value, tuple(arguments), name.start)

    def _expected(self, what: str, position: int) -> RuleError:
        return failure(f"expected {what}", self._text, position)


def _value(number: str) -> float:
    """Go's reading: a number out of range is 0."""
    value = float(number)
    return value if math.isfinite(value) else 0.0


class _Group:
    """What stands between two parentheses: alternatives, each of parts that must all hold."""

    def __init__(self, position: int, end: int) -> None:
        self.position = position
        self.end = end
        self.left: Operand | None = None
        self.sign = ""
        self.start = position
        self.complete = False
        self._or = False
        self._alternatives: list[list[Expression]] = [[]]

    @property
    def wanted(self) -> str:
        """What an unfinished part lacks first."""
        return _OPERAND if self.left is None or self.sign else _SIGN

    def add(self, part: Expression) -> None:
        """A finished part, joined as the last join said."""
        if self._or and self._alternatives[-1]:
            self._alternatives.append([])
        self._alternatives[-1].append(part)
        self.left = None
        self.sign = ""
        self.complete = True

    def joined(self, join: str) -> None:
        """The join before the next part."""
        self._or = join == "||"
        self.complete = False

    def tree(self) -> Expression:
        """The group without needless nesting."""
        alternatives: list[Expression] = []
        for parts in self._alternatives:
            alternatives.append(parts[0] if len(parts) == 1 else And(tuple(parts)))
        if len(alternatives) == 1:
            return alternatives[0]
        return Or(tuple(alternatives))
