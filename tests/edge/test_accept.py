"""A thousand Accept headers: the edge and the API choose the same format."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from pocketfiles.http.accept import first_named
from tests.edge.engine import ENGINES, run
from tests.edge.test_request import BROWSER, STORE, THUMB, event_of, offering

OPEN = "/api/files/photos/r1/a.jpg?thumb=100x300"
CLOSED = "/api/files/secrets/r1/a.jpg?thumb=100x300"
OFFERED = {"image/avif": "avif", "image/webp": "webp"}

TYPES = (
    *("image/avif", "image/webp", "IMAGE/AVIF", "Image/WebP", "image/*", "*/*"),
    *("image/apng", "image/avif-sequence", "image / avif", "image/webp2", "avif", "", "*"),
)
WEIGHTS = (
    *("", "", "", ";q=1", ";q=0.8", ";q=0", ";q=0.0", ";q=0.000", ";Q=0", "; q=0 ", ";q = 0"),
    *(";q=.0", ";q=00", ";q=0.0.0", ";q=0.001", ";q=", ";q", ";q=-0", ";q=0;q=1", ";q=1;q=0"),
    *(
        ";level=0",
        ";level=1;q=0",
        ";;q=0",
        ";q=0.",
        ";q=0,",
        ';a=",image/avif"',
        ";q=\t0",
        ";q=1e9",
    ),
)
BLANKS = ("", "", " ", "\t", "  ", " \t ", "\u00a0", "\x0b")
HOSTILE = (
    "," * 4000,
    ";" * 4000,
    "image/avif;q=0," * 500,
    "image/avif;q=0," * 300 + "image/avif",
    "image/avif" + ";x=1" * 1000 + ";q=0",
    " " * 4000 + "image/webp",
    "image/avif;q=" + "0" * 4000,
    "image/avif;q=0." + "0" * 4000,
    "image/avif;q=0." + "0" * 4000 + "1",
    "a" * 8000,
    "image/avif, image/webp;q=0, */*",
)

pytestmark = pytest.mark.parametrize(
    "engine", ENGINES or [pytest.param("", marks=pytest.mark.skip("no Node, no njs"))]
)


def headers() -> list[str]:
    """A thousand headers, the same in every run."""
    chance = random.Random(22)

    def media_range() -> str:
        pieces = (BLANKS, TYPES, BLANKS, WEIGHTS, BLANKS)
        return "".join(chance.choice(piece) for piece in pieces)

    made = [",".join(media_range() for _ in range(chance.randint(1, 5))) for _ in range(1000)]
    return [BROWSER, *HOSTILE, *made]


def choice(accept: str, offered: Mapping[str, str] = OFFERED) -> str:
    """What the API makes of the header: a format, or nothing for the original's own."""
    return offered.get(first_named(accept, offered), "")


def chosen_at_the_edge(
    engine: str, accepts: list[str], folder: Path, store: Mapping[str, str] = STORE
) -> list[str]:
    """The endings of the keys that the edge asks the bucket for."""
    events = [event_of(OPEN, accept=accept) for accept in accepts]
    answers = run(engine, "request", events, store, folder)
    uris = [str(answer["result"]["uri"]) for answer in answers]
    assert all(uri.startswith(THUMB) for uri in uris)
    return [uri.removeprefix(THUMB).removeprefix(".") for uri in uris]


def test_the_key_in_the_bucket_has_the_format_that_the_api_would_choose(
    engine: str, tmp_path: Path
) -> None:
    accepts = headers()
    chosen = [choice(accept) for accept in accepts]
    assert chosen_at_the_edge(engine, accepts, tmp_path) == chosen
    assert min(chosen.count(each) for each in ("", "avif", "webp")) > 100


def test_a_stack_that_offers_webp_alone_gives_it_to_whoever_names_it(
    engine: str, tmp_path: Path
) -> None:
    accepts = headers()
    chosen = [choice(accept, {"image/webp": "webp"}) for accept in accepts]
    assert chosen_at_the_edge(engine, accepts, tmp_path, offering(["webp"])) == chosen


def test_the_api_chooses_the_same_behind_the_edge(engine: str, tmp_path: Path) -> None:
    accepts = headers()
    events = [event_of(CLOSED, accept=accept) for accept in accepts]
    answers = run(engine, "request", events, STORE, tmp_path)
    forwarded = [answer["result"]["headers"]["accept"]["value"] for answer in answers]
    assert set(forwarded) == {"*/*", "image/avif", "image/webp"}
    assert [choice(accept) for accept in forwarded] == [choice(accept) for accept in accepts]


def test_several_accept_headers_count_as_one(engine: str, tmp_path: Path) -> None:
    lines = ["text/html", "image/webp", "image/avif;q=0"]
    events = [event_of(url, accept=lines[0]) for url in (OPEN, CLOSED)]
    for event in events:
        event["request"]["headers"]["accept"]["multiValue"] = [{"value": line} for line in lines]
    in_bucket, by_api = run(engine, "request", events, STORE, tmp_path)
    assert in_bucket["result"]["uri"] == THUMB + ".webp"
    assert by_api["result"]["headers"]["accept"] == {"value": "image/webp"}
