"""``--cdn``: public files from the edge, as a browser and a player ask for them."""

import html
import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.browser import Browser, in_each_browser, reported_by
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, ROOT, Runner, start, stop
from tests.e2e.test_runner import ask
from tests.e2e.test_sync_over_http import PHOTOS

MIB = 1024 * 1024
RECORD, SHOWN = "large0000000000", "shown0000000000"
PICTURE, DATA = "large_0123456789.png", "data_0123456789.bin"
CONTENT = random.Random(3).randbytes(MIB) * 6
THUMBS = ("100x300", "300x100t", "300x100b", "200x200f", "0x300", "300x0", "100x100")

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@pytest.fixture(scope="module")
def edge_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the functions' log lines of ``edge`` go."""
    return tmp_path_factory.mktemp("edge") / "log"


@pytest.fixture(scope="module")
def edge(edge_log: Path) -> Iterator[Runner]:
    """A service behind the local edge, with two files above the inline limit."""
    runner = start(edge_log, "--cdn", "--json")
    files = {PICTURE: (noise(), "image/png"), DATA: (CONTENT, "video/webm")}
    Bucket.of(runner.aws).put("photos", RECORD, "any", files)
    yield runner
    stop(runner)


@cache
def noise() -> bytes:
    """A PNG of more than 4 MiB."""
    return png(Image.frombytes("RGB", (1500, 1000), CONTENT[: 1500 * 1000 * 3]))


def small_picture(number: int) -> bytes:
    return png(Image.new("RGB", (320, 400), (number * 40, 60, 60)))


def png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def x_cache(runner: Runner, path: str) -> str:
    """Whether the answer came from the cache: ``Hit`` or ``Miss``."""
    return ask(runner, "GET", path)[1]["x-cache"].partition(" ")[0]


def test_thumbs_come_from_the_edge_at_the_second_load(edge: Runner) -> None:
    picture = edge.path("picture")
    paths = [f"{picture}?thumb={size}" for size in THUMBS]
    assert {x_cache(edge, path) for path in paths} == {"Miss"}
    assert {x_cache(edge, path) for path in paths} == {"Hit"}


def test_a_large_public_file_is_sent_whole_and_by_range_without_a_redirect(edge: Runner) -> None:
    path = f"/api/files/photos/{RECORD}/{DATA}"
    status, headers, body = ask(edge, "GET", path)
    assert (status, body) == (200, CONTENT)
    assert headers["content-type"] == "video/webm"
    status, headers, body = ask(edge, "GET", path, {"Range": f"bytes={5 * MIB}-"})
    assert (status, body) == (206, CONTENT[5 * MIB :])
    assert headers["x-cache"].startswith("Hit")


def test_a_protected_file_is_never_kept(edge: Runner) -> None:
    protected = edge.protected().removeprefix(edge.base)
    assert x_cache(edge, protected) == "Miss"
    assert x_cache(edge, protected) == "Miss"
    assert ask(edge, "GET", protected.partition("?")[0])[0] == 404


IMAGE_THEN_FETCH = """<script>
const image = new Image();
image.onload = async () => {
  const answer = await fetch(image.src);
  const bytes = await answer.arrayBuffer();
  tell([image.naturalWidth, answer.status, bytes.byteLength]);
};
image.onerror = () => tell("the picture cannot be shown");
image.src = "%s";
</script>"""


@in_each_browser
def test_one_large_file_can_be_shown_and_fetched_from_another_origin(
    edge: Runner, browser: Browser, tmp_path: Path
) -> None:
    path = f"/api/files/photos/{RECORD}/{PICTURE}"
    size = len(ask(edge, "GET", path)[2])
    assert size > 4 * MIB
    page = IMAGE_THEN_FETCH % html.escape(edge.base + path)
    assert reported_by(page, tmp_path, browser) == [1500, 200, size]


@in_each_browser
def test_one_large_file_can_be_shown_and_fetched_without_the_edge(
    runner: Runner, browser: Browser, tmp_path: Path
) -> None:
    """Both follow a redirect of the same second, whose addresses must differ."""
    Bucket.of(runner.aws).put("photos", SHOWN, "any", {PICTURE: (noise(), "image/png")})
    url = f"{runner.base}/api/files/photos/{SHOWN}/{PICTURE}"
    page = IMAGE_THEN_FETCH % html.escape(url)
    assert reported_by(page, tmp_path, browser) == [1500, 200, len(noise())]


PAGE_OF_THUMBS = """<script>onload = () => tell(
  [...document.images].filter((image) => image.naturalWidth > 0).length
);</script>"""


