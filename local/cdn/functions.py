"""CloudFront Functions in Node: the text of ``edge/*.js`` as it is deployed."""

import json
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

HOST = Path(__file__).with_name("host.js")


class EdgeFunctions:
    """One Node process that runs both functions; safe to use from several threads.

    Raises ``OSError`` when Node is missing, ``RuntimeError`` when a function fails.
    """

    def __init__(self, node: str, folder: Path) -> None:
        command = [node, str(HOST), str(folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._lock = threading.Lock()

    def __enter__(self) -> "EdgeFunctions":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def publish(self, store: Mapping[str, str]) -> None:
        """Replace what the key value store holds."""
        self._ask({"store": dict(store)})

    def run(self, name: str, event: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """What the function returns, and the ids of the origins it chose, if any."""
        answer = self._ask({"name": name, "event": event})
        return answer["result"], answer["origins"]

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        messages = cast("IO[str]", self._process.stdin)
        answers = cast("IO[str]", self._process.stdout)
        with self._lock:
            messages.write(json.dumps(message) + "\n")
            messages.flush()
            line = answers.readline()
        if not line:
            raise RuntimeError("the edge functions stopped; Node wrote the reason above")
        answer: dict[str, Any] = json.loads(line)
        return answer
