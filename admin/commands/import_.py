"""``import``: bring a PocketBase data directory to AWS. Nothing in table or bucket is ever deleted."""

import argparse

from ..sync.round import prepared
from . import arguments

_EXAMPLE = "python -m admin import --pb-data ./pb_data --bucket acme-files --table acme-catalogue"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The subcommand's arguments."""
    parser = arguments.add_parser(commands, "import", __doc__, _EXAMPLE)
    arguments.add_source(parser)
    arguments.add_target(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """One round that deletes nothing."""
    names = (parsed.bucket, parsed.table)
    source = arguments.source_of(parsed)
    with prepared(source, arguments.clients, names, removing=False) as sync:
        return arguments.run_once(sync, "imported", dry_run=parsed.dry_run)
