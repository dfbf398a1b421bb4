"""Any spelling of a URL through the whole edge: what is read from the bucket, what is cached, and
under how many keys."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.target.edge_store import entries
from files import build
from local.cdn import policy
from local.cdn.bucket import REFUSED
from local.cdn.cache import Cache, Key
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.gateway import Answer, Request
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.config import Settings
from pocketfiles.errors import Refusal
from pocketfiles.http import messages
from pocketfiles.http.query import parse_query
from pocketfiles.key_path import as_file_request
from tests.fakes import FakeBucket, FakeTable

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
POLICY = policy.read((ROOT / "template.yaml").read_text())
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

IMAGE = Field("f", "image", "file", thumbs=("9x9", "8x8"))
OTHER = Field("g", "other", "file", thumbs=("9x9", "7x7"))
SECRET = Field("s", "secret", "file", thumbs=("9x9",), protected=True)
COLLECTIONS = (
    Collection("pbc_Open1", "Photos", "base", (IMAGE, OTHER)),
    Collection("pbc_shut2", "secrets", "base", (SECRET,)),
    Collection("pbc_mixed3", "mixed", "base", (IMAGE, SECRET)),
    # The name of one is the id of another: the store has neither.
    Collection("pbc_four4", "clash", "base", (SECRET,)),
    Collection("pbc_five5", "pbc_four4", "base", (IMAGE,)),
    # Two that have swapped their names, as readers may remember them.
    Collection("pbc_six6", "seven", "base", (IMAGE,)),
    Collection("pbc_seven7", "six", "base", (SECRET,)),
)
FILES = {"image": "a.txt", "other": "b.svg", "secret": "s.txt"}
RECORDS = [
    Record(each.id, "r1", {"id": "r1", **{of.name: FILES[of.name] for of in each.file_fields}})
    for each in COLLECTIONS
]
OBJECTS = {
    f"{each.id}/r1/{FILES[of.name]}": (f"{each.id} {of.name}".encode(), "text/plain")
    for each in COLLECTIONS
    for of in each.file_fields
}
PROTECTED = {body for body, _ in OBJECTS.values() if body.endswith(b"secret")}
LEFT_OUT = {"pbc_four4", "pbc_five5"}
PUBLIC = (
    "/api/files/photos/r1/a.txt",
    "/api/files/photos/r1/b.svg",
    "/api/files/mixed/r1/a.txt",
    "/api/files/seven/r1/a.txt",
)
"""URLs of the public files of collections that the store knows."""

OPEN_FOLDERS = ("/pbc_Open1/", "/pbc_six6/")

NAMES = [each.name for each in COLLECTIONS] + [each.id for each in COLLECTIONS]
ODD_SEGMENTS = (
    "",
    ".",
    "..",
    "%2e%2e",
    "a%2Fb",
    "%00",
    "r1;x",
    "r1%20",
    "é",
    "e%CC%81",
    "x" * 2000,
)
ODD_ESCAPES = ("%25", "%2561", "%c0%ae", "%zz", "%", "%ff", "+", "%20", "%23", "#x", ";")
PARAMETERS = [
    *("thumb=9x9", "thumb=8x8", "thumb=7x7", "thumb=100x100", "thumb=1x1", "thumb=", "%74humb=9x9"),
    *("download=1", "download=t", "download=true", "download=TRUE", "download=True"),
    *("download=T", "download=0", "download=", "download", "download=1;x", "thumb=9x9+"),
    *("token=", "token=x", "token=a.b.c", "utm=1", "a=%zz", "=", "__proto__=1", "thumb=9%789"),
]


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """The text in some letter case of its escapes, with some characters escaped."""
    pieces = []
    for character in text:
        how = draw(st.sampled_from(["plain", "plain", "plain", "upper", "lower"]))
        escaped = f"%{ord(character):02X}"
        pieces.append({"plain": character, "upper": escaped, "lower": escaped.lower()}[how])
    return "".join(pieces)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A file's URL in some spelling, or something that only looks like one."""
    name = draw(st.sampled_from([*NAMES, *["Photos", "pbc_Open1"] * 4]))
    name = draw(st.sampled_from([name, name.upper(), name.lower()]))
    segments = [name, "r1", draw(st.sampled_from(["a.txt", *FILES.values()]))]
    raw = [draw(spelled(segment)) for segment in segments]
    slash = "/"
    prefix = "/api/files/"
    oddity = draw(st.sampled_from(["none", "none", "none", "segment", "escape", "slash", "prefix"]))
    place = draw(st.integers(0, 2))
    if oddity == "segment":
        raw[place] = draw(st.sampled_from(ODD_SEGMENTS))
    if oddity == "escape":
        raw[place] += draw(st.sampled_from(ODD_ESCAPES))
    if oddity == "slash":
        slash = draw(st.sampled_from(["//", "/./", "%2F", "%2f", "/../", "\\"]))
    if oddity == "prefix":
        prefix = draw(
            st.sampled_from(
                ["//api/files/", "/", "/api/files//", "/api%2Ffiles/", "/%61pi/%66iles/"]
            )
        )
    query = draw(st.lists(st.sampled_from(PARAMETERS), max_size=4))
    return prefix + slash.join(raw) + ("?" + "&".join(query) if query else "")


