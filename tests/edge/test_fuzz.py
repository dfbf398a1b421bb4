"""Any spelling of paths and parameters: what the edge may do, whatever is asked."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.target.edge_store import entries
from local.cdn.distribution import event_request
from local.cdn.functions import EdgeFunctions
from local.gateway import Request
from pocketfiles.catalogue.model import Collection, Field

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

OPEN = Collection("pbc_Open1", "Photos", "base", (Field("f", "image", "file", thumbs=("9x9",)),))
CLOSED = Collection(
    "pbc_shut2", "secrets", "base", (Field("f", "file", "file", thumbs=("9x9",), protected=True),)
)
VIEW = Collection("pbc_view3", "album", "view", (Field("f", "image", "file"),))
OPEN_FOLDER = "/pbc_Open1/"

NAMES = st.one_of(
    st.sampled_from(["Photos", "photos", "pbc_Open1", "PBC_OPEN1"]),
    st.sampled_from(["secrets", "SECRETS", "pbc_shut2", "album", "pbc_view3"]),
    st.sampled_from(["other", "", ".", "..", "token", "thumbs_a.png"]),
)
FILES = st.sampled_from(["a.png", "A.png", "a.svg", ".a", "..", "a..b", "thumbs_a.png", "a b.txt"])
ODD = st.text("aA0./\\%2eF;+ ?#&=é\0", max_size=6)
PARAMETERS = st.one_of(
    st.sampled_from(["thumb=9x9", "thumb=8x8", "%74humb=9x9", "thumb=", "token=x"]),
    st.sampled_from(["download=1", "download=0", "utm=1", "thumb=9x9;a", "thumb=%zz"]),
    st.sampled_from(["=", "a", "thumb=%2e%2e%2f"]),
)


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """The text with some characters escaped, in either case of the hexadecimal digits."""
    pieces = []
    for character in text:
        how = draw(st.sampled_from(["plain", "plain", "upper", "lower"]))
        escaped = "".join(f"%{byte:02X}" for byte in character.encode())
        pieces.append({"plain": character, "upper": escaped, "lower": escaped.lower()}[how])
    return "".join(pieces)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A request target: a file's path in some spelling, or something that only looks like one."""
    segments = [draw(NAMES | ODD), draw(st.sampled_from(["r1", "R1", "..", ""]) | ODD)]
    segments += draw(st.lists(FILES | ODD, min_size=1, max_size=2))
    prefix = draw(
        st.sampled_from(
            ["/api/files/", "/api/files//", "/", "/API/files/", "//api/files/", "/%61pi/%66iles/"]
        )
    )
    path = prefix + "/".join([draw(spelled(segment)) for segment in segments])
    query = draw(st.lists(PARAMETERS, max_size=4))
    return path + ("?" + "&".join(query) if query else "")


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        running.publish(entries([OPEN, CLOSED, VIEW]))
        yield running


def asked(
    functions: EdgeFunctions, target: str, method: str = "GET"
) -> tuple[dict[str, Any], bool]:
    """The request that leaves the function, and whether it goes to the bucket."""
    event = {"version": "1.0", "request": event_request(Request(method, target))}
    changed, origins = functions.run("request", event)
    return changed, bool(origins)


@given(target=targets(), method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]))
def test_only_files_of_open_collections_reach_the_bucket(
    functions: EdgeFunctions, target: str, method: str
) -> None:
    changed, to_bucket = asked(functions, target, method)
    if to_bucket:
        assert method in {"GET", "HEAD"}
        assert changed["uri"].startswith(OPEN_FOLDER)
        assert unquote(changed["uri"]) == changed["uri"]
        assert ".." not in changed["uri"]
        assert len(changed["uri"].split("/")) in {4, 5}
        assert changed["querystring"] == {}
    else:
        assert changed["uri"].startswith("/api/files/")


@given(
    name=st.sampled_from(["Photos", "photos", "PHOTOS", "pbc_Open1"]),
    thumb=st.sampled_from(["", "9x9", "100x100"]),
    noise=st.lists(
        st.sampled_from(["utm=1", "token=x", "download=0", "a", "thumb=7x7"]), max_size=3
    ),
    data=st.data(),
)
def test_one_file_has_one_copy(
    functions: EdgeFunctions, name: str, thumb: str, noise: list[str], data: st.DataObject
) -> None:
    path = "/api/files/" + "/".join(data.draw(spelled(part)) for part in (name, "r1", "a.png"))
    first = [f"thumb={data.draw(spelled(thumb))}"] if thumb else ["thumb="]
    changed, to_bucket = asked(functions, path + "?" + "&".join(first + noise))
    folder = "/pbc_Open1/r1/"
    expected = f"{folder}thumbs_a.png/{thumb}_a.png" if thumb else f"{folder}a.png"
    assert (changed["uri"], changed["querystring"], to_bucket) == (expected, {}, True)


@given(
    name=st.sampled_from(["secrets", "SECRETS", "Secrets", "pbc_shut2"]),
    order=st.permutations(["thumb=9x9", "token=t.t.t", "download=1", "x=%20"]),
    data=st.data(),
)
def test_a_closed_file_has_one_spelling_at_the_api(
    functions: EdgeFunctions, name: str, order: list[str], data: st.DataObject
) -> None:
    path = "/api/files/" + "/".join(data.draw(spelled(part)) for part in (name, "r1", "a.png"))
    changed, to_bucket = asked(functions, f"{path}?{'&'.join(order)}")
    names = list(changed["querystring"])
    assert (changed["uri"], to_bucket) == ("/api/files/pbc_shut2/r1/a.png", False)
    assert names == ["download", "thumb", "token", "x"]


@given(file=st.text(min_size=1, max_size=8).filter(lambda text: "/" not in text))
def test_any_name_arrives_at_the_api_as_it_was_sent(functions: EdgeFunctions, file: str) -> None:
    encoded = quote(file, safe="", errors="replace")
    changed, to_bucket = asked(functions, f"/api/files/secrets/r1/{encoded}")
    assert not to_bucket
    assert unquote(changed["uri"].rpartition("/")[2]) == unquote(encoded)
