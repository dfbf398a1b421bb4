"""``sync``: make table and bucket equal to a PocketBase data directory, once or for as long as it runs.

What PocketBase no longer has is deleted, files with their thumbs. Deleting most of what is there is refused:
a fresh or wrong data directory must not empty table and bucket.
"""

import argparse
import signal

from ..sync import watch
from ..sync.round import prepared
from . import arguments

_EXAMPLE = (
    "python -m admin sync --pb-data ./pb_data --bucket acme-files --table acme-catalogue --watch"
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The subcommand's arguments."""
    parser = arguments.add_parser(commands, "sync", __doc__, _EXAMPLE)
    arguments.add_source(parser)
    arguments.add_target(parser)
    parser.add_argument(
        "--watch", action="store_true", help="go on and follow every change until stopped"
    )
    parser.add_argument(
        "--allow-mass-deletion",
        action="store_true",
        help="delete even more than half of the records or files, or all collections",
    )
    parser.set_defaults(run=run, parser=parser)


def run(parsed: argparse.Namespace) -> int:
    """One round that also deletes, or rounds without end."""
    if parsed.watch and parsed.dry_run:
        parsed.parser.error("--dry-run shows one round; it does not go with --watch")
    names = (parsed.bucket, parsed.table)
    source = arguments.source_of(parsed)
    guarded = not parsed.allow_mass_deletion
    with prepared(source, arguments.clients, names, removing=True, guarded=guarded) as sync:
        if not parsed.watch:
            return arguments.run_once(sync, "synced", dry_run=parsed.dry_run)
        # A service manager stops with SIGTERM; both end the watch between two actions.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return watch.follow(sync, arguments.Report())
