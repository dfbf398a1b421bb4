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
    for sk, noted in mirror.later.items():
        if sk.startswith(UPLOAD):
            collection_id, _, _ = sk.removeprefix(UPLOAD).partition("/")
            closed = closing.get(collection_id, 0.0)
            moments.append(max(noted, settled, closed))
    return moments


def forget_done(target: Target, mirror: Mirror) -> None:
    """Forget the notes of files that need no upload: a run that died has uploaded them, or no
    record names them any more."""
    for sk in [sk for sk in mirror.later if sk.startswith(UPLOAD)]:
        if not mirror.is_to_be_uploaded(sk.removeprefix(UPLOAD)):
            target.writer.lease.require()
            target.writer.table.delete(keys.LATER, sk)
            del mirror.later[sk]
