"""``token``: make a token of an auth record, to open protected files or to call the API as that
record.
"""

import argparse
import re
import time
from dataclasses import replace
from datetime import UTC, datetime

from pocketfiles import tokens
from pocketfiles.errors import TokenNotIssued

from ..errors import AdminError
from . import arguments, output

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")

_EXAMPLE = "token users userada00000000 --file --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "token", __doc__, _EXAMPLE)
    arguments.add_record(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--auth",
        dest="kind",
        action="store_const",
        const="auth",
        help="for the Authorization header",
    )
    kind.add_argument(
        "--file",
        dest="kind",
        action="store_const",
        const="file",
        help="for ?token= in a file's URL (the default)",
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=_duration,
        metavar="TIME",
        help="how long it is valid, such as 30m, 12h or 7d (default: as the collection says)",
    )
    arguments.add_table(parser)
    parser.set_defaults(run=run, kind="file")


def run(parsed: argparse.Namespace) -> int:
    """Print the token on standard output and a description of it on standard error."""
    records = arguments.records_of(parsed)
    collection = records.collection(parsed.collection)
    if collection.type != "auth":
        raise AdminError(f"{collection.name} is no auth collection; its records have no tokens")
    record = records.record(collection, parsed.record)
    options = collection.auth_token if parsed.kind == "auth" else collection.file_token
    options = replace(options, duration=parsed.seconds or options.duration)
    signing = replace(collection, auth_token=options, file_token=options)
    now = time.time()
    try:
        token = tokens.issue(signing, record, parsed.kind, now)
    except TokenNotIssued as error:
        raise AdminError(f"no token for {collection.name}/{record.id}: {error.reason}") from error
    kind = f"{parsed.kind} token of {collection.name}/{record.id}"
    expires = datetime.fromtimestamp(now + options.duration, UTC)
    article = "an" if parsed.kind == "auth" else "a"
    output.complain(f"made {article} {kind}, valid until {expires:%Y-%m-%d %H:%M:%S} UTC")
    print(token)
    return 0


def _duration(text: str) -> int:
    """Seconds of a number with a unit."""
    match = _DURATION.fullmatch(text)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError("a number with s, m, h or d is expected, such as 7d")
    return int(match[1]) * _SECONDS[match[2]]
