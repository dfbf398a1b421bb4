import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.scanner import MAX_LENGTH, SIGNS, Scanner, Token


def scan(text: str) -> list[Token]:
    """All tokens, the last one of kind ``end``."""
    scanner = Scanner(text)
    found = [scanner.token(0, len(text))]
    while found[-1].kind != "end":
        found.append(scanner.token(found[-1].end, len(text)))
    return found


def tokens(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.value) for token in scan(text)][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n// all comment", []),
        ("a.b:c_1", [("name", "a.b:c_1")]),
        ("@request.auth.id", [("name", "@request.auth.id")]),
        ("#x _y", [("name", "#x"), ("name", "_y")]),
        ("-1.50", [("number", "-1.50")]),
        ("-.5", [("number", "-.5")]),
        ("9" * 400, [("number", "9" * 400)]),
        ("1<2", [("number", "1"), ("sign", "<"), ("number", "2")]),
        ("a&&b||c", [("name", "a"), ("join", "&&"), ("name", "b"), ("join", "||"), ("name", "c")]),
        (
            "f(1,2)",
            [("name", "f"), ("(", "("), ("number", "1"), (",", ","), ("number", "2"), (")", ")")],
        ),
        ("''", [("text", "")]),
        (r"'it\'s'", [("text", "it's")]),
        (r'"a\'b"', [("text", r"a\'b")]),
        (r'"a\\b\n"', [("text", r"a\\b\n")]),
        ('"two\nlines // no comment"', [("text", "two\nlines // no comment")]),
        ("a // rest ' (\n b", [("name", "a"), ("name", "b")]),
        ("( // (fine) 'too'\n)", [("(", "("), (")", ")")]),
    ],
)
def test_text_becomes_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize("sign", sorted(SIGNS))
def test_every_sign_is_one_token(sign: str) -> None:
    assert tokens(f"1{sign}2") == [("number", "1"), ("sign", sign), ("number", "2")]


def test_the_last_token_stands_at_the_end() -> None:
    *_, last = scan("a ")
    assert (last.kind, last.start, last.end) == ("end", 2, 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            " " * (MAX_LENGTH + 1),
            "more than 1000000 characters at line 1, column 1000001: ' '",
        ),
        ("a == b", "no such comparison at line 1, column 3: '== b'"),
        ("a =>b", "no such comparison at line 1, column 3: '=>b'"),
        ("a ?? b", "no such comparison at line 1, column 3: '?? b'"),
        ("a & b", "neither && nor || at line 1, column 3: '& b'"),
        ("a &&& b", "neither && nor || at line 1, column 3: '&&& b'"),
        (".5", "an unexpected character at line 1, column 1: '.5'"),
        ("1.", "not a number at line 1, column 1: '1.'"),
        ("1.2.3", "an unexpected character at line 1, column 4: '.3'"),
        ("-", "not a number at line 1, column 1: '-'"),
        ("-.", "not a number at line 1, column 1: '-.'"),
        ("+1", "an unexpected character at line 1, column 1: '+1'"),
        ("a.", "an unfinished identifier at line 1, column 1: 'a.'"),
        ("a:", "an unfinished identifier at line 1, column 1: 'a:'"),
        ("@", "an unfinished identifier at line 1, column 1: '@'"),
        ("_", "an unfinished identifier at line 1, column 1: '_'"),
        ("é", "an unexpected character at line 1, column 1: 'é'"),
        ("a\n\n  'b", 'a text without its closing quote at line 3, column 3: "\'b"'),
        (r"'\\'", r"a text without its closing quote at line 1, column 1: " + repr(r"'\\'")),
        ("a = 'b\"", "a text without its closing quote at line 1, column 5: '\\'b\"'"),
        ("a\r\n", r"an unexpected character at line 1, column 2: '\r\n'"),
        ("'a\0'", "a text without its closing quote at line 1, column 1: " + repr("'a\0'")),
        ("/* a */", "an unexpected character at line 1, column 1: '/* a */'"),
    ],
)
def test_a_refusal_names_the_place(text: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        tokens(text)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\0", [("name", "a")]),
        ("a\0b", [("name", "a"), ("name", "b")]),
        ("a \0= 1", [("name", "a"), ("sign", "="), ("number", "1")]),
        ("a = 'b'\0 && c", [("name", "a"), ("sign", "="), ("text", "b")]),
        ("a // b\0 c", [("name", "a"), ("name", "c")]),
        ("\0a", []),
    ],
)
def test_a_nul_is_skipped_or_ends_the_rule(text: str, expected: list[tuple[str, str]]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("()", 1),
        ("(a (b) c) d", 8),
        ("(')' \")\") x", 8),
        ("(a // )\n b)", 6),
        ("(a // '\n ' )", 11),
    ],
)
def test_a_group_ends_at_its_parenthesis_even_in_a_comment(text: str, end: int) -> None:
    assert Scanner(text).closing(0, len(text)) == end


@pytest.mark.parametrize("text", ["(", "(()", "(')", "(\0)", "(a // '\n)"])
def test_a_group_that_does_not_end_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        Scanner(text).closing(0, len(text))


def test_nothing_is_read_beyond_the_limit() -> None:
    scanner = Scanner("abc = 'de'")
    assert scanner.token(0, 2).value == "ab"
    with pytest.raises(RuleError):
        scanner.token(6, 8)
