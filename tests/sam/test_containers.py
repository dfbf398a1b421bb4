"""Both functions in Lambda's containers: their build, layers, handlers, variables and clients, for
real.
"""

import base64
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pocketfiles import tokens
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from tests.sam.conftest import ROOT, Stack, run, session_of

pytestmark = pytest.mark.docker

PHOTO = "/api/files/photos/photo0000000001/photo_u8xiok0v9c.jpg"
THUMB_KEY = (
    "pbc_1063624087/photo0000000001/thumbs_photo_u8xiok0v9c.jpg/200x200f_photo_u8xiok0v9c.jpg"
)
ADAS = (
    "/api/files/documents/doc000000000001/file_1_0e9gscmqtk.txt"  # protected; Ada owns the record
)


def auth_token(stack: Stack, user: str) -> str:
    """What PocketBase would have given the user at sign-in."""
    session = session_of(stack.environment)
    client = session.client("dynamodb", endpoint_url=stack.environment["AWS_ENDPOINT_URL"])
    table = Table(client, stack.table)
    collection = snapshot_of(table).collections.find("users")
    assert collection
    record = snapshot_of(table).record(collection, user)
    assert record
    return tokens.issue(collection, record, "auth", time.time())


def stored(stack: Stack, key: str) -> bytes | None:
    session = session_of(stack.environment)
    client = session.client("s3", endpoint_url=stack.environment["AWS_ENDPOINT_URL"])
    listed = client.list_objects_v2(Bucket=stack.bucket, Prefix=key)
    return (
        client.get_object(Bucket=stack.bucket, Key=key)["Body"].read()
        if listed["KeyCount"]
        else None
    )


# ---------------------------------------------------------------- the layers


@pytest.mark.skipif("LAMBDA_IMAGE" not in os.environ, reason="no image is named")
def test_libvips_and_libwebp_load_in_lambda(built: Path) -> None:
    layer, code = built.parent / "PillowLayer", built.parent / "FilesFunction"
    mounts = ["--volume", f"{layer}:/opt:ro", "--volume", f"{code}:/var/task:ro"]
    python = ["--env", "PYTHONPATH=/opt/python:/var/task", "--entrypoint", "python3.13"]
    program = (
        "from pocketfiles.thumbs import libvips, libwebp; assert libvips.load() and libwebp.load()"
    )
    command = ["docker", "run", "--rm", *mounts, *python, os.environ["LAMBDA_IMAGE"], "-c", program]
    run(command, {**os.environ})


# ---------------------------------------------------------------- sam local invoke


@pytest.mark.parametrize(
    "path", sorted((ROOT / "events").glob("*.json")), ids=lambda path: path.stem
)
def test_a_sample_event_is_answered(path: Path, stack: Stack) -> None:
    function = "TokensFunction" if path.stem.startswith("token") else "FilesFunction"
    output = run(stack.local("invoke", function, "--event", str(path)), stack.environment)
    answer = json.loads(output.splitlines()[-1])
    assert answer["statusCode"] == {"not-found": 404, "token-unauthenticated": 401}.get(
        path.stem, 200
    )
    body = base64.b64decode(answer["body"])
    match path.stem:
        case "thumb":
            assert answer["headers"]["content-type"] == "image/avif"
            assert max(Image.open(io.BytesIO(body)).size) == 200
        case "token":
            assert json.loads(body)["token"]
        case "head":
            assert body == b""


# ---------------------------------------------------------------- sam local start-api


@dataclass(frozen=True)
class Api:
    """A running `sam local start-api`."""

    port: int
    log: Path

    def ask(self, method: str, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name (start-api writes some in title case), body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def lines(self) -> list[dict[str, Any]]:
        """The lines about answers in the functions' log: no platform, metric or audit lines."""
        lines = [
            json.loads(text) for text in self.log.read_text().splitlines() if text.startswith("{")
        ]
        return [line for line in lines if line.get("message") == "answered"]


@pytest.fixture(scope="module")
def api(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = stack.local(
        "start-api", "--port", str(port), "--log-file", str(folder / "functions.log")
    )
    with (folder / "sam.log").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=stack.environment, stdout=output, stderr=output
        )
    try:
        wait_for(port, process, folder / "sam.log")
        yield Api(port, folder / "functions.log")
    finally:
        process.send_signal(signal.SIGINT)  # it removes its containers
        process.wait(60)


def wait_for(port: int, process: "subprocess.Popen[Any]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_start_api_serves_the_whole_api(api: Api, stack: Stack) -> None:
    status, headers, body = api.ask("GET", PHOTO)
    assert (status, headers["content-type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

    assert stored(stack, THUMB_KEY) is None
    status, headers, made = api.ask("GET", f"{PHOTO}?thumb=200x200f")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(made)).size) == 200
    assert stored(stack, THUMB_KEY) == made
    assert api.ask("GET", f"{PHOTO}?thumb=200x200f")[2] == made

    status, _, body = api.ask(
        "POST", "/api/files/token", Authorization=auth_token(stack, "userada00000000")
    )
    token = json.loads(body)["token"]
    assert status == 200
    assert api.ask("GET", f"{ADAS}?token={token}")[0] == 200
    assert api.ask("GET", ADAS)[0] == 404

    assert api.ask("POST", "/api/files/token")[0] == 401
    status, _, body = api.ask("GET", "/nowhere")
    assert (status, json.loads(body)["status"]) == (404, 404)

    deadline = time.monotonic() + 60
    while (
        len(lines := api.lines()) < 8 and time.monotonic() < deadline
    ):  # sam copies them a moment later
        time.sleep(0.1)
    assert [(line["method"], line["status"]) for line in lines] == [
        ("GET", 200),
        ("GET", 200),
        ("GET", 200),
        ("POST", 200),
        ("GET", 200),
        ("GET", 404),
        ("POST", 401),
        ("GET", 404),
    ]
    assert token not in api.log.read_text()
