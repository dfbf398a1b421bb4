"""``import``: copy a PocketBase data directory to AWS.

Nothing in table or bucket is ever deleted.
"""

import argparse

from ..sync.prepare import prepared
from . import arguments, output, rounds

_EXAMPLE = "import --pb-data ./pb_data --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "import", __doc__, _EXAMPLE)
    arguments.add_source(parser)
    arguments.add_target(parser)
    parser.set_defaults(run=run, when_interrupted=arguments.GOES_ON)


def run(parsed: argparse.Namespace) -> int:
    """Sync once without deleting anything."""
    source = arguments.source_of(parsed)
    target = arguments.deployment_of(parsed)
    names = (target.bucket, target.table)
    edge = target.edge(output.warn_of)
    with prepared(source, target.clients, names, removing=False, edge=edge) as sync:
        return rounds.run_once(sync, "imported", dry_run=parsed.dry_run)
