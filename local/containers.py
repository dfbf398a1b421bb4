"""A file of variables that leads `sam local` containers to S3 and DynamoDB on this machine."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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
