"""``apply``: create and change collections as an export of PocketBase's collections says.

The changes are shown first. Collections that the file does not name stay, unless
``--remove-others``. Token secrets are made once and kept. Records stay and are converted to the
changed fields. What is removed is removed with its records and files, after a question.
"""

import argparse
from pathlib import Path

from ..standalone import schema, schema_change
from ..standalone.naming import random_letters
from ..wording import counted
from . import arguments, output

_SAMPLE = """``sample``: print an export of collections to begin with."""
_EXAMPLE = "collections apply pb_schema.json --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    about = "manage collections without PocketBase"
    group = commands.add_parser("collections", help=about, description=f"{about.capitalize()}.")
    subcommands = group.add_subparsers(required=True, metavar="COMMAND")
    parser = arguments.add_parser(subcommands, "apply", __doc__, _EXAMPLE)
    parser.add_argument(
        "file", type=Path, metavar="FILE.json", help="as `Export collections` writes it"
    )
    arguments.add_target(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and do nothing")
    parser.add_argument(
        "--remove-others",
        action="store_true",
        help="remove the collections that the file does not name, with records and files",
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    parser.set_defaults(run=run)
    sample = arguments.add_parser(subcommands, "sample", _SAMPLE, "collections sample > FILE.json")
    sample.set_defaults(run=_print_sample)


def run(parsed: argparse.Namespace) -> int:
    """Show the changes, ask before data is removed, and write them."""
    raw = schema.read(parsed.file)
    target = arguments.deployment_of(parsed)
    s3, dynamodb = target.clients()
    with schema_change.opened(
        s3, target.bucket, dynamodb, target.table, target.edge(output.warn_of)
    ) as work:
        work.gather(raw, random_letters, remove_others=parsed.remove_others)
        output.warn(work.warnings)
        kept, removed = work.lines()
        for line in [*kept, *removed]:
            output.say(line)
        if parsed.dry_run:
            output.say(f"dry run, nothing is changed: {_counted(kept, removed)}")
            return 0
        if removed:
            output.require_agreement("This removes data.", given=parsed.yes)
        work.apply()
    output.say(f"applied: {_counted(kept, removed)}")
    return 0


def _counted(kept: list[str], removed: list[str]) -> str:
    if not kept and not removed:
        return "nothing to change"
    parts = []
    if kept:
        parts.append(f"{counted(len(kept), 'collection')} created or changed")
    if removed:
        parts.append(f"{counted(len(removed), 'collection')} losing data")
    return ", ".join(parts)


def _print_sample(_parsed: argparse.Namespace) -> int:
    print(schema.sample(), end="")
    return 0
