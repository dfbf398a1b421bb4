"""A parsed rule as frozen values (pocketbase.md §7.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Outcome: TypeAlias = bool | None
"""What SQLite says of a comparison: true, false, or ``None`` for NULL."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A field path, a macro, ``@request.…``, ``@collection.…``, ``null``, ``true`` or ``false``."""

    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Text:
    """Quoted text, without its quotes."""

    value: str
    start: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number; always a float."""

    value: float
    start: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: "tuple[Operand, ...]"
    start: int


Operand: TypeAlias = Identifier | Text | Number | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left sign right``; ``number`` counts the rule's comparisons from 0, ``start`` and ``end``
    span it."""

    left: Operand
    sign: str
    right: Operand
    number: int
    start: int
    end: int

    @property
    def any_match(self) -> bool:
        """Whether one joined row is enough: the sign begins with ``?`` (§7.8)."""
        return self.sign.startswith("?")


@dataclass(frozen=True, slots=True)
class And:
    """Two or more parts joined by ``&&``."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more parts joined by ``||``."""

    parts: "tuple[Expression, ...]"


Expression: TypeAlias = Comparison | And | Or


@dataclass(frozen=True, slots=True)
class Rule:
    """A whole rule: its text, its tree, its comparisons in the order written, and the names of the
    ``@request`` operands it mentions."""

    text: str
    root: Expression
    comparisons: tuple[Comparison, ...]
    requests: tuple[str, ...]


def verdict(node: Expression, outcomes: Sequence[Outcome]) -> Outcome:
    """SQL's three-valued AND and OR over the outcomes of the comparisons, by number.

    Recursion is safe: every ``And`` and ``Or`` has at least two parts, so the tree is no deeper
    than the rule has comparisons.
    """
    if isinstance(node, Comparison):
        return outcomes[node.number]
    decisive = isinstance(node, Or)
    unknown = False
    for part in node.parts:
        outcome = verdict(part, outcomes)
        if outcome is None:
            unknown = True
        elif outcome == decisive:
            return decisive
    return None if unknown else not decisive
