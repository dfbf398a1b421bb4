"""The viewer-request function: which spelling becomes which object or API path."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.edge.engine import ENGINES, run

PHOTOS = {
    "id": "pbc_1",
    "name": "photos",
    "open": True,
    "all": ["100x300", "0x300"],
    "some": ["640x480f"],
}
SECRETS = {"id": "pbc_2", "name": "secrets", "open": False, "all": ["100x300"], "some": []}
CASED = {"id": "AbC", "name": "other", "open": True, "all": [], "some": []}
STORE = {
    key: json.dumps(value)
    for value in (PHOTOS, SECRETS, CASED)
    for key in (value["name"], value["id"])
    if isinstance(key, str)
}
BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"

pytestmark = [
    pytest.mark.parametrize(
        "engine", ENGINES or [pytest.param("", marks=pytest.mark.skip("no Node, no njs"))]
    )
]


def event_of(url: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """A viewer-request event for a URL's path and query, as CloudFront builds it."""
    parts = urlsplit(url)
    query: dict[str, Any] = {}
    for pair in parts.query.split("&") if parts.query else []:
        name, _, value = pair.partition("=")
        if name in query:
            first = query[name]
            first.setdefault("multiValue", [{"value": first["value"]}]).append({"value": value})
        else:
            query[name] = {"value": value}
    named = {name.replace("_", "-"): {"value": value} for name, value in headers.items()}
    request = {"method": method, "uri": parts.path, "querystring": query, "headers": named}
    return {"version": "1.0", "request": request | {"cookies": {}}}


def asked(
    engine: str, tmp_path: Path, *events: dict[str, Any], **options: Any
) -> list[tuple[str, bool]]:
    """For each event: the URL that leaves the function, and whether it goes to the bucket."""
    answers = run(engine, "request", list(events), STORE, tmp_path, **options)
    found = []
    for answer in answers:
        request = answer["result"]
        query = "&".join(f"{name}={v['value']}" for name, v in request["querystring"].items())
        found.append((request["uri"] + ("?" + query if query else ""), bool(answer["origins"])))
    return found


