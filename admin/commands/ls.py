"""``ls``: list the collections, the records of a collection, or the files of a record.

Each line begins with the name or id that the next ``ls``, ``show`` or ``rm`` takes.
"""

import argparse
from collections.abc import Iterator

from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.model import Collection, Record

from ..errors import AdminError
from ..standalone.lookup import find_collection
from ..standalone.thumbs import MAX_RECORDS
from ..wording import counted
from . import arguments, output

_EXAMPLE = "ls photos --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "ls", __doc__, _EXAMPLE)
    parser.add_argument("collection", metavar="COLLECTION", nargs="?", help="name or id")
    parser.add_argument("record", metavar="RECORD", nargs="?", type=arguments.record_id, help="id")
    arguments.add_catalogue(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Print a line for each collection, record or file."""
    with arguments.reader_of(parsed) as reader:
        snapshot = snapshot_of(reader)
        count = 0
        for line in _lines(snapshot, parsed.collection, parsed.record):
            output.say(line)
            count += 1
    if not count:
        output.complain(_nothing(parsed.collection, parsed.record))
    return 0


def _nothing(collection: str | None, record_id: str | None) -> str:
    """What is said, on standard error, in place of an empty list."""
    if collection is None:
        return "there are no collections"
    if record_id is None:
        return f"{collection} has no records"
    return f"{collection}/{record_id} has no files"


def _lines(snapshot: Snapshot, name: str | None, record_id: str | None) -> Iterator[str]:
    if name is None:
        yield from map(_collection_line, snapshot.collections)
        return
    collection = find_collection(snapshot.collections, name)
    if record_id is None:
        for record in snapshot.reader.all(collection.id, MAX_RECORDS):
            yield _record_line(collection, record)
        return
    record = find_record(snapshot, collection, record_id)
    for field in collection.file_fields:
        note = ", protected" if field.protected else ""
        for file in record.names(field):
            yield f"{file}  {field.name}{note}"


def find_record(snapshot: Snapshot, collection: Collection, record_id: str) -> Record:
    """Find a record by id. Raises ``AdminError``."""
    found = snapshot.record(collection, record_id)
    if found is None:
        raise AdminError(f"there is no record {record_id} in {collection.name}")
    return found


def _collection_line(collection: Collection) -> str:
    fields = []
    for field in collection.file_fields:
        note = " (protected)" if field.protected else ""
        fields.append(f"{field.name}{note}")
    about = f"files in {', '.join(fields)}" if fields else "no file fields"
    return f"{collection.name}  {collection.id}, {collection.type}, {about}"


def _record_line(collection: Collection, record: Record) -> str:
    files = sum(len(record.names(field)) for field in collection.file_fields)
    return f"{record.id}  {counted(files, 'file')}"
