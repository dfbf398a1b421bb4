"""``token``: make a token of an auth record, to open protected files or to call the API as that
record.
"""

import argparse
import time

from pocketfiles import tokens
from pocketfiles.errors import TokenNotIssued

from ..errors import AdminError
from . import arguments, output

_EXAMPLE = "token users userada00000000 --file --table acme-catalogue"


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
    arguments.add_table(parser)
    parser.set_defaults(run=run, kind="file")


def run(parsed: argparse.Namespace) -> int:
    """Print the token on standard output and what it is on standard error."""
    records = arguments.records_of(parsed)
    collection = records.collection(parsed.collection)
    if collection.type != "auth":
        raise AdminError(f"{collection.name} is no auth collection; its records have no tokens")
    record = records.record(collection, parsed.record)
    try:
        token = tokens.issue(collection, record, parsed.kind, time.time())
    except TokenNotIssued as error:
        raise AdminError(f"no token for {collection.name}/{record.id}: {error.reason}") from error
    options = collection.auth_token if parsed.kind == "auth" else collection.file_token
    kind = f"{parsed.kind} token of {collection.name}/{record.id}"
    output.complain(f"made a {kind}, valid for {options.duration} s")
    print(token)
    return 0
