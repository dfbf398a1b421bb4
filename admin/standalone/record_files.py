"""The files of single records in the bucket, and CloudFront's copies of them."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pocketfiles import keys
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collection, Source
from pocketfiles.catalogue.table import Table
from pocketfiles.errors import NotFound

from ..errors import AdminError
from ..sync import invalidation
from ..sync.elsewhere import of_views_that_show
from ..sync.pending import Pending, backlog_of, closing_until, left_in, overdue
from ..target.bucket import Bucket
from ..target.edge import Edge
from ..target.writer import Writer
from .uploads import Upload
from .writing import writing


@dataclass(frozen=True)
class Waiting:
    """How a command waits: ``warn`` is told why. ``clock`` in epoch seconds."""

    warn: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class RecordFiles:
    """Uploads and deletes the files of records, one at a time."""

    def __init__(
        self, table: Table, writer: Writer, bucket: Bucket, edge: Edge, waiting: Waiting
    ) -> None:
        self._table = table
        self._writer = writer
        self._bucket = bucket
        self._edge = edge
        self._waiting = waiting

    def wait_until_closed(self, collection: Collection) -> None:
        """Wait while an edge may still take the collection for open. Raises ``AdminError``."""
        if not self._edge.reads_bucket:
            return
        closing = closing_until(left_in(self._writer.table))
        until = closing.get(collection.id, 0.0)
        if until == math.inf:
            raise AdminError(
                f"CloudFront has not been asked yet to forget the public files of "
                f"{collection.name}: run `purge --stack NAME` first"
            )
        seconds = until - self._waiting.clock()
        if seconds > 0:
            self._waiting.warn(
                f"{collection.name} has just been closed: {seconds:.0f} s until every edge knows"
            )
            self._waiting.sleep(seconds)

    def upload(
        self,
        collection: Collection,
        record_id: str,
        upload: Upload,
        on_bytes: Callable[[int], None],
    ) -> None:
        """Upload a file. ``on_bytes`` is called with the size of each piece."""
        key = key_of(collection, record_id, upload.name)
        self._bucket.upload(key, upload.file, replaces=False, on_bytes=on_bytes)

    def remove(self, collection: Collection, record_id: str, names: Iterable[str]) -> None:
        """Delete the files, then have their copies invalidated.

        What CloudFront is to be asked is written down first, so that a later command or sync asks
        again, and also if this one ends before. What earlier commands have left is asked too.
        """
        gone = [key_of(collection, record_id, name) for name in sorted(names)]
        pending = overdue(self._writer.table, self._edge, self._waiting.clock)
        if gone:
            self._note(gone, Source(collection.id, record_id), pending)
        for key in gone:
            self._bucket.remove(key)
        try:
            pending.ask()
        finally:
            self._tell_backlog()

    def _note(self, gone: Iterable[str], source: Source, pending: Pending) -> None:
        """Write down what CloudFront is to be asked because a record loses these files."""
        for key in gone:
            pending.note(invalidation.removal(key))
        if self._edge.has_copies:
            for entry in self._shown_elsewhere(source):
                pending.note(entry)

    def _shown_elsewhere(self, source: Source) -> Iterator[invalidation.Entry]:
        """The records of views that show files of a record."""
        snapshot = snapshot_of(self._table)
        collections = snapshot.collections
        return of_views_that_show(source, self._writer.table, snapshot.pointer, collections)

    def _tell_backlog(self) -> None:
        """Have the pointer say what CloudFront is still to be asked for."""
        if self._edge.has_copies:
            left = left_in(self._writer.table)
            with writing(self._writer):
                self._writer.tell(backlog_of(left))


def key_of(collection: Collection, record_id: str, name: str) -> str:
    """The key of a record's file. Raises ``AdminError`` for an id that no key can have."""
    try:
        return keys.original(collection.id, record_id, name)
    except NotFound as error:
        raise AdminError(f"{record_id!r} is no record id to store files under") from error
