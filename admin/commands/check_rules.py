"""``check-rules``: list view rules that cannot be evaluated, protected files that no rule decides
about, and collections that are open.

A rule that cannot be evaluated denies. The files of an open collection are for everybody, and
CloudFront reads them from the bucket. Exit code 1 if there is one.
"""

import argparse
from collections.abc import Iterator

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collections

from .. import rule_findings
from ..target import edge_store
from . import arguments, output

_EXAMPLE = "check-rules --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "check-rules", __doc__, _EXAMPLE)
    arguments.add_catalogue(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Print a line for each finding, then the number of rules."""
    with arguments.reader_of(parsed) as reader:
        collections = snapshot_of(reader).collections
    for line in _undecided(collections):
        output.say(line)
    broken = rule_findings.broken_warnings(collections)
    for line in broken:
        output.say(line)
    if opened := edge_store.open_names(collections):
        output.say(f"open, so that CloudFront asks nobody: {', '.join(opened)}")
    verdict = f"{len(broken)} cannot be evaluated" if broken else "all can be evaluated"
    output.say(f"checked {sum(bool(each.view_rule) for each in collections)} view rules: {verdict}")
    return 1 if broken else 0


def _undecided(collections: Collections) -> Iterator[str]:
    """Describe the protected file fields that no rule decides about."""
    for collection, fields in rule_findings.undecided(collections):
        locked = collection.view_rule is None
        verdict = (
            "locked (no view rule): superusers alone"
            if locked
            else "open to everybody (empty view rule)"
        )
        names = ", ".join(f"{collection.name}.{field}" for field in fields)
        yield f"{names}: protected, but {verdict}"
