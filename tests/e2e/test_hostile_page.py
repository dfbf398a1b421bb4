"""The page over data in which every text is markup, script and invisible characters."""

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from tests.admin.shaped import Shaped, field
from tests.e2e.browser import CHROMIUM
from tests.e2e.conftest import PATIENCE, Runner, start, stop
from tests.e2e.devtools import Tab, tab

INVISIBLE = "\u202e\u2028\u200b"
MARKUP = (
    "\"'><img src=x onerror=ran(1)><script>ran(2)</script><svg onload=ran(3)>"
    f"${{ran(4)}}`javascript:ran(5)&lt;b&gt;{INVISIBLE}"
)
NAME = MARKUP.replace("/", "")
"""The same for what is also the name of a file or a folder."""

UNSPACED = MARKUP.replace(" ", "/")
"""The same for a request line, which blanks divide."""

COLLECTION = f"c{NAME}"
USERS = f"u{NAME}"
RECORD = f"r{NAME}"
OPEN = f"o{NAME}.png"
DRAWING = f"d{NAME}.svg"
CLOSED = f"p{NAME}.png"
SCRIPTED = b"""<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="ran(6)">
<script>ran(7)</script><foreignObject><img src="x" onerror="ran(8)"/></foreignObject></svg>"""

WATCH = """
window.alarms = [];
window.ran = (what) => alarms.push(`script ${what} ran`);
addEventListener("securitypolicyviolation", (event) => alarms.push(event.effectiveDirective));
addEventListener("error", (event) => alarms.push(String(event.message)), false);
addEventListener("unhandledrejection", (event) => alarms.push(String(event.reason)));
"""
FOREIGN = "document.querySelectorAll('main script, main svg, [onerror], [onload], [src=x]').length"


def hash_of(kind: str, *parts: str) -> str:
    return "/".join((f"#/{kind}", *(quote(part, safe="") for part in parts)))


def explained(url: str) -> str:
    return f"#/explain?url={quote(url, safe='')}"


PATH = f"/api/files/{'/'.join(quote(part, safe='') for part in (COLLECTION, RECORD, CLOSED))}"
PLACES = {
    "collection": hash_of("files", COLLECTION),
    "picture": hash_of("file", COLLECTION, RECORD, OPEN),
    "drawing": hash_of("file", COLLECTION, RECORD, DRAWING),
    "protected": hash_of("file", COLLECTION, RECORD, CLOSED),
    "no such collection": hash_of("files", MARKUP),
    "no such place": f"#/{MARKUP}",
    "rules": "#/rules",
    "requests": "#/requests",
    "explained": explained(f"{PATH}?thumb={quote(MARKUP)}"),
    "explained nonsense": explained(MARKUP),
    "explained script": explained("javascript:ran(9)"),
}


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(out, "PNG")
    return out.getvalue()


def make_data(folder: Path) -> Path:
    shaped = Shaped(folder)
    sizes = {"maxSelect": 1, "thumbs": ["200x200", MARKUP]}
    files = [
        field(f"f{MARKUP}", "file", **sizes),
        field(f"g{MARKUP}", "file", **sizes),
        field(f"h{MARKUP}", "file", **sizes, protected=True),
    ]
    shaped.add_collection(COLLECTION, files, view_rule=f"owner = {MARKUP}")
    names = [each["name"] for each in files]
    shaped.put(COLLECTION, RECORD, **dict(zip(names, (OPEN, DRAWING, CLOSED), strict=True)))
    stored = f"id_{COLLECTION}/{RECORD}"
    shaped.store(f"{stored}/{OPEN}", picture(), "image/png", MARKUP)
    shaped.store(f"{stored}/{DRAWING}", SCRIPTED, "image/svg+xml", MARKUP)
    shaped.store(f"{stored}/{CLOSED}", picture(), MARKUP, MARKUP)
    people = [field(name, "text") for name in ("email", "name", "tokenKey")]
    shaped.add_collection(USERS, people, kind="auth", view_rule=f"id = '{MARKUP}'")
    shaped.put(USERS, RECORD, email=MARKUP, name=MARKUP, tokenKey="k" * 40)
    return folder


@dataclass(frozen=True)
class Scene:
    browser: Tab
    runner: Runner

    def visit(self, place: str) -> None:
        self.browser.open("about:blank")
        self.browser.open(f"{self.runner.base}/{place}")
        self.browser.until("document.body && document.body.dataset.shown !== undefined")

    def run(self, script: str) -> Any:
        return self.browser.run(script)

    def view_as(self, user: str) -> None:
        self.run(
            "(() => { const user = document.getElementById('user');"
            f" user.value = {json.dumps(user)}; user.dispatchEvent(new Event('change')); }})()"
        )
        self.browser.until("!document.getElementById('life').hidden")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH: the page is not tried in it")
    folder = tmp_path_factory.mktemp("hostile")
    runner = start(folder / "log", "--data", str(make_data(folder / "data")))
    try:
        with tab(folder) as browser:
            browser.show(1280, 900)
            browser.call("Page.enable")
            browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            yield Scene(browser, runner)
    finally:
        stop(runner)


def ask(runner: Runner, request: bytes) -> None:
    """Send a request that no client would send, and wait for its answer."""
    host, port = runner.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(request)
        assert connection.recv(100).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
def test_no_text_becomes_markup_or_script(scene: Scene, place: str) -> None:
    scene.visit(place)
    assert scene.run("[alarms, " + FOREIGN + "]") == [[], 0]
    scene.view_as(f"{USERS}/{RECORD}")
    scene.visit(place)
    assert scene.run("[alarms, " + FOREIGN + "]") == [[], 0]


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
def test_no_text_is_wider_than_a_phone_or_hides_characters(scene: Scene, place: str) -> None:
    scene.browser.show(360, 740)
    scene.visit(place)
    assert scene.run("document.documentElement.scrollWidth") <= 360
    scene.browser.show(1280, 900)
    shown = scene.run("document.title + document.body.innerText")
    assert not set(INVISIBLE) & set(shown)


def test_copied_lines_keep_a_hostile_name_inside_their_quotes(scene: Scene) -> None:
    scene.visit(PLACES["picture"])
    curl, tag, script = scene.run(
        "[...document.querySelectorAll('pre')].map((each) => each.textContent)"
    )
    assert curl.count("'") == 2
    assert "<" not in tag.removeprefix("<img")
    assert tag.count('"') == 4
    assert "<" not in script
    call = "((id) => id)(" + script.partition("getURL(record, ")[2].partition(", {")[0] + ")"
    assert scene.run(call) == OPEN


@pytest.mark.parametrize(
    "head",
    [
        f"GET /{UNSPACED}?{UNSPACED} HTTP/1.1",
        f"{UNSPACED} / HTTP/1.1",
        f"GET http://{UNSPACED}/ HTTP/1.1",
        f"GET / HTTP/1.1\r\nUser-Agent: {NAME}\r\nReferer: {NAME}\r\nCookie: {NAME}",
    ],
    ids=["path", "method", "absolute", "headers"],
)
def test_a_hostile_request_is_listed_as_text(scene: Scene, head: str) -> None:
    ask(scene.runner, f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode())
    scene.visit(PLACES["requests"])
    assert scene.run("document.querySelectorAll('.log tbody tr').length") >= 1
    assert scene.run("[alarms, " + FOREIGN + "]") == [[], 0]


def test_text_cannot_be_made_html_even_by_the_page_itself(scene: Scene) -> None:
    scene.visit(PLACES["rules"])
    with pytest.raises(RuntimeError, match="TrustedHTML"):
        scene.run("document.getElementById('main').innerHTML = '<b>x</b>'")
