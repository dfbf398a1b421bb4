"""`make smoke` against the running service, and against a server that does all wrong."""

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.smoke.__main__ import results
from deploy.smoke.client import Stack
from deploy.smoke.edge_rows import EDGE_ROWS
from deploy.smoke.rows import ROWS
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import ROOT, Runner, start, stop

RECORD = "smoked000000000"
LARGE = "large_0123456789.bin"
WITHOUT_CLOUDFRONT = {
    "the second answer comes from the edge",
    "browsers are told to use https",
    "media elements are not redirected",
    "nobody bypasses cloudfront",
    *(row.__name__.replace("_", " ") for row in EDGE_ROWS),
}
"""Rows that a service without CloudFront skips."""

OF_AWS_ALONE = {
    "a large file is redirected",  # CloudFront reads it from the bucket
    "browsers are told to use https",
    "nobody bypasses cloudfront",
    "what is invalidated is forgotten",
}
"""Rows that the local CloudFront skips."""


@pytest.fixture
def large(runner: Runner) -> Iterator[str]:
    """The URL of a file above 4 MiB."""
    bucket = Bucket.of(runner.aws)
    body = bytes(range(256)) * (5 * 1024 * 1024 // 256)
    bucket.put("photos", RECORD, "any", {LARGE: (body, "application/octet-stream")})
    yield f"{runner.base}/api/files/photos/{RECORD}/{LARGE}"


def test_the_running_service_has_no_surprise(runner: Runner, large: str) -> None:
    protected, _, token = runner.protected().partition("?token=")
    stack = Stack(runner.lines["picture"], protected, large, token=token)
    found = list(results(stack))
    assert [each for each in found if each.state == "SURPRISE"] == []
    assert {each.name for each in found if each.state == "skipped"} == WITHOUT_CLOUDFRONT


@pytest.mark.skipif(shutil.which("node") is None, reason="the edge functions need Node")
def test_the_running_service_with_cloudfront_has_no_surprise(tmp_path: Path) -> None:
    runner = start(tmp_path / "log", "--cdn")
    try:
        bucket = Bucket.of(runner.aws)
        body = bytes(range(256)) * (5 * 1024 * 1024 // 256)
        bucket.put("photos", RECORD, "any", {LARGE: (body, "application/octet-stream")})
        protected, _, token = runner.protected().partition("?token=")
        large = f"{runner.base}/api/files/photos/{RECORD}/{LARGE}"
        found = list(results(Stack(runner.lines["picture"], protected, large, token=token)))
    finally:
        stop(runner)
    assert [each for each in found if each.state == "SURPRISE"] == []
    assert {each.name for each in found if each.state == "skipped"} == OF_AWS_ALONE


class Careless(BaseHTTPRequestHandler):
    """Answers everything with the same text."""

    def do_GET(self) -> None:
        body = b"hello"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def careless() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_does_all_wrong_is_full_of_surprises(careless: str) -> None:
    url = f"{careless}/api/files/photos/record/picture.png"
    stack = Stack(url, url, url, careless, "token")
    states = {each.name: each.state for each in results(stack)}
    assert {name for name, state in states.items() if state != "SURPRISE"} == {
        "head tells the length",
        *WITHOUT_CLOUDFRONT - {"nobody bypasses cloudfront"},
    }


def test_no_answer_at_all_is_a_surprise() -> None:
    stack = Stack("http://127.0.0.1:1/api/files/photos/record/picture.png")
    assert all(each.state in {"SURPRISE", "skipped"} for each in results(stack))


@pytest.mark.parametrize("row", [*ROWS, *EDGE_ROWS], ids=lambda row: row.__name__)
def test_each_row_stands_on_the_page_of_what_is_not_proven(row: Callable[[Stack], None]) -> None:
    page = (ROOT / "docs" / "not-proven.md").read_text()
    what = (row.__doc__ or "").rstrip(".")
    name = row.__name__.replace("_", " ")
    assert f"| {what[0].lower()}{what[1:]} | {name} |".lower() in page.lower()
