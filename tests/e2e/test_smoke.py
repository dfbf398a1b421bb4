"""`make smoke` against the running service, and against a server that does all wrong."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from deploy.smoke import client
from deploy.smoke.__main__ import results
from deploy.smoke.client import Stack
from deploy.smoke.edge_rows import EDGE_ROWS, what_is_invalidated_is_forgotten
from deploy.smoke.rows import ROWS
from local import cloud
from local.cdn.invalidations import DISTRIBUTION_ID
from local.signature import Credentials
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import ROOT, Runner, start, stop
from tests.e2e.test_sync_over_http import PHOTOS
from tests.serving import AlwaysContinue, OneByteEachTime, answering
from tests.stack.https_proxy import HttpsProxy

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
    """Asked by the program itself, which also invalidates the picture by CloudFront's API."""
    runner = start(tmp_path / "log", "--cdn")
    try:
        bucket = Bucket.of(runner.aws)
        body = bytes(range(256)) * (5 * 1024 * 1024 // 256)
        bucket.put("photos", RECORD, "any", {LARGE: (body, "application/octet-stream")})
        protected, _, token = runner.protected().partition("?token=")
        done = smoke(
            runner.lines["picture"].replace("/photos/", f"/{PHOTOS}/"),
            *("--token", token, "--protected", protected),
            *("--large", f"{runner.base}/api/files/photos/{RECORD}/{LARGE}"),
            *("--distribution", DISTRIBUTION_ID),
            environment=aws_of(runner),
        )
    finally:
        stop(runner)
    assert "SURPRISE" not in done.stdout
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(as expected|skipped) +(.*?)(?:  .*)?$", done.stdout, re.MULTILINE)
    assert {name for state, name in rows if state == "skipped"} == OF_AWS_ALONE
    assert len(rows) == len(ROWS) + len(EDGE_ROWS)


def smoke(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.smoke", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def aws_of(runner: Runner) -> dict[str, str]:
    """The environment of a program that takes the runner for AWS."""
    environment = dict(os.environ)
    credentials = Credentials(runner.aws.access_key_id, runner.aws.secret_access_key)
    cloud.point_at(runner.aws.endpoint, credentials, environment)
    return environment


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
    with answering(Careless) as origin:
        yield origin


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


class Hostile(Careless):
    """Sends the picture, and to everything else what a program might stumble over."""

    def do_GET(self) -> None:
        if "large" in self.path or "protected" in self.path:
            self.send_response(302)
            self.send_header("Location", "http://[")
            self.end_headers()
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b"[" * 100_000)

    def do_OPTIONS(self) -> None:
        self.wfile.write(b"HTTP/1.1 many OK\r\n\r\n")


def test_whatever_a_server_sends_is_a_surprise_at_most() -> None:
    with answering(Hostile) as origin:
        url = f"{origin}/api/files/photos/record"
        stack = Stack(f"{url}/a.png", f"{url}/protected.txt", f"{url}/large.bin", origin, "t")
        states = {each.name: each.state for each in results(stack)}
    for name in ("a preflight is answered", "a token needs authorization"):
        assert states[name] == "SURPRISE"
    assert states["a large file is redirected"] == "SURPRISE"


class Endless(Careless):
    """Sends a body that does not end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 1000)
        except OSError:
            pass


def test_a_body_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RESPONSE_SECONDS", 0.5)
    monkeypatch.setattr(client, "KEPT_BYTES", 1000)
    with answering(Endless) as origin, pytest.raises(TimeoutError, match="has not ended"):
        client.ask("GET", f"{origin}/")


def test_of_a_large_body_a_part_is_kept(monkeypatch: pytest.MonkeyPatch, careless: str) -> None:
    monkeypatch.setattr(client, "KEPT_BYTES", 3)
    assert client.ask("GET", f"{careless}/").body == b"hel"


@pytest.mark.parametrize("handler", [OneByteEachTime, AlwaysContinue])
def test_headers_without_an_end_are_given_up(
    handler: type[BaseHTTPRequestHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RESPONSE_SECONDS", 0.5)
    with answering(handler) as origin, pytest.raises(TimeoutError, match="has not ended"):
        client.ask("GET", f"{origin}/")


def test_an_invalidation_that_aws_refuses_is_a_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: list[str]) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Invalidate")

    class Cached(Careless):
        def end_headers(self) -> None:
            self.send_header("X-Cache", "Hit from cloudfront")
            super().end_headers()

    with answering(Cached) as origin:
        stack = Stack(f"{origin}/api/files/photos/record/a.png", forget=refuse)
        (found,) = results(stack, [what_is_invalidated_is_forgotten])
    assert found.state == "SURPRISE"
    assert "AccessDenied" in found.detail


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["d1.cloudfront.net/api/files/c/r/a.png"], "url must be https://"),
        (["https://d1.cloudfront.net/a.png"], "url must be https://"),
        (["https://d1.cloudfront.net:many/api/files/c/r/a.png"], "url must be https://"),
        (["http://h/api/files/c/r/a.png", "--large", "b.bin"], "large must be https://"),
        (["http://h/api/files/c/r/a.png", "--api", "id.execute-api"], "--api must be an address"),
        (["http://h/api/files/c/r/a.png", "--token", "a b"], "there is a blank in the token"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_told(arguments: list[str], said: str) -> None:
    done = smoke(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_password_of_a_url_is_not_printed() -> None:
    done = smoke("https://ada:secret@files.test/api/files/c/r/a.png")
    assert done.returncode == 2
    assert "leave the user and the password out of the URL" in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_url_that_is_not_answered_is_told_at_once() -> None:
    done = smoke("http://127.0.0.1:1/api/files/c/r/\N{GREEK SMALL LETTER PI}.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot ask: http://127.0.0.1:1/" in done.stderr
    assert "does not answer: Connection refused" in done.stderr


def test_a_url_that_is_no_picture_is_told_at_once(runner: Runner) -> None:
    done = smoke(f"{runner.base}/api/files/photos/nobody/none.jpg")
    assert done.returncode == 1
    assert "is answered with 404: give the URL of a public picture" in done.stderr


def test_a_server_that_speaks_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            connection.close()

        thread = threading.Thread(target=speak)
        thread.start()
        done = smoke(f"http://127.0.0.1:{server.getsockname()[1]}/api/files/c/r/a.png")
        thread.join()
    assert done.returncode == 1
    assert "does not answer: 220 mail.example.com" in done.stderr
    assert "Traceback" not in done.stderr


def with_proxy(**variables: str) -> dict[str, str]:
    """The environment without any proxies but these."""
    kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    return {**kept, **variables}


def test_http_goes_through_the_environments_proxy() -> None:
    asked: list[tuple[str, str | None, str | None]] = []

    class Proxy(Careless):
        def do_GET(self) -> None:
            seen = self.headers
            asked.append((self.path, seen.get("Host"), seen.get("Proxy-Authorization")))
            super().do_GET()

    url = "http://files.test/api/files/c/r/%61.png"
    with answering(Proxy) as origin:
        address = origin.replace("http://", "http://ada:secret@")
        done = smoke(url, environment=with_proxy(http_proxy=address))
    assert "cannot ask" not in done.stderr
    assert asked[0] == (url, "files.test", "Basic YWRhOnNlY3JldA==")


def test_https_goes_through_a_tunnel_of_the_environments_proxy(
    careless: str, tmp_path: Path
) -> None:
    proxy = HttpsProxy(careless.removeprefix("http://"), tmp_path)
    try:
        environment = with_proxy(**proxy.environment)
        done = smoke("https://d1.cloudfront.net/api/files/c/r/a.png", environment=environment)
    finally:
        proxy.stop()
    assert done.stderr == ""
    assert re.search(r"a picture is served +there is no etag", done.stdout)


def test_a_proxy_that_refuses_is_told() -> None:
    url = "https://files.test/api/files/c/r/a.png"
    with answering(Careless) as origin:  # it knows no CONNECT
        done = smoke(url, environment=with_proxy(https_proxy=origin))
    told = f"{url} does not answer through the proxy {origin}: Tunnel connection failed: 501"
    assert told in done.stderr


def test_a_proxy_of_another_kind_is_told() -> None:
    url = "https://files.test/api/files/c/r/a.png"
    done = smoke(url, environment=with_proxy(all_proxy="socks5://127.0.0.1:1080"))
    assert done.returncode == 1
    assert "proxy for files.test is not of the form http://host:port" in done.stderr


def test_a_profile_that_is_not_there_is_told() -> None:
    url = "http://127.0.0.1:1/api/files/c/r/a.png"
    environment = {**os.environ, "AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": os.devnull}
    done = smoke(url, "--distribution", "E1", environment=environment)
    assert done.returncode == 1
    assert done.stderr == "cannot ask: The config profile (nobody) could not be found\n"


@pytest.mark.parametrize("row", [*ROWS, *EDGE_ROWS], ids=lambda row: row.__name__)
def test_each_row_stands_on_the_page_of_what_is_not_proven(row: Callable[[Stack], None]) -> None:
    page = (ROOT / "docs" / "not-proven.md").read_text()
    what = (row.__doc__ or "").rstrip(".")
    name = row.__name__.replace("_", " ")
    assert f"| {what[0].lower()}{what[1:]} | {name} |".lower() in page.lower()
