"""What CloudFront has to forget, and when it is asked. Pure.

An invalidation reaches only copies that exist; an answer on its way can fill a cache afterwards.
Therefore every path is invalidated again after the longest request. A collection that stops being
open is asked for over a longer time, because CloudFront promises no bound for the moment at which a
change of the key value store reaches every edge.

What is still to be asked lies in the table, as entries of what is left to do later: a run that dies
leaves it to the next. The sort key of an entry is ``invalidate#<number>#<collection>/<record>``,
with one number for each time that CloudFront is asked; without a record it is the whole collection.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

INVALIDATE = "invalidate#"
"""Prefix of the sort keys of entries that are invalidations."""

AFTER_REMOVAL = (0.0, 40.0)
"""Seconds after which copies of a removed or replaced file are asked for: at once, and once more
after the time limits of the functions and of API Gateway, with a margin."""

AFTER_CLOSING = (0.0, 5 * 60.0, 60 * 60.0, 24 * 60 * 60.0)
"""Seconds after which copies of a collection that is no longer open are asked for."""

MAX_RECORDS_BY_NAME = 25
"""Records of one collection up to which each is a path of its own; above, the collection is one."""


def removal(key: str, now: float) -> Iterator[tuple[str, float]]:
    """The entries once the object under ``key`` is removed or replaced, and when each is due."""
    collection_id, record_id = key.split("/")[:2]
    return _entries(f"{collection_id}/{record_id}", AFTER_REMOVAL, now)


def closing(collection_id: str, now: float) -> Iterator[tuple[str, float]]:
    """The entries once a collection is no longer open, and when each is due."""
    return _entries(f"{collection_id}/", AFTER_CLOSING, now)


def _entries(folder: str, delays: Iterable[float], now: float) -> Iterator[tuple[str, float]]:
    for number, delay in enumerate(delays):
        yield f"{INVALIDATE}{number}#{folder}", now + delay


def paths(entries: Iterable[str]) -> list[str]:
    """The paths to invalidate: both URIs under which a copy can lie, grouped where there are many.

    Public copies lie under the object's key; what the API made, under its own path.
    """
    records = defaultdict[str, set[str]](set)
    for entry in entries:
        collection_id, _, record_id = entry.split("#", 2)[2].partition("/")
        records[collection_id].add(record_id)
    return [
        path
        for collection_id, record_ids in sorted(records.items())
        for record_id in _grouped(record_ids)
        for path in folder_paths(collection_id, record_id)
    ]


def folder_paths(collection_id: str, record_id: str = "") -> list[str]:
    """The paths of one record's copies, or of a whole collection's."""
    folder = f"{collection_id}/{record_id}" if record_id else collection_id
    return [f"/{folder}/*", f"/api/files/{folder}/*"]


def _grouped(record_ids: set[str]) -> list[str]:
    """The records to name; only the empty one, for the collection, where there are many."""
    is_whole = "" in record_ids or len(record_ids) > MAX_RECORDS_BY_NAME
    return [""] if is_whole else sorted(record_ids)
