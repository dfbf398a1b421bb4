"""Ask a running stack what no emulator can know, and print a table.

    make smoke URL=https://d111.cloudfront.net/api/files/photos/RECORD/picture.jpg
    make smoke URL=… TOKEN=FILE_TOKEN ARGS="--protected URL --large URL --api https://ID.execute-api.REGION.amazonaws.com"

URL is that of a public picture. Rows whose URL is not given are skipped. The exit code is 1 if
anything is a surprise. Each row costs a few requests. Nothing is written, unless --distribution
is given: then two paths are invalidated, and URL must name the collection by its id.
"""

import argparse
import http.client
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from admin.errors import AdminError
from admin.proxies import proxy_for
from admin.wording import os_error
from deploy.smoke.client import Skipped, Stack, Surprise
from deploy.smoke.edge_rows import EDGE_ROWS
from deploy.smoke.rows import ROWS

FILE = re.compile(r"/api/files/[^/]+/[^/]+/[^/]+")
UNREADABLE = (OSError, http.client.HTTPException, ValueError, AdminError)
"""What is raised if a server or a proxy does not answer, or sends something else than HTTP."""


@dataclass(frozen=True)
class Result:
    """A row of the table. ``state`` is ``as expected``, ``skipped`` or ``SURPRISE``."""

    name: str
    state: str
    detail: str = ""


def results(
    stack: Stack, rows: Sequence[Callable[[Stack], None]] = (*ROWS, *EDGE_ROWS)
) -> Iterator[Result]:
    """Ask everything, and say of each row how it went."""
    for row in rows:
        name = row.__name__.replace("_", " ")
        try:
            row(stack)
        except Surprise as surprise:
            yield Result(name, "SURPRISE", str(surprise))
        except Skipped as skipped:
            yield Result(name, "skipped", str(skipped))
        except UNREADABLE as error:
            yield Result(name, "SURPRISE", f"no response: {in_words(error)}")
        except (BotoCoreError, ClientError) as error:
            yield Result(name, "SURPRISE", f"AWS: {error}")
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


def in_words(error: Exception) -> str:
    """An error of a request, whose text may be empty."""
    words = os_error(error) if isinstance(error, OSError) else str(error)
    return words or type(error).__name__


def through_proxy(url: str) -> str:
    """Words for the proxy on the way to a URL; empty without one."""
    try:
        proxy = proxy_for(url)
    except AdminError:
        return ""
    return f" through the proxy {proxy.url}" if proxy else ""


def is_url(text: str) -> bool:
    """Whether a text is a URL that can be asked for."""
    try:
        parts = urlsplit(text)
        is_port = parts.port != 0
    except ValueError:
        return False
    is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_port and is_whole and not re.search(r"[\s\x00-\x1f]", text)


def parsed() -> argparse.Namespace:
    """The command line. Exits with 2 if it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.smoke",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="the URL of a public picture")
    parser.add_argument("--token", default="", help="a file token for the protected file")
    parser.add_argument("--protected", default="", help="the URL of a protected file")
    parser.add_argument("--large", default="", help="the URL of a public file above 4 MiB")
    parser.add_argument("--api", default="", help="the address of the API behind CloudFront")
    parser.add_argument("--distribution", default="", help="its id, to invalidate the picture")
    parser.add_argument("--no-direct", action="store_true", help="the stack has CdnDirect=no")
    given = parser.parse_args()
    if any(
        "@" in url.partition("//")[2].partition("/")[0]
        for url in (given.url, given.protected, given.large, given.api)
    ):
        parser.error("leave the user and the password out of the URL")
    for name in ("url", "protected", "large"):
        url = getattr(given, name)
        if url and not (is_url(url) and FILE.match(urlsplit(url).path)):
            parser.error(f"{name} must be https://…/api/files/COLLECTION/RECORD/NAME, not {url!r}")
    if given.api and not is_url(given.api):
        parser.error(f"--api must be an address that begins with https://, not {given.api!r}")
    if re.search(r"\s", given.token):
        parser.error("there is a blank in the token")
    return given


def why_useless(stack: Stack) -> str:
    """Why no row can be asked; empty if they can."""
    try:
        status = stack.picture().status
    except UNREADABLE as error:
        return f"{stack.url} does not answer{through_proxy(stack.url)}: {in_words(error)}"
    if status != HTTPStatus.OK:
        return f"{stack.url} is answered with {status}: give the URL of a public picture"
    return ""


def main() -> int:
    """Ask the stack of the command line. The exit code says whether there was a surprise."""
    given = parsed()
    try:
        forget = invalidation(given.distribution) if given.distribution else None
    except BotoCoreError as error:
        print(f"cannot ask: {error}", file=sys.stderr)
        return 1
    stack = Stack(
        given.url,
        given.protected,
        given.large,
        given.api,
        given.token,
        is_direct=not given.no_direct,
        forget=forget,
    )
    useless = why_useless(stack)
    if useless:
        print(f"cannot ask: {useless}", file=sys.stderr)
        return 1
    found = []
    for result in results(stack):
        print(f"{result.state:12}{result.name:42}{result.detail}".rstrip(), flush=True)
        found.append(result)
    surprises = sum(result.state == "SURPRISE" for result in found)
    print(f"{len(found)} rows, {surprises} surprises")
    return int(surprises > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is left behind, start again at any time")
