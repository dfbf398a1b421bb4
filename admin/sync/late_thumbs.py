"""Thumbs that a request on its way may store after their original is gone or has other bytes."""

from collections.abc import Iterable, Iterator

from pocketfiles import keys
from pocketfiles.catalogue.items import catalogue_from

from . import invalidation
from .destination import Target, pending_of
from .elsewhere import of_public_views
from .mirror import THUMBS, Mirror
from .pending import Pending


def clear_stale_thumbs(originals: Iterable[str], target: Target, mirror: Mirror) -> None:
    """Delete the thumbs of originals that were replaced after their thumbs were made."""
    pending = pending_of(target, mirror)
    for key in originals:
        _clear(key, target, mirror, pending)


def clear_thumbs_again(target: Target, mirror: Mirror) -> None:
    """Clear the thumbs once more that a request on its way may have stored since."""
    pending = pending_of(target, mirror)
    for sort_key in _due(target, mirror):
        for key in _with_thumbs(sort_key.removeprefix(THUMBS), target):
            _clear(key, target, mirror, pending)
        target.writer.table.delete(keys.LATER, sort_key)
        del mirror.later[sort_key]


def _due(target: Target, mirror: Mirror) -> list[str]:
    """The sort keys of the thumbs that are to be cleared now."""
    now = target.clock()
    found = []
    for sort_key, moment in mirror.later.items():
        if sort_key.startswith(THUMBS) and moment <= now:
            found.append(sort_key)
    return sorted(found)


def _with_thumbs(what: str, target: Target) -> Iterator[str]:
    """The original, or those of a collection that are gone, if there are thumbs of them."""
    if not what.endswith("/"):
        if target.bucket.has_thumbs(what):
            yield what
        return
    for key in target.bucket.lost_originals(what):
        target.writer.keep_alive()
        if key is not None:
            yield key


def _clear(key: str, target: Target, mirror: Mirror, pending: Pending) -> None:
    """Delete the thumbs of an original, and have them invalidated, also where views show them."""
    target.writer.keep_alive()
    target.writer.lease.require()
    collections, _, _ = catalogue_from(mirror.actual.values())
    pending.note(invalidation.removal(key))
    for entry in of_public_views(collections):
        pending.note(entry)
    target.bucket.clear_thumbs(key)
