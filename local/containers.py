"""`sam local`: its containers find S3 and DynamoDB on this machine by a file of variables."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HOST = "host.docker.internal"
"""This machine, seen from a container; samconfig.toml adds the name where Docker does not."""

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the address to listen at so that containers reach it, on request only


@contextmanager
def variables(path: Path, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """A file for ``sam local --env-vars`` that lives until the block ends.

    It names the endpoint at ``port`` of this machine, and the ``environment``'s table and bucket. Raises
    ``FileExistsError`` rather than replace a file, which would be deleted in the end.
    """
    names = {name: environment[name] for name in ("TABLE_NAME", "BUCKET_NAME")}
    given = {"Parameters": {"AWS_ENDPOINT_URL": f"http://{HOST}:{port}", **names}}
    with path.open("x") as file:
        json.dump(given, file, indent=2)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
