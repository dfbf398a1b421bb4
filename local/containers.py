"""Leads `sam local` containers to S3 and DynamoDB on this machine.

A file of variables names the endpoint, the table and the bucket. `sam local` passes on the
credentials of its own environment; ``python -m local.containers`` prints those of the running
service for a shell.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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
    ``environment``. Raises ``FileExistsError`` rather than replace (and later delete) a file.
    """
    parameters = {"AWS_ENDPOINT_URL": f"http://{HOST}:{port}"}
    for name in ("TABLE_NAME", "BUCKET_NAME"):
        parameters[name] = environment[name]
    with path.open("x") as file:
        json.dump({"Parameters": parameters}, file, indent=2)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def exports(environment: Mapping[str, str]) -> str:
    """The running service's credentials and region, as a line for a shell. Raises
    ``AdminError``."""
    runner = local_runner.find(environment)
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
        print(exports(os.environ))
    except AdminError as error:
        sys.exit(f"error: {error}")
