"""``check-rules``: list view rules that cannot be evaluated, and protected files that no rule
decides about.

A rule that cannot be evaluated denies. Exit code 1 if there is one.
"""

import argparse
from collections.abc import Iterator

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules import evaluate

from . import arguments, output

_EXAMPLE = "check-rules --table acme-catalogue"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "check-rules", __doc__, _EXAMPLE)
    arguments.add_catalogue(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Print a line for each finding, then the number of rules."""
    with arguments.reader_of(parsed) as reader:
        collections = snapshot_of(reader).collections
    for line in _unguarded(collections):
        output.say(line)
    broken = list(_broken(collections))
    for line in broken:
        output.say(line)
    verdict = f"{len(broken)} cannot be evaluated" if broken else "all can be evaluated"
    output.say(f"checked {sum(bool(each.view_rule) for each in collections)} view rules: {verdict}")
    return 1 if broken else 0


def _unguarded(collections: Collections) -> Iterator[str]:
    """Describe the protected file fields that no rule decides about."""
    for collection in collections:
        fields = [
            f"{collection.name}.{field.name}" for field in collection.file_fields if field.protected
        ]
        if fields and not collection.view_rule:
            locked = collection.view_rule is None
            verdict = (
                "locked (no view rule): superusers alone"
                if locked
                else "open to everybody (empty view rule)"
            )
            yield f"{', '.join(fields)}: protected, but {verdict}"


def _broken(collections: Collections) -> Iterator[str]:
    for collection in collections:
        reason = _problem(collection, collections)
        if reason:
            yield f"{collection.name}: the view rule cannot be evaluated and denies: {reason}"


def _problem(collection: Collection, collections: Collections) -> str:
    if not collection.view_rule:
        return ""
    try:
        evaluate.check(collection.view_rule, collection, collections)
    except RuleError as error:
        return error.reason
    return ""
