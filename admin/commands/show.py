"""``show``: show a record with its values and files, and where each file is served.

Token keys and password hashes are never shown.
"""

import argparse

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collection, Record, Value
from pocketfiles.locate import path_of

from ..standalone.lookup import find_collection
from . import arguments, output
from .ls import find_record

_EXAMPLE = "show photos holiday0000001 --stack acme"
_SECRETS = frozenset({"tokenKey", "password"})


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "show", __doc__, _EXAMPLE)
    arguments.add_record(parser)
    arguments.add_catalogue(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Print a line for each value and each file."""
    with arguments.reader_of(parsed) as reader:
        snapshot = snapshot_of(reader)
        collection = find_collection(snapshot.collections, parsed.collection)
        record = find_record(snapshot, collection, parsed.record)
    origin = parsed.deployment.url if parsed.deployment else ""
    for name, value in record.values.items():
        output.say(f"{name}: {_shown(name, value)}")
    for line in _files(collection, record, origin):
        output.say(line)
    return 0


def _shown(name: str, value: Value) -> Value:
    if value is None:
        return ""
    return "(a secret)" if value and name in _SECRETS else value


def _files(collection: Collection, record: Record, origin: str) -> list[str]:
    lines = []
    for field in collection.file_fields:
        for name in record.names(field):
            path = path_of(collection.name, record.id, name)
            note = " (protected: add ?token=)" if field.protected else ""
            lines.append(f"file: {origin}{path}{note}")
    return lines
