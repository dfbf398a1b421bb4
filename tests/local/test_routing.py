import pytest

from local.routing import BadTarget, Routes, Target, read_target
from local.template import Route


@pytest.mark.parametrize(
    ("text", "path", "query"),
    [
        ("/a/b", "/a/b", ""),
        ("/a%20b+c", "/a b+c", ""),
        ("/a%2Fb", "/a/b", ""),
        ("/a%252Fb", "/a%2Fb", ""),
        ("/a%3Fb/c?x=1", "/a", "x=1"),
        ("/a%23b", "/a#b", ""),
        ("/a%00b", "/a\0b", ""),
        ("/%C3%A9", "/é", ""),
        ("/\xc3\xa9", "/é", ""),
        ("/%FF", "/�", ""),
        ("/a?", "/a", ""),
        ("/a?x=%2F&x=+&y", "/a", "x=%2F&x=+&y"),
        ("/a?x=1?y", "/a", "x=1?y"),
        ("/a/", "/a/", ""),
        ("//a", "//a", ""),
        ("http://host:80/a?x=1", "/a", "x=1"),
        ("HTTPS://host/a", "/a", ""),
    ],
)
def test_a_path_is_decoded_once_and_a_query_never(text: str, path: str, query: str) -> None:
    assert read_target(text) == Target(path, query)


@pytest.mark.parametrize("text", ["", "*", "a", "/%zz", "/%4", "/%", "http://host", "host:443"])
def test_a_target_that_is_not_a_path_is_refused(text: str) -> None:
    with pytest.raises(BadTarget):
        read_target(text)


KEYS = [
    "$default",
    "ANY /files/{collection}/{name}",
    "GET /files/{collection}/{name}",
    "GET /files/all/{name}",
    "POST /files/token",
    "ANY /proxy/{rest+}",
    "ANY /proxy/{one}",
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/files/a/b", "GET /files/{collection}/{name}", {"collection": "a", "name": "b"}),
        ("HEAD", "/files/a/b", "ANY /files/{collection}/{name}", {"collection": "a", "name": "b"}),
        ("GET", "/files/all/b", "GET /files/all/{name}", {"name": "b"}),
        (
            "GET",
            "/files/a/b c?é",
            "GET /files/{collection}/{name}",
            {"collection": "a", "name": "b c?é"},
        ),
        (
            "GET",
            "/files/a/b\nc",
            "GET /files/{collection}/{name}",
            {"collection": "a", "name": "b\nc"},
        ),
        ("GET", "/files/a/b/c", "$default", {}),
        ("GET", "/files//b", "$default", {}),
        ("GET", "/files/a/b/", "$default", {}),
        ("GET", "/FILES/a/b", "$default", {}),
        ("POST", "/files/token", "POST /files/token", {}),
        ("OPTIONS", "/files/token", "$default", {}),
        ("POST", "/files/token/", "$default", {}),
        ("GET", "/proxy/a", "ANY /proxy/{one}", {"one": "a"}),
        ("GET", "/proxy/a/b", "ANY /proxy/{rest+}", {"rest": "a/b"}),
    ],
)
def test_the_most_specific_route_is_taken(
    method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    match = Routes(Route(key, "f") for key in KEYS).match(method, path)
    assert match is not None
    assert (match.route.key, match.parameters) == (key, parameters)


def test_without_a_default_route_there_may_be_no_match() -> None:
    assert Routes([Route("GET /a", "f")]).match("GET", "/b") is None
