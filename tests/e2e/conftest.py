"""The real thing: ``python -m local`` in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from admin.target import local_runner
from admin.target.local_runner import LocalRunner

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds; some two are enough on an idle machine


@dataclass
class Runner:
    """A running service: its address, how to reach its AWS, and the labelled lines it printed."""

    base: str
    aws: LocalRunner
    process: subprocess.Popen[str]
    lines: dict[str, str] = field(default_factory=dict)

    def path(self, label: str) -> str:
        """The printed URL of that label, without its origin."""
        return self.lines[label].removeprefix(self.base)

    def protected(self) -> str:
        """The printed URL of a protected file, with a new token: the printed one ends soon."""
        headers = {"Authorization": self.lines["auth token"]}
        request = urllib.request.Request(
            f"{self.base}/api/files/token", method="POST", headers=headers
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            token = json.load(answer)["token"]
        return f"{self.lines['protected'].partition('?token=')[0]}?token={token}"


def start(log: Path, *arguments: str) -> Runner:
    """Start the service and read what it prints until the last line, the one about file tokens."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(log.parent)}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "--port", "0", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    printed: dict[str, str] = {}
    for line in process.stdout:
        label, text = re.split(r": |\s{2,}", line.rstrip("\n"), maxsplit=1)
        printed[label] = text
        if label == "file token":
            break
    if "ready" not in printed:
        process.wait(PATIENCE)
        pytest.fail(f"the runner did not start: {log.read_text()[-2000:]}")
    aws = local_runner.find(environment)
    assert aws.endpoint == printed.pop("aws")
    return Runner(printed.pop("ready"), aws, process, printed)


def stop(runner: Runner, number: signal.Signals = signal.SIGTERM) -> int:
    """End the service by its own process id; its exit code."""
    runner.process.send_signal(number)
    try:
        return runner.process.wait(PATIENCE)
    finally:
        runner.process.kill()
        assert runner.process.stdout is not None
        runner.process.stdout.close()


@pytest.fixture(scope="session")
def runner_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the functions' log lines of ``runner`` go."""
    return tmp_path_factory.mktemp("runner") / "log"


@pytest.fixture(scope="session")
def runner(runner_log: Path) -> Iterator[Runner]:
    """The service with the demo data, for all tests of the session."""
    runner = start(runner_log, "--login")
    yield runner
    stop(runner)
