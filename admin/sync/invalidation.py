"""What CloudFront has to forget, and when it is asked.

An invalidation reaches only copies that exist, and an answer on its way can fill a cache afterwards.
Therefore every path is invalidated twice: at once, and again after the longest request. A collection that
stops being open is asked for over a longer time, because CloudFront promises no bound for the moment at
which a change of the key value store reaches every edge.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_REQUEST_SECONDS = 40
"""The functions' time limit and API Gateway's, with a margin: after it, no old answer is on its way."""

AFTER_CLOSING = (0, 5 * 60, 60 * 60, 24 * 60 * 60)
"""Seconds after which the copies of a collection that was open are asked for."""

AFTER_REMOVAL = (0, LONGEST_REQUEST_SECONDS)
"""Seconds after which the copies of a removed or replaced file are asked for."""

MAX_RECORDS_BY_NAME = 25
"""Records of one collection up to which each is a path of its own; above, the collection is one."""


@dataclass(frozen=True)
class Pending:
    """Copies to be forgotten: of one record, or of a whole collection where ``record_id`` is empty.

    ``due`` holds the moments, in epoch seconds, at which CloudFront is still to be asked, in order.
    """

    collection_id: str
    record_id: str
    due: tuple[float, ...]

    def asked(self, now: float) -> "Pending | None":
        """The same after every moment up to ``now`` has been dealt with; ``None`` when nothing is left."""
        left = tuple(moment for moment in self.due if moment > now)
        return Pending(self.collection_id, self.record_id, left) if left else None


def removal(collection_id: str, record_id: str, now: float) -> Pending:
    """What is pending once a file of the record is removed or replaced."""
    return Pending(collection_id, record_id, tuple(now + delay for delay in AFTER_REMOVAL))


def closing(collection_id: str, now: float) -> Pending:
    """What is pending once a collection is no longer open."""
    return Pending(collection_id, "", tuple(now + delay for delay in AFTER_CLOSING))


def paths(pending: Iterable[Pending]) -> list[str]:
    """The paths to invalidate: both URIs under which a copy can lie, grouped where there are many.

    Public copies lie under the object's key; what the API made under its own path.
    """
    records = defaultdict[str, set[str]](set)
    for entry in pending:
        records[entry.collection_id].add(entry.record_id)
    found = []
    for collection_id, record_ids in sorted(records.items()):
        whole = "" in record_ids or len(record_ids) > MAX_RECORDS_BY_NAME
        folders = [collection_id] if whole else sorted(f"{collection_id}/{r}" for r in record_ids)
        for folder in folders:
            found += [f"/{folder}/*", f"/api/files/{folder}/*"]
    return found