@dataclass(frozen=True)
class Picture:
    body: bytes
    content_type: str = "text/plain"


class Edge:
    """A distribution before the real files function, over a bucket and a table in memory."""

    def __init__(self, functions: EdgeFunctions) -> None:
        store: Any = FakeBucket(dict(OBJECTS))
        table = FakeTable(COLLECTIONS, RECORDS)
        self.service = build.file_service(Settings(table_name="t", cdn_direct=True), table, store)
        self.read: list[str] = []
        self.cache = Cache(lambda: 0.0, POLICY.default_ttl)
        self.distribution = Distribution(functions, self.cache, self, self.api, POLICY)

    def get(self, uri: str) -> Answer:
        """The bucket as an origin."""
        self.read.append(uri)
        found = OBJECTS.get(uri.removeprefix("/"))
        return Answer(200, (("ETag", '"e"'),), found[0]) if found else REFUSED

    def api(self, request: Request) -> Answer:
        """The files function behind API Gateway, which decodes a path once."""
        target = urlsplit(request.target)
        headers = {name.lower(): value for name, value in request.headers}
        query = parse_query(target.query)
        asked = messages.Request(request.method, unquote(target.path), query, headers, "192.0.2.7")
        try:
            reply = self.service.answer(as_file_request(asked), 0.0)
        except Refusal as refusal:
            return Answer(refusal.status, (("Cache-Control", "no-store"),), b"")
        return Answer(reply.status, tuple(reply.headers.items()), reply.body)

    def copies(self) -> dict[tuple[bytes, bool], set[Key]]:
        """The keys of all copies, by their bytes and by whether they are downloads."""
        found = defaultdict[tuple[bytes, bool], set[Key]](set)
        for key, entry in self.cache._entries.items():
            found[entry.answer.body, "download=" in key[1]].add(key)
        return found


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        running.publish(entries(COLLECTIONS))
        yield running


METHODS = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS"])
ACCEPTS = st.sampled_from(["*/*", "image/avif,image/webp,*/*", "text/html", "image/webp;q=0"])


@settings(max_examples=200)
@given(asked=st.lists(st.tuples(METHODS, targets(), ACCEPTS), min_size=5, max_size=20))
def test_no_spelling_reads_or_keeps_what_it_must_not(
    functions: EdgeFunctions, asked: list[tuple[str, str, str]]
) -> None:
    edge = Edge(functions)
    for known in PUBLIC:
        edge.distribution.respond(Request("GET", known, (("accept", "*/*"),)))
    for method, target, accept in asked:
        answer = edge.distribution.respond(Request(method, target, (("accept", accept),)))
        assert answer.body not in PROTECTED, target
    assert all(uri.startswith(OPEN_FOLDERS) for uri in edge.read)
    for (body, _), keys in edge.copies().items():
        assert body not in PROTECTED
        if body.decode().partition(" ")[0] in LEFT_OUT:
            continue
        uris = {key[0] for key in keys if "/thumbs_" not in key[0] and "thumb=" not in key[1]}
        assert len(uris) <= 1, keys
        thumbs = {key for key in keys if "/thumbs_" in key[0] or "thumb=" in key[1]}
        assert len({_thumb(key) for key in thumbs}) == len(thumbs), keys


def _thumb(key: Key) -> tuple[str, str]:
    """The size and the format that a key of a thumb names; there is one key for both."""
    if "thumb=" in key[1]:
        return key[1].partition("thumb=")[2].partition("&")[0], key[2]
    name = key[0].rpartition("/")[2]
    size, _, file = name.partition("_")
    ending = file.rpartition(".")[2]
    return size, f"image/{ending}" if ending in {"avif", "webp"} else "*/*"


@given(
    target=st.tuples(
        st.sampled_from(["Photos", "PHOTOS", "pbc_Open1"]), st.sampled_from(["a.txt", "b.svg"])
    ),
    parameters=st.lists(
        st.sampled_from([each for each in PARAMETERS if not each.startswith(("thumb", "%74humb"))]),
        max_size=6,
    ),
    accept=ACCEPTS,
    method=st.sampled_from(["GET", "HEAD"]),
    data=st.data(),
)
def test_a_public_file_has_one_copy_and_one_download(
    functions: EdgeFunctions,
    target: tuple[str, str],
    parameters: list[str],
    accept: str,
    method: str,
    data: st.DataObject,
) -> None:
    name, file = target
    edge = Edge(functions)
    plain = f"/api/files/pbc_Open1/r1/{file}"
    for known in (plain, f"{plain}?download=1"):
        edge.distribution.respond(Request("GET", known, (("accept", "*/*"),)))
    path = "/api/files/" + "/".join(data.draw(spelled(part)) for part in (name, "r1", file))
    asked = Request(method, f"{path}?{'&'.join(parameters)}", (("accept", accept),))
    headers = {name.lower(): value for name, value in edge.distribution.respond(asked).headers}
    assert headers["x-cache"].startswith("Hit")
