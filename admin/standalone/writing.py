"""Being the table's writer for a moment, to change a few items."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pocketfiles.catalogue.generations import Item, generation_of

from ..errors import LeaseHeld
from ..target import items
from ..target.writer import Writer

_PATIENCE_SECONDS = 10.0
"""How long a command waits for another writer."""

_POLL_SECONDS = 0.2


@contextmanager
def writing(writer: Writer) -> Iterator[None]:
    """Hold the table's lease. Raises ``LeaseHeld`` if another writer keeps it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            writer.acquire()
            break
        except LeaseHeld:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        writer.release()


def write(writer: Writer, changes: Iterable[tuple[Item, bool]]) -> None:
    """Put the items that are to stay, remove the others, and publish that."""
    writer.begin()
    for item, stays in changes:
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        actual = writer.table.get(pk, sk)
        known = generation_of(actual) if actual else None
        room = items.size(actual) if actual else 0
        if stays:
            writer.put(item, known, room)
        else:
            writer.remove(pk, sk, known, room)
    published = writer.published
    writer.publish(
        None, holding=published.pointer.holding, source=published.source, completes=False
    )
