"""The files of a collection by the page: all of them, or those that somebody looks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from pocketfiles import keys
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.catalogue.table import TableAt

View: TypeAlias = dict[str, Any]

FILES_A_PAGE = 60
RECORDS_A_READ = 100
RECORDS_A_PAGE = 500
"""Records read for one page; those without files, or with others than are looked for, are passed
over."""


@dataclass(frozen=True)
class Search:
    """Looks for files whose name, or whose record's id, contains a text in any case.

    The empty text is in all of them.
    """

    text: str

    def finds(self, file: View) -> bool:
        """Whether a file is looked for."""
        wanted = self.text.casefold()
        return wanted in file["name"].casefold() or wanted in file["record"].casefold()


def page_of(
    collection: Collection, snapshot: Snapshot, reader: TableAt, search: Search, after: str
) -> View:
    """Files from the record after ``after``, and under ``next`` where the next page begins.

    The record whose id is looked for comes first, however many records stand before it. A page may
    be empty though more follow.
    """
    found: list[View] = []
    if not after:
        found += _named(collection, snapshot, search.text)
    last = ""
    records = reader.records_after(collection.id, after, RECORDS_A_READ)
    for record in islice(records, RECORDS_A_PAGE):
        last = record.id
        if record.id == search.text:
            continue
        found += filter(search.finds, files_of(collection, record))
        if len(found) >= FILES_A_PAGE:
            break
    has_more = next(records, None) is not None
    return {"files": found, "next": last if has_more else ""}


def files_of(collection: Collection, record: Record) -> Iterator[View]:
    """The files of a record, in the order of its fields."""
    for field in collection.file_fields:
        for name in record.names(field):
            yield file_value(collection, record, field, name)


def file_value(collection: Collection, record: Record, field: Field, name: str) -> View:
    """What the page has to know of a file."""
    return {
        "collection": collection.name,
        "record": record.id,
        "name": name,
        "field": field.name,
        "protected": field.protected,
        "thumbs": list(field.thumbs),
    }


def _named(collection: Collection, snapshot: Snapshot, record_id: str) -> Iterator[View]:
    """The files of the record that has the id, if there is one."""
    if not keys.may_be_record_id(record_id):
        return
    record = snapshot.record(collection, record_id)
    if record is not None:
        yield from files_of(collection, record)
