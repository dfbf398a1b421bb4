"""Uploads that were put off: when they can be done, and which nobody waits for any more.

A note in the table says so (``mirror.UPLOAD``), for the next run if this one dies.
"""

from pocketfiles import keys

from .destination import Target, pending_of
from .mirror import UPLOAD, Mirror


def due(target: Target, mirror: Mirror, settled: float) -> list[float]:
    """When each can be done, in epoch seconds; ``settled``: no request goes by the data before."""
    closing = pending_of(target, mirror).closing_until()
    moments = []
    for sort_key in _noted(mirror):
        collection_id, _, _ = sort_key.removeprefix(UPLOAD).partition("/")
        noted = mirror.later[sort_key]
        closed = closing.get(collection_id, 0.0)
        moments.append(max(noted, settled, closed))
    return moments


def forget_done(target: Target, mirror: Mirror) -> None:
    """Forget the notes of files that need no upload: a run that died has uploaded them, or no
    record names them any more."""
    for sort_key in _noted(mirror):
        file_key = sort_key.removeprefix(UPLOAD)
        if mirror.is_to_be_uploaded(file_key):
            continue
        target.writer.lease.require()
        target.writer.table.delete(keys.LATER, sort_key)
        del mirror.later[sort_key]


def _noted(mirror: Mirror) -> list[str]:
    """The sort keys of the uploads that were put off."""
    return [sort_key for sort_key in mirror.later if sort_key.startswith(UPLOAD)]
