"""Random requests never crash a function."""

import json
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import how_many
from tests.deployed import Deployed

segments = st.one_of(
    st.sampled_from(
        [
            "api",
            "files",
            "token",
            "photos",
            "PHOTOS",
            "photo1",
            "plain.txt",
            "one.png",
            "",
            ".",
            "..",
        ]
    ),
    st.text(max_size=8).map(lambda text: quote(text, safe="", errors="replace")),
    st.sampled_from(["%00", "%ff", "%2e%2e", "%2F", "%25", "x" * 1100, "%C3%A9" * 400]),
)
known = st.tuples(
    st.sampled_from(["/api/files/photos/photo1", "/api/files/papers/paper1", "/api/files"]),
    segments,
).map("/".join)
paths = st.one_of(st.lists(segments, max_size=7).map(lambda parts: "/" + "/".join(parts)), known)
values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30
)
tokens = st.one_of(
    values,
    st.sampled_from(
        ["a.b.c", "e30.e30.e30", "e30.bnVsbA.x", "eyJhbGciOiJub25lIn0.eyJleHAiOiAxZTk5OX0."]
    ),
    st.binary(max_size=40).map(lambda body: f"e30.{body.hex()}.e30"),
)
queries = st.lists(
    st.tuples(
        st.sampled_from(["token", "thumb", "download", "fields", "%zz", ""]),
        st.one_of(
            tokens.map(lambda text: quote(text, safe="")),
            st.sampled_from(["4x4", "1", "%", "%zz", "%ff", ";", "+", "="]),
        ),
    ).map("=".join),
    max_size=4,
).map("&".join)
headers = st.dictionaries(
    st.sampled_from(
        [
            "Authorization",
            "Range",
            "If-Range",
            "If-None-Match",
            "If-Modified-Since",
            "If-Match",
            "Origin",
            "Cookie",
        ]
    ),
    st.one_of(values, tokens),
    max_size=4,
)


@settings(
    max_examples=how_many(250, 6000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "FOO"]),
    path=paths,
    query=queries,
    sent=headers,
    body=st.binary(max_size=20),
)
@example(
    "GET",
    "/api/files/papers/paper1/secret.txt",
    "token=a.b.c",
    {"Content-Type": "text/plain"},
    b"x",
)
@example("POST", "/api/files/token", "", {"Authorization": "Bearer e30.bnVsbA.x"}, b"")
def test_no_request_crashes_a_function(
    stable: Deployed, method: str, path: str, query: str, sent: dict[str, str], body: bytes
) -> None:
    target = f"{path}?{query}" if query else path
    answer = stable.ask(method, target, sent, body)
    assert answer.status in {200, 204, 206, 304, 401, 404, 431, 412, 416}
    if answer.status in {401, 404} and method != "HEAD":
        assert set(json.loads(answer.body)) == {"data", "message", "status"}
        assert answer.headers["cache-control"] == "no-store"
    stable.logged()
