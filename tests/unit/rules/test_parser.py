import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import MAX_COMPARISONS, parse
from pocketfiles.rules.scanner import SIGNS
from pocketfiles.rules.tree import (
    And,
    Call,
    Comparison,
    Expression,
    Identifier,
    Number,
    Or,
    Rule,
    Text,
)

names = st.sampled_from(
    ["id", "text", "rel_many.name", "json.a.0", "@now", "@request.query.a:isset", "NULL", "nope"]
)
texts = st.text("ab \\'\"()/&=%é\n", max_size=6).map(
    lambda t: "'" + t.replace("\0", "").replace("\\", "").replace("'", "\\'") + "'"
)
numbers = st.integers(-99, 99).map(str) | st.sampled_from(["0.5", "12.250"])
plain = names | texts | numbers
calls = st.lists(plain, max_size=4).map(lambda a: f"geoDistance({','.join(a)})")
comparisons = st.tuples(plain | calls, st.sampled_from(sorted(SIGNS)), plain | calls).map(" ".join)
rules = st.recursive(
    comparisons,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join)
        | inner.map("({})".format)
    ),
    max_leaves=12,
)


def shape(node: Expression) -> object:
    """The tree without positions."""
    if isinstance(node, Comparison):
        return node.number
    return type(node).__name__, [shape(part) for part in node.parts]


def test_a_comparison_keeps_its_sides_and_its_place() -> None:
    rule = parse(" a.b ?!~ -2.5 ")
    assert rule == Rule(
        " a.b ?!~ -2.5 ",
        Comparison(Identifier("a.b", 1), "?!~", Number(-2.5, 9), 0, 1, 13),
        (Comparison(Identifier("a.b", 1), "?!~", Number(-2.5, 9), 0, 1, 13),),
        (),
    )


def test_a_call_keeps_its_arguments_and_may_end_in_a_comma() -> None:
    left = parse("f('a', 1, b(), ) = 1").comparisons[0].left
    assert left == Call("f", (Text("a", 2), Number(1.0, 7), Call("b", (), 10)), 0)


def test_request_operands_are_listed_once_each() -> None:
    rule = parse("@request.auth.id = @request.query.a && f(@request.auth.id) = @request.context")
    assert rule.requests == ("@request.auth.id", "@request.query.a", "@request.context")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", 0),
        ("((a=1))", 0),
        ("a=1 && b=2 && c=3", ("And", [0, 1, 2])),
        ("a=1 || b=2 && c=3", ("Or", [0, ("And", [1, 2])])),
        ("(a=1 || b=2) && c=3", ("And", [("Or", [0, 1]), 2])),
        ("a=1 // or\n || // not\n b=2", ("Or", [0, 1])),
        ("a=1 (b=2)", ("And", [0, 1])),
        ("a=1\n(b=2 || c=3)", ("And", [0, ("Or", [1, 2])])),
        ("(a=1)(b=2)", ("And", [0, 1])),
        ("a=1 || b=2 (c=3)", ("Or", [0, 1, 2])),
        ("a = (b=2)", 0),
        ("a (b=2) && c=3", ("And", [0, 1])),
    ],
)
def test_joins_and_groups_make_the_tree(text: str, expected: object) -> None:
    assert shape(parse(text).root) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a field, a text, a number or a function at line 1, column 1: ''"),
        ("// only", "expected a field, a text, a number or a function at line 1, column 8: ''"),
        ("()", "expected a field, a text, a number or a function at line 1, column 2: ')'"),
        (
            "a = 1 && ()",
            "expected a field, a text, a number or a function at line 1, column 11: ')'",
        ),
        ("a", "expected a comparison such as = or !~ at line 1, column 2: ''"),
        ("a =", "expected a field, a text, a number or a function at line 1, column 4: ''"),
        ("a b", "expected a comparison such as = or !~ at line 1, column 3: 'b'"),
        ("a = = b", "expected a field, a text, a number or a function at line 1, column 5: '= b'"),
        ("a = 1 b = 2", "expected && or || at line 1, column 7: 'b = 2'"),
        ("(a = 1) b = 2", "expected && or || at line 1, column 9: 'b = 2'"),
        ("a = 1)", "expected && or || at line 1, column 6: ')'"),
        ("(a = 1", "a group without its closing parenthesis at line 1, column 1: '(a = 1'"),
        ("a = (1)", "expected a comparison such as = or !~ at line 1, column 7: ')'"),
        ("a = 1 ||", "expected a field, a text, a number or a function at line 1, column 9: ''"),
        (
            "f (1) = 1",
            "expected a comparison such as = or !~ at line 1, column 5: ') = 1'",
        ),
        ("f(1 2) = 1", "expected a comma or a closing parenthesis at line 1, column 5: '2) = 1'"),
        (
            "f(,) = 1",
            "expected a field, a text, a number or a function at line 1, column 3: ',) = 1'",
        ),
        (
            "f(1,,) = 1",
            "expected a field, a text, a number or a function at line 1, column 5: ',) = 1'",
        ),
        ("f(1", "expected a comma or a closing parenthesis at line 1, column 4: ''"),
        ("a(b(c(d()))) = 1", "functions nested too deep at line 1, column 7: 'd()))) = 1'"),
    ],
)
def test_a_refusal_names_the_place(text: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse(text)
    assert refused.value.reason == reason


def test_two_hundred_comparisons_are_the_limit() -> None:
    text = " || ".join(["a = 1"] * MAX_COMPARISONS)
    assert len(parse(text).comparisons) == MAX_COMPARISONS
    with pytest.raises(RuleError, match="more than 200 comparisons"):
        parse(text + " || a = 1")


def test_ten_thousand_parentheses_are_no_matter() -> None:
    assert shape(parse("(" * 10_000 + "a = 1" + ")" * 10_000).root) == 0
    with pytest.raises(RuleError):
        parse("(" * 10_000)


def test_the_tree_is_no_deeper_than_its_comparisons() -> None:
    text = "a=1"
    for number in range(1, MAX_COMPARISONS):
        text = f"(a=1 {'&&' if number % 2 else '||'} ({text}))"
    root = parse(text).root
    depth = 0
    while isinstance(root, And | Or):
        root, depth = root.parts[-1], depth + 1
    assert depth == MAX_COMPARISONS - 1


@given(
    st.text(string.printable + "é\0\r", max_size=60)
    | rules.flatmap(lambda r: st.integers(0, len(r)).map(lambda n: r[:n]))
)
def test_whatever_the_text_the_parser_gives_a_tree_or_a_rule_error(text: str) -> None:
    try:
        rule = parse(text)
    except RuleError as refused:
        assert "at line" in refused.reason
    else:
        assert rule.comparisons


@given(rules)
def test_rules_of_the_grammar_are_read(text: str) -> None:
    rule = parse(text)
    for comparison in rule.comparisons:
        assert parse(text[comparison.start : comparison.end]).comparisons[0].sign == comparison.sign


@given(rules)
def test_parentheses_whitespace_and_comments_change_nothing(text: str) -> None:
    rewritten = "\t( (\n// a 'comment'\n" + text + " // and another\n))\n"
    assert shape(parse(rewritten).root) == shape(parse(text).root)


def test_a_number_out_of_range_is_zero() -> None:
    assert parse("9" * 400 + " > 1").comparisons[0].left == Number(0.0, 0)
    assert parse("1" + "0" * 308 + " > 1").comparisons[0].left == Number(1e308, 0)


def test_a_dropped_half_comparison_is_no_comparison() -> None:
    assert [each.left for each in parse("a = (b = 2)").comparisons] == [Identifier("b", 5)]
