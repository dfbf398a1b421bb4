"""The arguments that several commands share, and what the parsed arguments stand for."""

import argparse
import os
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from pocketfiles.catalogue.cached import Generations
from pocketfiles.catalogue.table import Table
from pocketfiles.keys import MAX_ID_BYTES

from ..errors import AdminError
from ..source import pocketbase, storage
from ..source.reader import Directory
from ..standalone.naming import random_letters
from ..standalone.record_files import Waiting
from ..standalone.records import Records
from ..sync.data_directory import Source
from ..target import deployment, local_runner
from ..target.bucket import Bucket
from ..target.deployment import Deployment
from . import output

PROGRAM = "pocketfiles" if __name__.startswith("pocketfiles.") else ".venv/bin/python -m admin"
"""What a user types to run a command: the installed program, or this checkout."""

GOES_ON = "run it again to go on where it stopped"
"""What is said when a command is interrupted that finds again what it has done."""

_HELP_WIDTH = 79
_MAX_PORT = 65_535


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    doc: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add the parser of a command.

    ``doc`` is the docstring of the command's module, "``name``: what it does". ``example`` is a
    command line without the program's name.
    """
    _, _, written = doc.replace("``", "").partition(": ")
    about = " ".join(written.split())
    return commands.add_parser(
        name,
        help=about.partition(".")[0].partition(";")[0],
        description=textwrap.fill(about[0].upper() + about[1:], _HELP_WIDTH),
        epilog=f"example:\n  {PROGRAM} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add ``--pb-data`` and the options for reading it."""
    parser.add_argument(
        "--pb-data", type=Path, required=True, metavar="DIR", help="PocketBase's data directory"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be done, one action a line"
    )
    parser.add_argument(
        "--no-files",
        action="store_true",
        help="leave the bucket alone: for a PocketBase that stores its files in S3 itself",
    )
    add_encryption(parser)


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """Add the ways to name a deployment, and ``--pb-data``; one of them is read."""
    source = parser.add_mutually_exclusive_group(required=True)
    add_deployment(source)
    parser.set_defaults(needs_bucket=False, bucket=None)
    source.add_argument(
        "--pb-data", type=Path, metavar="DIR", help="or PocketBase's data directory"
    )
    add_encryption(parser)


def add_encryption(parser: argparse.ArgumentParser) -> None:
    """Add ``--encryption-env``."""
    parser.add_argument(
        "--encryption-env",
        metavar="NAME",
        help="the environment variable that holds the key of encrypted settings, as PocketBase's "
        "--encryptionEnv",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--local``, ``--stack``, ``--bucket`` and ``--table``: what is written."""
    add_table(parser)
    parser.add_argument("--bucket", metavar="B", help="the bucket of the files, with --table")
    parser.set_defaults(needs_bucket=True)


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add ``--local``, ``--stack`` and ``--table``, for a command that needs no bucket."""
    add_deployment(parser.add_mutually_exclusive_group())
    parser.set_defaults(needs_bucket=False, bucket=None)


def add_deployment(group: "argparse._MutuallyExclusiveGroup") -> None:
    """Add the ways to name a deployment, of which a command line has one."""
    group.add_argument(
        "--local", action="store_true", help="the service that `make run` started on this machine"
    )
    group.add_argument("--stack", metavar="NAME", help="the deployed stack of this name")
    group.add_argument("--table", metavar="T", help="the DynamoDB table, in place of a stack")


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add the collection and the record that a command is about."""
    parser.add_argument("collection", metavar="COLLECTION", help="name or id")
    parser.add_argument("record", metavar="RECORD", type=record_id, help="id")


def source_of(parsed: argparse.Namespace) -> Source:
    """The source that ``add_source``'s arguments name.

    Raises ``AdminError`` without the encryption key.
    """
    return Source(parsed.pb_data, encryption_key(parsed), files=not parsed.no_files)


def deployment_of(parsed: argparse.Namespace) -> Deployment:
    """The deployment that the arguments name, which ``parsed.deployment`` then is.

    Raises ``AdminError`` if none is named or it is not found.
    """
    if parsed.local:
        found = deployment.of_local_runner()
        running = len(local_runner.services(os.environ))
        if running > 1:
            output.complain(f"{running} local services run; this is the last started: {found.url}")
    elif parsed.stack:
        parsed.deployment = deployment.of_environment("", "")  # what an error names until then
        found = deployment.of_stack(parsed.stack)
    elif parsed.table and (parsed.bucket or not parsed.needs_bucket):
        found = deployment.of_environment(parsed.bucket or "", parsed.table)
    else:
        names = "--bucket and --table" if parsed.needs_bucket else "--table"
        raise AdminError(f"name a deployment: --stack NAME, or --local, or {names}")
    parsed.deployment = found
    return found


def records_of(parsed: argparse.Namespace) -> Records:
    """The records in the deployment that the arguments name."""
    target = deployment_of(parsed)
    s3, dynamodb = target.clients()
    bucket = Bucket(s3, target.bucket)
    waiting = Waiting(output.warn_of)
    return Records(dynamodb, target.table, bucket, random_letters, target.edge(), waiting)


@contextmanager
def reader_of(parsed: argparse.Namespace) -> Iterator[Generations]:
    """A reader of the table or the data directory that ``add_catalogue``'s arguments name."""
    if parsed.pb_data is None:
        target = deployment_of(parsed)
        _, dynamodb = target.clients()
        yield Table(dynamodb, target.table)
        return
    with pocketbase.opened(parsed.pb_data, encryption_key(parsed)) as snapshot:
        yield Directory(snapshot)


def object_exists_of(parsed: argparse.Namespace) -> Callable[[str], bool] | None:
    """Return a test whether the bucket or the storage folder has a key.

    Returns ``None`` when neither was named.
    """
    target: Deployment | None = parsed.deployment
    if target is None and parsed.bucket:
        target = deployment.of_environment(parsed.bucket, "")
    if target is not None and target.bucket:
        s3, _ = target.clients()
        return Bucket(s3, target.bucket).exists
    directory = parsed.pb_data
    if directory is not None and (directory / "storage").is_dir():
        return lambda key: storage.find(directory, key) is not None
    return None


def encryption_key(parsed: argparse.Namespace) -> str | None:
    """The key in the named variable, ``None`` if none is named. Raises ``AdminError`` if unset."""
    if not parsed.encryption_env:
        return None
    key = os.environ.get(parsed.encryption_env)
    if not key:
        raise AdminError(f"the environment variable {parsed.encryption_env} is not set")
    return key


def port(text: str) -> int:
    """An argument that is a TCP port, or 0. Raises what ``argparse`` reports."""
    if not (text.isascii() and text.isdigit() and int(text) <= _MAX_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_MAX_PORT}")
    return int(text)


def address(text: str) -> str:
    """An argument that is an IP address. Raises what ``argparse`` reports."""
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address") from error


def record_id(text: str) -> str:
    """An argument that is a record's id. Raises what ``argparse`` reports."""
    if not text:
        raise argparse.ArgumentTypeError("a record's id cannot be empty")
    if len(text.encode()) > MAX_ID_BYTES:
        raise argparse.ArgumentTypeError(f"a record's id has at most {MAX_ID_BYTES} bytes")
    return text


def count(text: str) -> int:
    """An argument that is a number from 1. Raises what ``argparse`` reports."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError("a number from 1 is expected")
    return int(text)
