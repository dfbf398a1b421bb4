import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.scanner import SIGNS, scan


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
        (" " * 100_001, "more than 100000 characters at line 1, column 100001: ' '"),
        ("a == b", "no such comparison at line 1, column 3: '== b'"),
        ("a =>b", "no such comparison at line 1, column 3: '=>b'"),
        ("a ?? b", "no such comparison at line 1, column 3: '?? b'"),
        ("a & b", "neither && nor || at line 1, column 3: '& b'"),
        ("a &&& b", "neither && nor || at line 1, column 3: '&&& b'"),
        (".5", "an unexpected character at line 1, column 1: '.5'"),
        ("1.", "not a number at line 1, column 1: '1.'"),
        ("1.2.3", "not a number at line 1, column 1: '1.2.3'"),
        ("9" * 400, f"not a number at line 1, column 1: '{'9' * 24}'"),
        ("-", "an unexpected character at line 1, column 1: '-'"),
        ("+1", "an unexpected character at line 1, column 1: '+1'"),
        ("a.", "an unfinished identifier at line 1, column 1: 'a.'"),
        ("a:", "an unfinished identifier at line 1, column 1: 'a:'"),
        ("@", "an unfinished identifier at line 1, column 1: '@'"),
        ("é", "an unexpected character at line 1, column 1: 'é'"),
        ("a\n\n  'b", 'a text without its closing quote at line 3, column 3: "\'b"'),
        (r"'\\'", r"a text without its closing quote at line 1, column 1: " + repr(r"'\\'")),
        ("a = 'b\"", "a text without its closing quote at line 1, column 5: '\\'b\"'"),
        ("a\r\n", r"an unexpected character at line 1, column 2: '\r\n'"),
        ("'a\0'", r"a NUL character at line 1, column 3: " + repr("\0'")),
        ("/* a */", "an unexpected character at line 1, column 1: '/* a */'"),
        (
            "(a // :)\n",
            "a comment in a group with an open quote or parenthesis at line 1, column 4: '// :)\\n'",
        ),
        (
            "(a // (\n",
            "a comment in a group with an open quote or parenthesis at line 1, column 4: '// (\\n'",
        ),
        (
            "(a // 's\n",
            'a comment in a group with an open quote or parenthesis at line 1, column 4: "// \'s\\n"',
        ),
    ],
)
def test_a_refusal_names_the_place(text: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        tokens(text)
    assert refused.value.reason == reason
