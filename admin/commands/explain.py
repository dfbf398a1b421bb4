"""``explain``: say step by step why a URL is served or refused.

The decision is made as the functions make it now. Exit code 0 when the file is served, 1 when it is
refused.
"""

import argparse
import time
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from pocketfiles import tokens
from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.config import Settings
from pocketfiles.errors import TokenNotIssued
from pocketfiles.http.messages import Request
from pocketfiles.http.query import parse_query

from ..errors import AdminError
from ..explain import Explainer, Step
from . import arguments, output

_EXAMPLE = (
    "explain /api/files/documents/doc000000000001/contract_1c5m8q2z0x.pdf "
    "--as users/userada00000000 --stack acme"
)
_LABEL = 12


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "explain", __doc__, _EXAMPLE)
    parser.add_argument(
        "path", metavar="PATH", help="the path of a file, or its whole URL with its query"
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--token", metavar="T", help="the file token, in place of the URL's")
    who.add_argument(
        "--as", dest="owner", metavar="COLLECTION/ID", help="as if this record had a file token"
    )
    for name, what in (("query", "query parameter"), ("header", "header")):
        parser.add_argument(
            f"--{name}",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help=f"one more {what}; may be given repeatedly",
        )
    methods = ["GET", "HEAD"]
    parser.add_argument("--method", choices=methods, default="GET", help="of the request")
    parser.add_argument(
        "--address",
        metavar="IP",
        type=arguments.address,
        help="the address the request comes from",
    )
    arguments.add_catalogue(parser)
    parser.add_argument(
        "--bucket",
        metavar="B",
        help="look whether the file is there (with --pb-data, its storage folder)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(parsed: argparse.Namespace) -> int:
    """Print every step and the outcome."""
    request = _request(parsed)
    now = time.time()
    with arguments.reader_of(parsed) as reader:
        snapshot = snapshot_of(reader)
        if parsed.owner:
            token = _token(parsed, snapshot, now)
            request = replace(request, query={**request.query, "token": token})
        access = Access(Settings.rules)
        explainer = Explainer(snapshot, access, arguments.object_exists_of(parsed))
        steps, refusal = explainer.explain(request, now)
    for step in steps:
        _show(step)
    output.say(f"{refusal.status} because {refusal.reason}" if refusal else "served")
    return 1 if refusal else 0


def _request(parsed: argparse.Namespace) -> Request:
    parser: argparse.ArgumentParser = parsed.parser
    try:
        url = urlsplit(parsed.path)
    except ValueError as error:
        parser.error(f"PATH is no URL: {error}")
    query = dict(parse_query(url.query))
    query.update(_pair(parser, text) for text in parsed.query)
    if parsed.token is not None:
        query["token"] = parsed.token
    headers = {}
    for text in parsed.header:
        name, value = _pair(parser, text)
        headers[name.lower()] = value
    # API Gateway hands the path on decoded.
    return Request(parsed.method, unquote(url.path), query, headers, parsed.address or "")


def _pair(parser: argparse.ArgumentParser, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        parser.error("--query and --header take a name, = and a value")
    return name, value


def _token(parsed: argparse.Namespace, snapshot: Snapshot, now: float) -> str:
    """Make a file token for the named record; it never leaves this process."""
    parser: argparse.ArgumentParser = parsed.parser
    collection, _, record_id = parsed.owner.partition("/")
    found = snapshot.owner(collection, record_id)
    if found is None or found[0].type != "auth":
        parser.error(
            f"--as {parsed.owner}: there is no such auth record; COLLECTION/ID is expected"
        )
    try:
        return tokens.issue(*found, "file", now)
    except TokenNotIssued as error:
        raise AdminError(f"no token for {parsed.owner}: {error.reason}") from error


def _show(step: Step) -> None:
    label, text = step
    for line in text.splitlines() or [""]:
        output.say(f"{label:<{_LABEL}}{line}")
        label = ""
