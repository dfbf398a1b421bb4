"""The load test counts what it got, from a server that answers in turn."""

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load


class InTurn(BaseHTTPRequestHandler):
    """Answers 200 from a cache, 200, 404 and 503 in turn."""

    protocol_version = "HTTP/1.1"
    answers = itertools.cycle([(200, "Hit"), (200, "Miss"), (404, "Error"), (503, "Error")])
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            status, cache = next(self.answers)
        self.send_response(status)
        self.send_header("X-Cache", f"{cache} from cloudfront")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), InTurn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/a?b=c"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_request_is_counted_by_its_status(url: str) -> None:
    outcomes = load.run([url], rate=200, seconds=0.2, connections=4)
    assert len(outcomes) == 40
    report = load.report(outcomes)
    assert "statuses   200: 20, 404: 10, 503: 10" in report
    assert "hits       25%" in report
    assert load.failed(outcomes)


def test_no_answer_counts_as_a_failure() -> None:
    outcomes = load.run(["http://127.0.0.1:1/"], rate=100, seconds=0.05, connections=1)
    assert [outcome.status for outcome in outcomes] == [0] * 5
    assert load.failed(outcomes)


def test_client_errors_are_no_failures() -> None:
    assert not load.failed([load.Outcome(404, 0.1, False)])
