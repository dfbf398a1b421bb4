import pytest

from pocketfiles.http.query import parse_query


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("", {}),
        ("a=1&a=2", {"a": "1"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=1", {"": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=%20b+c", {"a": " b c"}),
        ("a%3D=1", {"a=": "1"}),
        ("A=1", {"A": "1"}),
        ("a=1;b=2", {}),
        ("a=1;b=2&c=3", {"c": "3"}),
        ("a=%zz&b=1", {"b": "1"}),
        ("a=%&b=1", {"b": "1"}),
        ("a=%4&b=1", {"b": "1"}),
        ("%zz=1&b=1", {"b": "1"}),
        ("&&a=1&&", {"a": "1"}),
        ("a=%C3%A9", {"a": "é"}),
        ("a=%FF", {"a": "\ufffd"}),
        ("a=%2526", {"a": "%26"}),
        ("a=%26b", {"a": "&b"}),
    ],
)
def test_a_query_is_parsed_as_go_parses_it(raw: str, query: dict[str, str]) -> None:
    assert parse_query(raw) == query
