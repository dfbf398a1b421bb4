"""Where a running local service says how to reach its S3 and DynamoDB, for ``--local``.

The service writes one JSON file, ``<its port>.json``, with mode 0600: it holds credentials::

    {"base": "http://127.0.0.1:8090", "endpoint": "http://127.0.0.1:40001", "region": "us-east-1",
     "table": "CatalogueTable", "bucket": "filesbucket", "access_key_id": "…",
     "secret_access_key": "…", "pid": 4711}

The files lie in ``$XDG_RUNTIME_DIR/pocketfiles``, without that variable in
``~/.local/state/pocketfiles``, so that an installed command finds a service of any checkout.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..errors import AdminError

OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY_FILE = 0o600


@dataclass(frozen=True)
class LocalRunner:
    """A running service and what it stands on."""

    base: str
    """The origin it serves at, ``http://127.0.0.1:8090``."""

    endpoint: str
    """The URL of its S3 and DynamoDB."""

    region: str
    table: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    pid: int
    distribution: str = ""
    """The id by which its local edge is invalidated; empty without one."""


def folder(environment: Mapping[str, str]) -> Path:
    """Where the files of this user's services lie."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    return (Path(runtime) if runtime else Path.home() / ".local" / "state") / "pocketfiles"


def write(runner: LocalRunner, environment: Mapping[str, str]) -> Path:
    """Write a service's file and return its path. Raises ``OSError``."""
    parent = folder(environment)
    parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    path = parent / f"{runner.base.rpartition(':')[2]}.json"
    new = path.with_suffix(f".{runner.pid}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY_FILE)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(runner), file)
    new.replace(path)  # in one step, so that nobody reads half a file
    return path


def find(environment: Mapping[str, str]) -> LocalRunner:
    """Return the service that was started last. Raises ``AdminError`` when none runs."""
    running = services(environment)
    if not running:
        raise AdminError("no local service is running: start one with `make run`")
    return running[-1]


def services(environment: Mapping[str, str]) -> list[LocalRunner]:
    """The services that run, the last started last."""
    running = sorted(_running(folder(environment)), key=lambda found: found[0])
    return [service for _, service in running]


def _running(parent: Path) -> Iterator[tuple[float, LocalRunner]]:
    """The services whose process lives, each with the time of its start."""
    for path in sorted(parent.glob("*.json")):
        try:
            started = path.stat().st_mtime
            runner = LocalRunner(**json.loads(path.read_text()))
            os.kill(runner.pid, 0)  # signal 0 only asks whether the process is there
        except (OSError, ValueError, TypeError):
            continue
        yield started, runner