OBJECT = "/pbc_1/r1/a.jpg"
THUMB = "/pbc_1/r1/thumbs_a.jpg/100x300_a.jpg"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("/api/files/photos/r1/a.jpg", OBJECT),
        ("/api/files/PHOTOS/r1/a.jpg", OBJECT),
        ("/api/files/pbc_1/r1/a.jpg", OBJECT),
        ("/api/files/ph%6ftos/r%31/a%2Ejpg", OBJECT),
        ("/%61pi/%66iles/photos/r1/a.jpg", OBJECT),
        ("/api/files/photos/r1/a.jpg?token=x.y.z", OBJECT),
        ("/api/files/photos/r1/a.jpg?utm=1&download=0&download=1", OBJECT),
        ("/api/files/photos/r1/a.jpg?thumb=9x9", OBJECT),
        ("/api/files/photos/r1/a.jpg?thumb=", OBJECT),
        ("/api/files/photos/r1/a.jpg?thumb=100x300", THUMB),
        ("/api/files/photos/r1/a.jpg?x=1&%74humb=100%78300&thumb=9x9", THUMB),
        ("/api/files/photos/r1/a.jpg?thumb=100x100", "/pbc_1/r1/thumbs_a.jpg/100x100_a.jpg"),
        ("/api/files/AbC/r1/a.jpg", "/AbC/r1/a.jpg"),
    ],
)
def test_an_open_file_is_taken_from_the_bucket_under_one_key(
    engine: str, tmp_path: Path, url: str, key: str
) -> None:
    assert asked(engine, tmp_path, event_of(url)) == [(key, True)]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (
            "/api/files/secrets/r1/a.jpg?token=t&thumb=100x300",
            "/api/files/pbc_2/r1/a.jpg?thumb=100x300&token=t",
        ),
        (
            "/api/files/SECRETS/r1/a.jpg?thumb=100x300&token=t",
            "/api/files/pbc_2/r1/a.jpg?thumb=100x300&token=t",
        ),
        ("/api/files/photos/r1/a.jpg?download=1", "/api/files/pbc_1/r1/a.jpg?download=1"),
        ("/api/files/photos/r1/a.svg", "/api/files/pbc_1/r1/a.svg"),
        ("/api/files/photos/r1/a.jpg?thumb=640x480f", "/api/files/pbc_1/r1/a.jpg?thumb=640x480f"),
        ("/api/files/photos/r1/.hidden", "/api/files/pbc_1/r1/.hidden"),
        ("/api/files/photos/r1/a..jpg", "/api/files/pbc_1/r1/a..jpg"),
        ("/api/files/photos/..%2Fpbc_2/a.jpg", "/api/files/-"),
        ("/api/files/photos%2Fr1/a.jpg", "/api/files/-"),
        ("/api/files/photos%2Fr1%2Fa.jpg", "/api/files/-"),
        ("/api/files//photos/r1/a.jpg", "/api/files/-"),
        ("/api/files/./photos/r1/a.jpg", "/api/files/-"),
        (
            "/api/files/photos/r1/a.jpg?download=TRUE&token=x",
            "/api/files/pbc_1/r1/a.jpg?download=1",
        ),
        ("/api/files/secrets/r1/a.jpg?thumb=7x7&token=x", "/api/files/pbc_2/r1/a.jpg?token=x"),
        ("/api/files/photos/../a.jpg", "/api/files/pbc_1/../a.jpg"),
        ("/api/files/photos/r1/a%20b.jpg", "/api/files/pbc_1/r1/a%20b.jpg"),
        ("/api/files/abc/r1/a.jpg", "/api/files/abc/r1/a.jpg"),
        ("/api/files/unknown/r1/a.jpg?b=2&thumb=1x1", "/api/files/unknown/r1/a.jpg?b=2&thumb=1x1"),
        ("/api/files/photos/r1/%zz.jpg", "/api/files/photos/r1/%zz.jpg"),
        ("/api/%66iles/photos/r1/%zz.jpg", "/api/files/photos/r1/%zz.jpg"),
        ("/api%2Ffiles/photos/r1/a.jpg", "/api/files/-"),
        ("/api/files%zz/photos/r1/a.jpg", "/api/files/-"),
        ("/api/files/token/", "/api/files/-"),
        (
            "/api/files/photos/r1/thumbs_a.jpg/100x300_a.jpg",
            "/api/files/-",
        ),
        ("/pbc_2/r1/secret.jpg", "/api/files/-"),
        ("/", "/api/files/-"),
    ],
)
def test_what_needs_a_decision_goes_to_the_api(
    engine: str, tmp_path: Path, url: str, path: str
) -> None:
    assert asked(engine, tmp_path, event_of(url)) == [(path, False)]


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_only_get_and_head_reach_the_bucket(engine: str, tmp_path: Path, method: str) -> None:
    url = "/api/files/photos/r1/a.jpg"
    expected = [("/api/files/pbc_1/r1/a.jpg", False), (OBJECT, True)]
    assert asked(engine, tmp_path, event_of(url, method), event_of(url, "HEAD")) == expected


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        (BROWSER, ".avif"),
        ("image/webp", ".webp"),
        ("IMAGE/AVIF;q=0, image/webp;q=0.5", ".webp"),
        ("image/*,*/*", ""),
        ("", ""),
    ],
)
def test_a_thumbs_format_is_part_of_its_key(
    engine: str, tmp_path: Path, accept: str, suffix: str
) -> None:
    thumb = event_of("/api/files/photos/r1/a.jpg?thumb=100x300", accept=accept)
    original = event_of("/api/files/photos/r1/a.jpg", accept=accept)
    assert asked(engine, tmp_path, thumb, original) == [(THUMB + suffix, True), (OBJECT, True)]


