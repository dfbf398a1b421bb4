"""CloudFront in step with what is published: closed before, opened and invalidated after."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import catalogue_from

from ..target import edge_store
from . import invalidation
from .apply import Target, do_what_is_due, remember
from .mirror import Mirror


@contextmanager
def in_step(target: Target, mirror: Mirror, definitions: Iterable[Item]) -> Iterator[None]:
    """Publish in the block what makes the catalogue consist of these definitions.

    Before the block, collections that must not stay open leave CloudFront's key value store. After
    it, the store says what is published, and CloudFront is asked to invalidate what is due. If the
    block fails, the next round does what is left.
    """
    collections, _, held = catalogue_from(definitions)
    desired = edge_store.entries(each for each in collections if each.id not in held)
    closing = target.edge.closing(desired)
    now = target.clock()
    for collection_id in sorted(set(closing.values())):
        for sk, due in invalidation.closing(collection_id, now):
            remember(target, mirror, sk, due)
    target.edge.close(set(closing))
    do_what_is_due(target, mirror)
    yield
    target.edge.open(desired)
    do_what_is_due(target, mirror)
