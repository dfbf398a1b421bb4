"""Leads `sam local` containers to S3 and DynamoDB on this machine.

A file of variables names the endpoint, the table and the bucket. `sam local` passes on the
credentials of its own environment; ``python -m local.containers FILE`` prints those of the
running service that wrote the file, for a shell.
"""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from admin.errors import AdminError
from admin.target import local_runner

HOST = "host.docker.internal"
"""This machine's name inside a container. samconfig.toml adds it where Docker does not."""

EVERYWHERE = "0.0.0.0"  # noqa: S104 - containers cannot reach loopback; used on request only
"""The address to listen on so that containers can connect."""


@contextmanager
def variables(path: Path, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Write a file for ``sam local --env-vars``, and delete it when the block ends.

    It holds the endpoint at ``port`` of this machine and the names of the table and bucket in
    ``environment``. A file that a killed service left is replaced. Raises ``AdminError`` for any
    other that is there, rather than replace (and later delete) it.
    """
    parameters = {"AWS_ENDPOINT_URL": f"http://{HOST}:{port}"}
    for name in ("TABLE_NAME", "BUCKET_NAME"):
        parameters[name] = environment[name]
    if path.exists() and not _was_left(path):
        hint = "end the service that wrote it, delete it, or name another file"
        raise AdminError(f"{path} is there already: {hint}")
    with path.open("w") as file:
        json.dump({"Parameters": parameters}, file, indent=2)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _was_left(path: Path) -> bool:
    """Whether a service wrote the file that runs no more: nobody listens at its port."""
    port = _port_in(path)
    if port is None:
        return False
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) != 0


def _port_in(path: Path) -> int | None:
    """The port that such a file names; ``None`` if it is another file."""
    try:
        endpoint = json.loads(path.read_text())["Parameters"]["AWS_ENDPOINT_URL"]
        return urlsplit(str(endpoint)).port
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def exports(environment: Mapping[str, str], path: Path) -> str:
    """The credentials and region of the running service that wrote a file, as a line for a shell.

    Raises ``AdminError`` if it does not run.
    """
    port = _port_in(path)
    writers = [
        service
        for service in local_runner.services(environment)
        if urlsplit(service.endpoint).port == port
    ]
    if not writers:
        raise AdminError(f"no local service that wrote {path} is running")
    runner = writers[-1]
    values = {
        "AWS_ACCESS_KEY_ID": runner.access_key_id,
        "AWS_SECRET_ACCESS_KEY": runner.secret_access_key,
        "AWS_DEFAULT_REGION": runner.region,
        "AWS_REGION": runner.region,
    }
    pairs = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    return f"unset AWS_PROFILE AWS_SESSION_TOKEN; export {' '.join(pairs)}"


if __name__ == "__main__":
    try:
        print(exports(os.environ, Path(sys.argv[1])))
    except AdminError as error:
        sys.exit(f"error: {error}")
