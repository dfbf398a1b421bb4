"""Carries a plan out, each step before the next (``in_flight``).

Every action may be repeated without harm. Whatever AWS refuses ends the run, and so does a lost
lease.
"""

from collections.abc import Iterable

from pocketfiles import keys

from ..target.actions import (
    Change,
    DeleteItem,
    Publish,
    PutItem,
    is_change,
)
from ..target.writer import Catalogue, Writer
from . import journal
from .destination import OnDone, Target
from .in_flight import InFlight
from .mirror import Mirror
from .plan import Step


def apply(
    steps: Iterable[Step],
    target: Target,
    mirror: Mirror,
    on_done: OnDone,
    *,
    source: str = "",
    completes: bool = True,
) -> None:
    """Carry out all steps in order.

    ``source``: the identity of the data directory. ``completes``: whether the table then holds no
    more and no less than its source, so that a copy of a table is good again.

    Raises what AWS raises, and ``LeaseLost``.
    """
    writer = target.writer
    definitions: list[Change] = []
    try:
        for step in steps:
            flight = InFlight(target, mirror, on_done)
            try:
                for action in step:
                    if isinstance(action, Publish):
                        flight.drain()
                        _publish(action, writer, mirror, source, completes=completes)
                        for change in definitions:
                            on_done(change)
                    elif is_change(action) and _is_definition(action):
                        definitions.append(action)  # written together, by Publish
                    else:
                        flight.send(action)
                flight.finish()
            finally:
                flight.drain()
    except BaseException:
        if writer.generation:
            journal.unpublished(mirror, writer.generation)
        raise


def _publish(
    action: Publish, writer: Writer, mirror: Mirror, source: str, *, completes: bool
) -> None:
    generation = writer.begin()
    catalogue = None
    if action.definitions is not None:
        catalogue = Catalogue(action.definitions, action.indexed)
    still_holds = writer.pointer.holding and not completes  # only a sync settles a mass deletion
    holding = action.holding or still_holds
    writer.publish(catalogue, holding=holding, source=source, completes=completes)
    journal.published(mirror, action, generation)


def _is_definition(action: Change) -> bool:
    match action:
        case PutItem(item):
            return bool(item["pk"]["S"] == keys.CATALOGUE)
        case DeleteItem(pk):
            return pk == keys.CATALOGUE
    return False
