"""The arguments that several commands share, and what the parsed arguments stand for."""

import argparse
import os
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pocketfiles.catalogue.cached import Generations
from pocketfiles.catalogue.table import Table

from ..errors import AdminError
from ..source import pocketbase, storage
from ..source.reader import Directory
from ..standalone.naming import random_letters
from ..standalone.records import Records
from ..sync.round import Source
from ..target.bucket import Bucket
from ..target.clients import connect

PROGRAM = "pocketfiles" if __name__.startswith("pocketfiles.") else "python -m admin"
"""What a user types to run a command: the installed program, or this checkout."""

_HELP_WIDTH = 79


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
    about = " ".join(doc.replace("``", "").partition(": ")[2].split())
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
    """Add ``--table`` and ``--pb-data``, of which one is read."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--table", metavar="T", help="the functions' DynamoDB table")
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
    """Add ``--bucket`` and ``--table``."""
    parser.add_argument(
        "--bucket", required=True, metavar="B", help="the bucket that holds the files"
    )
    add_table(parser)


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add ``--table``."""
    parser.add_argument("--table", required=True, metavar="T", help="the functions' DynamoDB table")


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add the collection and the record that a command is about."""
    parser.add_argument("collection", metavar="COLLECTION", help="name or id")
    parser.add_argument("record", metavar="RECORD", help="id")


def source_of(parsed: argparse.Namespace) -> Source:
    """The source that ``add_source``'s arguments name.

    Raises ``AdminError`` without the encryption key.
    """
    return Source(parsed.pb_data, encryption_key(parsed), files=not parsed.no_files)


def records_of(parsed: argparse.Namespace) -> Records:
    """The records in the table and the bucket that the arguments name."""
    s3, dynamodb = connect()
    return Records(dynamodb, parsed.table, Bucket(s3, parsed.bucket), random_letters)


@contextmanager
def reader_of(parsed: argparse.Namespace) -> Iterator[Generations]:
    """A reader of the table or the data directory that ``add_catalogue``'s arguments name."""
    if parsed.table is not None:
        _, dynamodb = connect()
        yield Table(dynamodb, parsed.table)
        return
    with pocketbase.opened(parsed.pb_data, encryption_key(parsed)) as snapshot:
        yield Directory(snapshot)


def object_exists_of(parsed: argparse.Namespace) -> Callable[[str], bool] | None:
    """Return a test whether the bucket or the storage folder has a key.

    Returns ``None`` when neither was named.
    """
    if parsed.bucket is not None:
        s3, _ = connect()
        return Bucket(s3, parsed.bucket).exists
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