@in_each_browser
def test_a_page_of_40_thumbs_comes_from_the_edge_at_the_second_load(
    edge: Runner, edge_log: Path, browser: Browser, tmp_path: Path
) -> None:
    record = f"page{browser.name.lower():0<11}"
    pictures = {
        f"picture{number}_0123456789.png": (small_picture(number), "image/png")
        for number in range(5)
    }
    Bucket.of(edge.aws).put("photos", record, "gallery", pictures)
    images = [
        f'<img src="{edge.base}/api/files/photos/{record}/{name}?thumb={size}">'
        for name in pictures
        for size in (*THUMBS, "50x50")
    ]
    page = PAGE_OF_THUMBS + "".join(images)
    answered = []
    for load in ("first", "second"):
        assert reported_by(page, tmp_path / load, browser) == len(images) == 40
        answered.append(edge_log.read_text().count('"answered"'))
    assert answered[0] >= 40
    assert answered[1] == answered[0]


@pytest.fixture
def admin(edge: Runner, edge_log: Path) -> Callable[..., str]:
    """Runs a command of ``admin`` on the running service; what it prints."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(edge_log.parent)}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "admin", *arguments, "--local"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def note(edge: Runner, admin: Callable[..., str], tmp_path: Path) -> str:
    """The path of a file in an open collection, of which the edge has a copy."""
    apply(admin, tmp_path, protected=False)
    (tmp_path / "a.txt").write_text("a")
    printed = admin("put", "notes", "note1", "file", str(tmp_path / "a.txt"))
    path = printed.partition(" -> ")[2].split()[0]
    wait_until(lambda: ask(edge, "GET", path)[0] == 200)
    assert x_cache(edge, path) == "Hit"
    return path


def apply(admin: Callable[..., str], folder: Path, *, protected: bool) -> None:
    file = {"id": "file", "name": "file", "type": "file", "maxSelect": 1, "protected": protected}
    fields = [{"id": "id", "name": "id", "type": "text"}, file]
    notes = {"id": "notes", "name": "notes", "type": "base", "viewRule": None, "fields": fields}
    (folder / "collections.json").write_text(json.dumps([notes]))
    admin("collections", "apply", str(folder / "collections.json"))


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_removed_record_leaves_the_edge(
    edge: Runner, admin: Callable[..., str], note: str
) -> None:
    admin("rm", "notes", "note1", "--yes")
    assert ask(edge, "GET", note)[0] == 404


def test_a_replaced_file_leaves_the_edge(
    edge: Runner, admin: Callable[..., str], note: str, tmp_path: Path
) -> None:
    (tmp_path / "b.txt").write_text("b")
    admin("put", "notes", "note1", "file", str(tmp_path / "b.txt"))
    assert ask(edge, "GET", note)[0] == 404


def test_a_collection_that_becomes_protected_leaves_the_edge(
    edge: Runner, admin: Callable[..., str], note: str, tmp_path: Path
) -> None:
    apply(admin, tmp_path, protected=True)
    wait_until(lambda: ask(edge, "GET", note)[0] == 404)  # the catalogue is read once a second


def test_a_purge_reaches_the_edge(edge: Runner, admin: Callable[..., str], note: str) -> None:
    admin("purge", note)
    assert x_cache(edge, note) == "Miss"


def test_a_purge_or_a_removal_reaches_the_copies_of_a_view(
    edge: Runner, admin: Callable[..., str]
) -> None:
    record, cover = "doc000000000003", "cover_wdwl7fxlh1.png"
    shown = f"/api/files/document_files/{record}/{cover}"
    assert [x_cache(edge, shown) for _ in range(2)] == ["Miss", "Hit"]
    admin("purge", "documents", record)
    assert [x_cache(edge, shown) for _ in range(2)] == ["Miss", "Hit"]
    admin("rm", "documents", record, "cover", cover)
    assert ask(edge, "GET", shown)[0] == 404


def test_what_pocketbase_deletes_leaves_the_edge(tmp_path: Path) -> None:
    directory = tmp_path / "pb_data"
    shutil.copytree(ROOT / "local" / "demo" / "pb_data", directory)
    runner = start(tmp_path / "log", "--data", str(directory), "--watch", "--cdn")
    try:
        path = "/api/files/photos/photo0000000002/plain_xgkn137ee5.txt"
        assert [x_cache(runner, path) for _ in range(2)] == ["Miss", "Hit"]
        with sqlite3.connect(directory / "data.db") as database:
            database.execute("DELETE FROM photos WHERE id = 'photo0000000002'")
        database.close()
        shutil.rmtree(directory / "storage" / PHOTOS / "photo0000000002")
        wait_until(lambda: ask(runner, "GET", path)[0] == 404)
    finally:
        stop(runner)
