"""``rm``: delete a record with its files, or one of its files; thumbs are deleted too.

On a terminal, it asks before a record goes that has files or that other records refer to.
"""

import argparse

from pocketfiles.catalogue.model import Collection

from ..errors import AdminError
from ..standalone.records import Records
from ..wording import counted
from . import arguments, output
from .put import file_field

_EXAMPLE = "rm photos holiday0000001 image beach_1c5m8q2z0x.jpg --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "rm", __doc__, _EXAMPLE)
    arguments.add_record(parser)
    parser.add_argument("field", metavar="FIELD", nargs="?", help="the file field, for one file")
    parser.add_argument("file", metavar="FILE", nargs="?", help="the file's stored name")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments.add_target(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Delete, and print what was deleted."""
    if parsed.field and not parsed.file:
        raise AdminError("name the file to delete too, or no field to delete the record")
    records = arguments.records_of(parsed)
    collection = records.collection(parsed.collection)
    label = f"{collection.name}/{parsed.record}"
    if parsed.field:
        field = file_field(collection, parsed.field)
        records.remove_file(collection, parsed.record, field, parsed.file)
        output.say(f"deleted {parsed.file} of {label}")
    else:
        _ask(records, collection, parsed)
        removed = records.remove(collection, parsed.record)
        output.say(f"deleted {label} and {counted(removed, 'file')}")
    return 0


def _ask(records: Records, collection: Collection, parsed: argparse.Namespace) -> None:
    """Ask before files go or references lead nowhere; a script is not asked.

    Raises ``Declined``.
    """
    if parsed.yes or not output.is_terminal():
        return
    record = records.record(collection, parsed.record)
    names = [name for field in collection.file_fields for name in record.names(field)]
    dependents = records.dependents(collection, parsed.record)
    if not names and not dependents:
        return
    question = f"{collection.name}/{parsed.record} will be deleted"
    if names:
        question += f" with {counted(len(set(names)), 'file')}"
    if dependents:
        listed = ", ".join(map(str, dependents))
        question += f"; it is referred to by {listed}"
    output.require_agreement(f"{question}.", given=False)
