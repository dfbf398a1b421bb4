"""Arguments and output that several subcommands share."""

import argparse
import os
import secrets
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from tqdm import tqdm

from pocketfiles.catalogue.cached import Reader
from pocketfiles.catalogue.table import CATALOGUE, Table

from ..errors import AdminError, MassDeletion
from ..source import pocketbase, storage
from ..source.reader import Directory
from ..standalone.records import Records
from ..sync.apply import WORKERS
from ..sync.round import Source, Summary, Sync
from ..target.actions import Action, PutFile, PutItem
from ..target.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# What we send is made by our own code; checking 100,000 items' shapes again would cost more than making them.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=4 * WORKERS,
    parameter_validation=False,
)
_WARNINGS_SHOWN = 50


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    doc: str,
    example: str,
) -> argparse.ArgumentParser:
    """A subcommand's parser; ``doc`` is its module's docstring, "``name``: what it does"."""
    about = " ".join(doc.replace("``", "").partition(": ")[2].split())
    return commands.add_parser(
        name,
        help=about.partition(".")[0].partition(";")[0],
        description=textwrap.fill(about[0].upper() + about[1:], 79),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_source(parser: argparse.ArgumentParser) -> None:
    """``--pb-data`` and what concerns reading it."""
    parser.add_argument(
        "--pb-data", type=Path, required=True, metavar="DIR", help="PocketBase's data directory"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be done, one action a line"
    )
    parser.add_argument(
        "--no-files",
        action="store_true",
        help="leave the bucket alone, for a PocketBase that stores its files in it",
    )
    _add_encryption(parser)


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """``--table`` or ``--pb-data``, to read from."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--table", metavar="T", help="the functions' catalogue table")
    source.add_argument(
        "--pb-data", type=Path, metavar="DIR", help="or PocketBase's data directory"
    )
    _add_encryption(parser)


def _add_encryption(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encryption-env",
        metavar="NAME",
        help="the environment variable with the key of encrypted settings, as PocketBase's --encryptionEnv",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """``--bucket`` and ``--table``."""
    parser.add_argument(
        "--bucket", required=True, metavar="B", help="the bucket the functions serve from"
    )
    add_table(parser)


def add_table(parser: argparse.ArgumentParser) -> None:
    """``--table``."""
    parser.add_argument(
        "--table", required=True, metavar="T", help="the functions' catalogue table"
    )


def add_record(parser: argparse.ArgumentParser) -> None:
    """The collection and the record a command is about."""
    parser.add_argument("collection", metavar="COLLECTION", help="name or id")
    parser.add_argument("record", metavar="RECORD", help="id")


def records_of(parsed: argparse.Namespace) -> Records:
    """The records of the table and bucket the arguments name."""
    s3, dynamodb = clients()
    return Records(dynamodb, parsed.table, Bucket(s3, parsed.bucket), random_letters)


def random_letters(alphabet: str, count: int) -> str:
    """Letters nobody can guess."""
    return "".join(secrets.choice(alphabet) for _ in range(count))


def source_of(parsed: argparse.Namespace) -> Source:
    """The source the arguments name. Raises ``AdminError`` when the key's variable is not set."""
    return Source(parsed.pb_data, _encryption_key(parsed), files=not parsed.no_files)


@contextmanager
def reader_of(parsed: argparse.Namespace) -> Iterator[Reader]:
    """The table or the directory that the arguments name, as the functions read it."""
    if parsed.table is not None:
        yield Table(clients()[1], parsed.table)
        return
    with pocketbase.opened(parsed.pb_data, _encryption_key(parsed)) as snapshot:
        yield Directory(snapshot)


def stored_of(parsed: argparse.Namespace) -> Callable[[str], bool] | None:
    """Whether a key is in the bucket or the storage folder; ``None`` where there is nothing to look at."""
    if parsed.bucket is not None:
        bucket = Bucket(clients()[0], parsed.bucket)
        return lambda key: any(stored.key == key for stored in islice(bucket.list(key), 1))
    if parsed.pb_data is not None and (parsed.pb_data / "storage").is_dir():
        return lambda key: storage.find(parsed.pb_data, key) is not None
    return None


def _encryption_key(parsed: argparse.Namespace) -> str | None:
    if not parsed.encryption_env:
        return None
    key = os.environ.get(parsed.encryption_env)
    if not key:
        raise AdminError(f"the environment variable {parsed.encryption_env} is not set")
    return key


def clients() -> "tuple[S3Client, DynamoDBClient]":
    """Clients of the region, credentials and endpoint that the environment names, as for any AWS tool."""
    return boto3.client("s3", config=_CONFIG), boto3.client("dynamodb", config=_CONFIG)


def run_once(sync: Sync, done: str, *, dry_run: bool) -> int:
    """One round, its plan or progress, and its summary."""
    sync.read_target()
    summary = sync.gather()
    warn(summary.warnings)
    if dry_run:
        for action in sync.planned():
            print(action)
            summary.count(action)
        print(f"dry run, nothing is changed: {summary}")
        try:
            sync.require_allowed()
        except MassDeletion as error:
            warn([str(error)])
        return 0
    carry_out(sync, summary)
    print(f"{done}: {summary}")
    return 0


class Report:
    """Tells of a watch on standard output, failures on standard error."""

    def __init__(self) -> None:
        self._rounds = 0
        self._warned: set[str] = set()

    def round(self, sync: Sync) -> None:
        """One round; quiet when nothing came of it, save for the first."""
        summary = sync.gather()
        warn([warning for warning in summary.warnings if warning not in self._warned])
        self._warned = set(summary.warnings)
        carry_out(sync, summary)
        self._rounds += 1
        if self._rounds == 1 or summary.changed:
            self._say(f"synced: {summary}")
        if self._rounds == 1:
            self._say(f"watching {sync.source.directory}")

    def failed(self, error: Exception, wait_seconds: float) -> None:
        """The error in a line, and when it is tried again."""
        reason = " ".join(str(error).split())
        print(
            f"{_now()} error: {reason}; trying again in {wait_seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    def refused(self, error: Exception) -> None:
        """The error in a line; whoever is to look into it has time to."""
        print(
            f"{_now()} refused: {error}; waiting for the next change", file=sys.stderr, flush=True
        )

    def stopped(self) -> None:
        """The last line."""
        self._say("stopped")

    def _say(self, line: str) -> None:
        print(f"{_now()} {line}", flush=True)


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S")


def carry_out(sync: Sync, summary: Summary) -> None:
    """Apply with a progress bar, on a terminal only."""
    with tqdm(total=sync.pending(), unit="", disable=None, leave=False) as bar:

        def on_done(action: Action) -> None:
            summary.count(action)
            if isinstance(action, PutFile) or (isinstance(action, PutItem) and _is_record(action)):
                bar.update()

        sync.apply(on_done)


def warn(warnings: list[str]) -> None:
    """The first warnings, a line each, and how many more there are."""
    for warning in warnings[:_WARNINGS_SHOWN]:
        print(f"warning: {warning}", file=sys.stderr)
    if len(warnings) > _WARNINGS_SHOWN:
        print(f"warning: and {len(warnings) - _WARNINGS_SHOWN} more", file=sys.stderr)


def _is_record(action: PutItem) -> bool:
    pk = action.item["pk"]["S"]
    return pk != CATALOGUE and "#" not in pk
