"""Removes from the table what no reader needs any more."""

from .destination import Target
from .mirror import Mirror

PURGED_IN_A_ROUND = 10_000
"""Most tombstones that a round removes: the next change must not wait for all of many."""

PURGED_AT_ONCE = 500


def discard_former_catalogues(target: Target, mirror: Mirror) -> None:
    """Remove former versions of the catalogue, once all readers use the present one."""
    writer = target.writer
    if writer.old_generation() < writer.pointer.catalogue:
        return
    for pk, sort_keys in mirror.catalogue.former.items():
        writer.keep_alive()
        writer.discard(pk, sort_keys)
    mirror.catalogue.former.clear()


def purge_tombstones(target: Target, mirror: Mirror) -> None:
    """Remove tombstones that are old enough, up to ``PURGED_IN_A_ROUND``."""
    writer = target.writer
    old = writer.old_generation()
    for _ in range(PURGED_IN_A_ROUND // PURGED_AT_ONCE):
        tombstones = mirror.tombstones(old, PURGED_AT_ONCE)
        if not tombstones:
            return
        writer.keep_alive()
        list(target.pool.map(lambda each: writer.purge(*each), tombstones))
        for pk, sk, _ in tombstones:
            mirror.purged(pk, sk)