def offering(formats: list[str]) -> dict[str, str]:
    """The store of a stack that offers other formats than by default."""
    return {
        key: json.dumps({**json.loads(value), "formats": formats}) for key, value in STORE.items()
    }


@pytest.mark.parametrize(
    ("formats", "accept", "suffix"),
    [
        (["webp"], BROWSER, ".webp"),
        (["webp"], "image/avif", ""),
        (["avif"], BROWSER, ".avif"),
        (["avif"], "image/webp", ""),
        (["webp", "avif"], BROWSER, ".webp"),
        ([], BROWSER, ""),
    ],
)
def test_only_the_formats_that_the_store_says_are_offered(
    engine: str, tmp_path: Path, formats: list[str], accept: str, suffix: str
) -> None:
    urls = ("/api/files/photos/r1/a.jpg?thumb=100x300", "/api/files/secrets/r1/a.jpg?thumb=100x300")
    events = [event_of(url, accept=accept) for url in urls]
    in_bucket, by_api = run(engine, "request", events, offering(formats), tmp_path)
    assert in_bucket["result"]["uri"] == THUMB + suffix
    forwarded = "image/" + suffix.removeprefix(".") if suffix else "*/*"
    assert by_api["result"]["headers"]["accept"] == {"value": forwarded}


def test_the_api_gets_one_of_three_accept_headers(engine: str, tmp_path: Path) -> None:
    url = "/api/files/secrets/r1/a.jpg"
    events = [
        event_of(url + "?thumb=100x300", accept=BROWSER),
        event_of(url + "?thumb=100x300", accept="image/*"),
        event_of(url, accept=BROWSER),
    ]
    answers = run(engine, "request", events, STORE, tmp_path)
    sent = [answer["result"]["headers"]["accept"]["value"] for answer in answers]
    assert sent == ["image/avif", "*/*", "*/*"]


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        ({"range": "bytes=0-", "sec_fetch_dest": "video", "sec_fetch_mode": "cors"}, "1"),
        ({"range": "bytes=0-", "sec_fetch_dest": "empty", "sec_fetch_mode": "no-cors"}, "worker"),
        ({"range": "bytes=0-", "sec_fetch_dest": "empty", "sec_fetch_mode": "cors"}, ""),
        ({"range": "bytes=0-", "sec_fetch_dest": "empty", "sec_fetch_mode": "navigate"}, ""),
        ({"range": "bytes=0-", "sec_fetch_dest": "empty"}, ""),
        ({"range": "bytes=0-"}, ""),
        ({"sec_fetch_dest": "audio"}, ""),
        ({"sec_fetch_dest": "empty", "sec_fetch_mode": "no-cors"}, ""),
        ({"x_media": "1"}, ""),
    ],
)
def test_only_a_media_element_that_asks_for_a_range_is_marked(
    engine: str, tmp_path: Path, headers: dict[str, str], mark: str
) -> None:
    event = event_of("/api/files/secrets/r1/a.mp4", **headers)
    [answer] = run(engine, "request", [event], STORE, tmp_path)
    assert answer["result"]["headers"].get("x-media", {"value": ""})["value"] == mark


def test_the_bucket_learns_nothing_of_the_reader(engine: str, tmp_path: Path) -> None:
    event = event_of(
        "/api/files/photos/r1/a.jpg?token=x", origin="https://a.test", authorization="t"
    )
    [answer] = run(engine, "request", [event], STORE, tmp_path)
    assert set(answer["result"]["headers"]) == {"accept"}
    assert answer["origins"] == [["bucket", "api-by-key"]]


def test_everything_goes_to_the_api_while_the_store_cannot_be_read(
    engine: str, tmp_path: Path
) -> None:
    event = event_of("/api/files/photos/r1/a.jpg")
    assert asked(engine, tmp_path, event, store_fails=True) == [
        ("/api/files/photos/r1/a.jpg", False)
    ]
