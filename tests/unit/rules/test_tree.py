from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.rules.parser import parse
from pocketfiles.rules.tree import Outcome, verdict

FALSE, NULL, TRUE = 0, 1, 2
RANK: dict[Outcome, int] = {False: FALSE, None: NULL, True: TRUE}
OUTCOMES: tuple[Outcome, ...] = (False, None, True)


@pytest.mark.parametrize(("left", "right"), list(product(OUTCOMES, repeat=2)))
def test_and_takes_the_lower_or_the_higher(left: Outcome, right: Outcome) -> None:
    both, either = parse("a = 1 && b = 1").root, parse("a = 1 || b = 1").root
    assert RANK[verdict(both, [left, right])] == min(RANK[left], RANK[right])
    assert RANK[verdict(either, [left, right])] == max(RANK[left], RANK[right])


@given(st.tuples(*[st.sampled_from(OUTCOMES)] * 3))
def test_and_binds_tighter_than_or_unless_grouped(outcomes: tuple[Outcome, ...]) -> None:
    a, b, c = (RANK[outcome] for outcome in outcomes)
    for rule, expected in (
        ("x = 1 || x = 2 && x = 3", max(a, min(b, c))),
        ("x = 1 && x = 2 || x = 3", max(min(a, b), c)),
        ("(x = 1 || x = 2) && x = 3", min(max(a, b), c)),
        ("x = 1 && (x = 2 || x = 3)", min(a, max(b, c))),
    ):
        assert RANK[verdict(parse(rule).root, outcomes)] == expected


@pytest.mark.parametrize(
    ("sign", "any_match"), [("=", False), ("?=", True), ("!~", False), ("?!~", True)]
)
def test_a_question_mark_asks_for_any_row(sign: str, any_match: bool) -> None:
    assert parse(f"a {sign} 1").comparisons[0].any_match is any_match
