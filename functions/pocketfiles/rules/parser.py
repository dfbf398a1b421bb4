"""The tokens of a rule as a tree (pocketbase.md §7.1). Each function's docstring is its grammar rule."""

from functools import lru_cache

from pocketfiles.errors import RuleError
from pocketfiles.rules.scanner import Kind, Token, failure, scan
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


@lru_cache(maxsize=512)
def parse(text: str) -> Rule:
    """The tree of a rule; raises ``RuleError`` that names the place when the text is none."""
    parser = _Parser(text)
    root = parser.rule()
    return Rule(text, root, tuple(parser.comparisons), tuple(dict.fromkeys(parser.requests)))


class _Parser:
    """Recursive descent with one token of look-ahead, except that groups nest on a list, not on the stack:
    ten thousand parentheses must not exhaust the interpreter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = scan(text)
        self.token = next(self.tokens)
        self.comparisons: list[Comparison] = []
        self.requests: list[str] = []

    def rule(self) -> Expression:
        """``rule = part { ("&&" | "||") part }``, ``part = comparison | "(" rule ")"``; && binds tighter."""
        groups = [_Group()]
        while True:
            if self.at("("):
                self.take()
                groups.append(_Group())
                continue
            groups[-1].add(self.comparison())
            while self.at(")") and len(groups) > 1:
                self.take()
                closed = groups.pop()
                groups[-1].add(closed.node())
            if not self.at("join"):
                break
            if self.take().value == "||":
                groups[-1].alternative()
        if len(groups) > 1:
            raise self.expected("&&, || or a closing parenthesis")
        if not self.at("end"):
            raise self.expected("&& or ||")
        return groups[0].node()

    def comparison(self) -> Comparison:
        """``comparison = operand sign operand``, at most 200 of them in a rule."""
        start = self.token.start
        if len(self.comparisons) == MAX_COMPARISONS:
            raise failure(f"more than {MAX_COMPARISONS} comparisons", self.text, start)
        left, _ = self.operand()
        if not self.at("sign"):
            raise self.expected("a comparison such as = or !~")
        sign = self.take().value
        right, end = self.operand()
        found = Comparison(left, sign, right, len(self.comparisons), start, end)
        self.comparisons.append(found)
        return found

    def operand(self, depth: int = 0) -> tuple[Operand, int]:
        """``operand = text | number | name | name "(" arguments`` without a gap; also its end in the text."""
        token = self.token
        if token.kind == "text":
            return Text(token.value, token.start), self.take().end
        if token.kind == "number":
            return Number(float(token.value), token.start), self.take().end
        if token.kind != "name":
            raise self.expected("a field, a text, a number or a function")
        self.take()
        if not self.at("(") or self.token.start != token.end:
            if token.value.startswith("@request."):
                self.requests.append(token.value)
            return Identifier(token.value, token.start), token.end
        if depth == _MAX_CALL_DEPTH:
            raise failure("functions nested too deep", self.text, token.start)
        arguments, end = self.arguments(depth + 1)
        return Call(token.value, arguments, token.start), end

    def arguments(self, depth: int) -> tuple[tuple[Operand, ...], int]:
        """``arguments = "(" [ operand { "," operand } [ "," ] ] ")"``."""
        self.take()
        found: list[Operand] = []
        while not self.at(")"):
            found.append(self.operand(depth)[0])
            if self.at(","):
                self.take()
            elif not self.at(")"):
                raise self.expected("a comma or a closing parenthesis")
        return tuple(found), self.take().end

    def at(self, kind: Kind) -> bool:
        """Whether the current token is of this kind."""
        return self.token.kind == kind

    def take(self) -> Token:
        """The current token; the next one becomes current."""
        taken, self.token = self.token, next(self.tokens)
        return taken

    def expected(self, what: str) -> RuleError:
        """The refusal of the current token."""
        return failure(f"expected {what}", self.text, self.token.start)


class _Group:
    """What stands between two parentheses: alternatives, each a list of parts that must all hold."""

    def __init__(self) -> None:
        self.alternatives: list[list[Expression]] = [[]]

    def add(self, part: Expression) -> None:
        self.alternatives[-1].append(part)

    def alternative(self) -> None:
        self.alternatives.append([])

    def node(self) -> Expression:
        """The group without needless nesting."""
        parts = [a[0] if len(a) == 1 else And(tuple(a)) for a in self.alternatives]
        return parts[0] if len(parts) == 1 else Or(tuple(parts))
