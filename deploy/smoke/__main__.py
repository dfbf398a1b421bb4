"""Ask a running stack what no emulator can know, and print a table.

    make smoke URL=https://d111.cloudfront.net/api/files/photos/RECORD/picture.jpg
    make smoke URL=… TOKEN=FILE_TOKEN ARGS="--protected URL --large URL --api https://ID.execute-api.REGION.amazonaws.com"

URL is that of a public picture. Rows whose URL is not given are skipped. The exit code is 1 if
anything is a surprise. Each row costs a few requests. Nothing is written, unless --distribution
is given: then two paths are invalidated, and URL must name the collection by its id.
"""

import argparse
import http.client
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3

from deploy.smoke.client import Skipped, Stack, Surprise
from deploy.smoke.edge_rows import EDGE_ROWS
from deploy.smoke.rows import ROWS


@dataclass(frozen=True)
class Result:
    """A row of the table. ``state`` is ``as expected``, ``skipped`` or ``SURPRISE``."""

    name: str
    state: str
    detail: str = ""


def results(stack: Stack) -> Iterator[Result]:
    """Ask everything, and say of each row how it went."""
    for row in (*ROWS, *EDGE_ROWS):
        name = row.__name__.replace("_", " ")
        try:
            row(stack)
        except Surprise as surprise:
            yield Result(name, "SURPRISE", str(surprise))
        except Skipped as skipped:
            yield Result(name, "skipped", str(skipped))
        except (OSError, http.client.HTTPException) as error:
            yield Result(name, "SURPRISE", f"no response: {error}")
        else:
            yield Result(name, "as expected")


def invalidation(distribution: str) -> Callable[[list[str]], None]:
    """What invalidates paths of a distribution, with the credentials of the environment."""
    client = boto3.client("cloudfront")

    def invalidate(paths: list[str]) -> None:
        batch: Any = {
            "CallerReference": f"smoke-{time.time_ns()}",
            "Paths": {"Quantity": len(paths), "Items": paths},
        }
        client.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)

    return invalidate


def main() -> int:
    """Ask the stack of the command line. The exit code says whether there was a surprise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="the URL of a public picture")
    parser.add_argument("--token", default="", help="a file token for the protected file")
    parser.add_argument("--protected", default="", help="the URL of a protected file")
    parser.add_argument("--large", default="", help="the URL of a public file above 4 MiB")
    parser.add_argument("--api", default="", help="the address of the API behind CloudFront")
    parser.add_argument("--distribution", default="", help="its id, to invalidate the picture")
    parser.add_argument("--no-direct", action="store_true", help="the stack has CdnDirect=no")
    given = parser.parse_args()
    if urlsplit(given.url).path.count("/") < len(("", "api", "files", "c", "r")):
        parser.error(
            "URL must be that of a public picture, https://…/api/files/COLLECTION/RECORD/NAME"
        )
    forget = invalidation(given.distribution) if given.distribution else None
    stack = Stack(
        given.url,
        given.protected,
        given.large,
        given.api,
        given.token,
        is_direct=not given.no_direct,
        forget=forget,
    )
    found = list(results(stack))
    for result in found:
        print(f"{result.state:12}{result.name:42}{result.detail}".rstrip())
    surprises = sum(result.state == "SURPRISE" for result in found)
    print(f"{len(found)} rows, {surprises} surprises")
    return int(surprises > 0)


if __name__ == "__main__":
    sys.exit(main())
