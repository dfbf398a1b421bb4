"""``make invoke`` and ``make api`` as the README has them, with the service of ``make run``."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.checkout import link_checkout, own_environment
from tests.sam.test_containers import PHOTO, wait_for

pytestmark = pytest.mark.docker

SECONDS = 240


@dataclass(frozen=True)
class Checkout:
    """A folder like the checkout, with the build in it."""

    folder: Path
    environment: dict[str, str]

    def start(self, target: str, options: str, out: int | IO[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["make", target, f"ARGS={options}"],
            cwd=self.folder,
            env=self.environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def image() -> str:
    """The options for the image that ``LAMBDA_IMAGE`` names, if any."""
    name = os.environ.get("LAMBDA_IMAGE")
    return f" --invoke-image {name} --skip-pull-image" if name else ""


def interrupt(process: "subprocess.Popen[str]") -> None:
    """Interrupt the command as a terminal does, and wait for its end."""
    os.killpg(process.pid, signal.SIGINT)
    process.wait(SECONDS)


@pytest.fixture(scope="module")
def checkout(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The checkout while ``make run`` serves S3 and DynamoDB to containers."""
    folder = tmp_path_factory.mktemp("checkout")
    link_checkout(folder)
    (folder / ".aws-sam").mkdir()
    (folder / ".aws-sam" / "build").symlink_to(built.parent)
    found = Checkout(folder, own_environment(XDG_RUNTIME_DIR=str(folder)))
    runner = found.start("run", "--sam-env env.local.json --port 0", subprocess.PIPE)
    assert runner.stdout is not None
    with runner:
        lines = iter(runner.stdout.readline, "")
        assert any(line.startswith("ready: ") for line in lines)
        yield found
        interrupt(runner)
    assert not (folder / "env.local.json").exists()


def test_make_invoke_runs_a_function(checkout: Checkout) -> None:
    process = checkout.start(
        "invoke", f"FilesFunction -e events/thumb.json{image()}", subprocess.PIPE
    )
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, printed
    answer = json.loads(re.findall(r"^\{.*statusCode.*\}$", printed, re.MULTILINE)[-1])
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "image/avif")
    assert "telemetry" not in printed.lower()


def test_make_api_serves_the_files(checkout: Checkout) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = checkout.folder / "api.log"
    with log.open("w") as out:
        process = checkout.start("api", f"--port {port}{image()}", out)
    try:
        wait_for(port, process, log)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        connection.request("GET", PHOTO)
        answer = connection.getresponse()
        assert (answer.status, answer.read(2)) == (200, b"\xff\xd8")
        connection.close()
    finally:
        interrupt(process)
