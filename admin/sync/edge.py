"""CloudFront in step with what is published: closed before, opened and invalidated after."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import catalogue_from

from ..errors import EdgeError
from ..target import edge_store
from . import invalidation
from .destination import Target, pending_of
from .elsewhere import Elsewhere
from .invalidation import CLOSED, Entry
from .mirror import Mirror


@dataclass(frozen=True)
class InStep:
    """What the block has to know.

    ``closing``: until when edges may take collections for open that are not, by id. New files must
    not lie in their folders before.
    """

    elsewhere: Elsewhere
    closing: Mapping[str, float]


@contextmanager
def in_step(
    target: Target,
    mirror: Mirror,
    definitions: Iterable[Item],
    *,
    files: bool = True,
    views_follow: bool = True,
) -> Iterator[InStep]:
    """Publish in the block what makes the catalogue consist of these definitions.

    ``files``: whether the block deletes files itself. ``views_follow``: whether the records of
    views then no longer name them.

    Before the block, collections that must not stay open leave CloudFront's key value store. After
    it, the store says what is published, and CloudFront is asked to invalidate what is due. What
    fails there holds nothing else up: it is raised in the end, and the next round does what is
    left.
    """
    before, _, _ = catalogue_from(mirror.actual.values())
    collections, _, held = catalogue_from(definitions)
    published = [each for each in collections if each.id not in held]
    desired = edge_store.entries(published, target.edge.formats)
    pending = pending_of(target, mirror)
    to_close = target.edge.to_close(desired)
    closed = {*to_close.values(), *invalidation.less_public(before, collections)}
    for collection_id in sorted(closed):
        pending.note(Entry(CLOSED, collection_id))
    target.edge.remove(set(to_close))
    target.writer.backlog = pending.backlog()
    try:
        elsewhere = Elsewhere.of(
            before, collections, target.writer.value, files=files, views_follow=views_follow
        )
        closing = dict.fromkeys(closed, math.inf) | pending.closing_until()
        yield InStep(elsewhere, closing)
    except Exception:
        with suppress(EdgeError):
            pending.ask()
        raise
    try:
        target.edge.publish(desired)
    finally:
        pending.ask()
