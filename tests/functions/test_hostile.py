"""Nobody opens a protected file by a token that is not theirs or by another spelling of its path,
and nobody can tell whether it is there.

``HYPOTHESIS_PROFILE=search`` tries all there is; otherwise every n-th is tried.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote

import pytest

from pocketfiles.catalogue.model import Record
from tests.conftest import how_many
from tests.deployed import Answer, Deployed
from tests.functions.conftest import ADA, BOB, PAPERS, ROOT, make_token
from tests.functions.hostile import TokenCorpus, spellings

FOLDER = "/api/files/papers/paper1"
SECRET = f"{FOLDER}/secret.txt"
REDIRECTED_OR_SERVED = {200, 206, 302, 304}


def some(cases: Iterable[str], few: int) -> list[str]:
    """Distinct cases: some that are spread over all of them, or all in a long search."""
    found = list(dict.fromkeys(cases))
    wanted = how_many(few, len(found))
    return random.Random(wanted).sample(found, min(wanted, len(found)))


def shown(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """All that a client sees of an answer."""
    return answer.status, dict(answer.headers), answer.body


def in_header(token: str) -> str:
    """A token as far as a header can carry it."""
    return "".join(letter for letter in token if " " <= letter <= "~")


@pytest.mark.parametrize(("victim", "other"), [(ADA, BOB), (ROOT, BOB)], ids=["a user", "root"])
def test_no_hostile_token_opens_a_protected_file(
    victim: Record, other: Record, stable: Deployed
) -> None:
    corpus = TokenCorpus(victim, other, "file")
    assert stable.get(f"{SECRET}?token={corpus.valid}").status == 200
    denied = shown(stable.get(SECRET))
    tried = some(corpus.all(), 150) + some(corpus.mutations(1, how_many(40, 5000)), 40)
    for token in tried:
        answer = stable.get(f"{SECRET}?token={quote(token, safe='')}")
        assert shown(answer) == denied, token
    stable.logged()


@pytest.mark.parametrize(("victim", "other"), [(ADA, BOB), (ROOT, BOB)], ids=["a user", "root"])
def test_no_hostile_token_gets_a_file_token(
    victim: Record, other: Record, stable: Deployed
) -> None:
    corpus = TokenCorpus(victim, other, "auth")
    valid = {"Authorization": corpus.valid}
    assert stable.ask("POST", "/api/files/token", valid).status == 200
    tried = some(corpus.all(), 100) + some(corpus.mutations(2, how_many(40, 5000)), 40)
    for token in tried:
        sent = in_header(token).strip()
        if sent == corpus.valid:
            continue
        for authorization in (sent, f"Bearer {sent}"):
            answer = stable.ask("POST", "/api/files/token", {"Authorization": authorization})
            assert answer.status in {401, 431}, token
    stable.logged()


def test_no_spelling_of_its_path_opens_a_protected_file(stable: Deployed) -> None:
    names = ["papers", "pbc_papers"]
    bodies = [body for body, _ in PAPERS.values()][:2]
    paths = [
        *spellings(names, "paper1", "secret.txt"),
        *spellings(["paper_view", "pbc_view"], "row1", "lost.txt"),
    ]
    tokens = ["", f"&token={make_token(BOB)}"]
    queries = ["", "?thumb=4x4", "?download=1", "?thumb=100x100"]
    chance = random.Random(5)
    for path in some(paths, 600):
        target = path + chance.choice(queries)
        target += chance.choice(tokens).replace("&", "&" if "?" in target else "?", 1)
        on_the_wire = target.encode().decode("latin-1")
        answer = stable.ask(chance.choice(["GET", "GET", "HEAD"]), on_the_wire)
        assert answer.status not in REDIRECTED_OR_SERVED, target
        assert answer.status < 500, target
        assert not any(body in answer.body for body in bodies), target
    stable.logged()


METHODS = ["GET", "HEAD", "OPTIONS", "POST", "DELETE"]
HEADERS: list[dict[str, str]] = [
    {},
    {"range": "bytes=0-3"},
    {"range": "bytes=99999-"},
    {"range": "bytes=0-0,2-3"},
    {"if-none-match": "*"},
    {"if-none-match": '"x"'},
    {"if-match": "*"},
    {"if-match": '"x"'},
    {"if-modified-since": "Tue, 01 Jan 2999 00:00:00 GMT"},
    {"if-unmodified-since": "Tue, 01 Jan 1980 00:00:00 GMT"},
    {"if-range": '"x"', "range": "bytes=0-3"},
    {"origin": "https://example.com"},
    {"accept": "image/avif,image/webp"},
    {"sec-fetch-dest": "video", "range": "bytes=0-"},
    {"authorization": make_token(ADA, "auth")},
]
QUERIES = ["", "thumb=4x4", "thumb=100x100", "thumb=junk", "download=1", "token=x", "x=1"]


def pairs() -> Iterator[tuple[str, str]]:
    """Paths of what is there and denied, each with one of what is missing."""
    yield SECRET, f"{FOLDER}/secred.txt"
    yield f"{FOLDER}/secret.png", f"{FOLDER}/secred.png"
    yield SECRET, "/api/files/papers/paper2/secret.txt"
    yield "/api/files/pbc_papers/paper1/secret.txt", "/api/files/pbc_papers/paper9/secret.txt"


def test_what_is_denied_looks_exactly_like_what_is_missing(stable: Deployed) -> None:
    owners = ["", f"token={make_token(BOB)}"]
    cases = [
        (method, headers, "&".join(filter(None, (query, owner))), pair)
        for method in METHODS
        for headers in HEADERS
        for query in QUERIES
        for owner in owners
        for pair in pairs()
    ]
    random.Random(3).shuffle(cases)
    for method, headers, query, (denied, missing) in islice(cases, how_many(300, len(cases))):
        answers = [
            shown(stable.ask(method, f"{path}?{query}" if query else path, headers))
            for path in (denied, missing)
        ]
        assert answers[0] == answers[1], (method, headers, query, denied)
        assert answers[0][0] in {204, 404}
    stable.logged()
