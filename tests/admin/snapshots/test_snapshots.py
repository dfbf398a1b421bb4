"""Every protected decision is made in one snapshot: no moment of a sync shows what no state shows.

A few dozen seeds here; ``python -m tests.admin.snapshots`` runs a thousand. Then each protection is
taken out in turn, and readers must be caught deciding wrongly within fifty seeds.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from admin.target.table import TargetTable, Update
from admin.target.values import Replacement
from admin.target.writer import Writer
from pocketfiles.catalogue.cached import Catalogue, Snapshot
from pocketfiles.catalogue.generations import GENERATION, Pointer
from pocketfiles.catalogue.model import Collections
from pocketfiles.catalogue.table import Table, TableAt
from pocketfiles.serve import FileService
from tests.admin.snapshots.hooked import HookedDynamoDB
from tests.admin.snapshots.world import Parts, Wrong, run, run_on
from tests.conftest import Cloud

SEEDS = 40
CAUGHT_WITHIN = 50


@pytest.mark.parametrize("writer", ["Writer", "WithoutClock"])
def test_no_reader_decides_as_no_published_state_does(writer: str) -> None:
    parts = Parts(writer={"Writer": Writer, "WithoutClock": WithoutClock}[writer])
    worlds = [run(seed, parts) for seed in range(SEEDS)]
    assert sum(len(world.published) for world in worlds) > 3 * SEEDS
    assert sum(world.shown for world in worlds) > SEEDS
    assert sum(world.hidden for world in worlds) > SEEDS
    assert sum(world.busy for world in worlds) < SEEDS


@pytest.mark.parametrize("seed", range(3))
def test_the_same_holds_with_a_servers_own_conditions_and_transactions(
    seed: int, cloud: Cloud
) -> None:
    world = run_on(HookedDynamoDB(cloud.dynamodb), cloud.table, seed, rounds=4)
    assert len(world.published) > 1
    assert world.shown + world.hidden > 0


class Unconditional(TargetTable):
    """Writes items without looking at what is there."""

    def update(self, update: Update) -> None:
        is_item = GENERATION in update.set and not update.pk.startswith("#")
        super().update(replace(update, expected={}) if is_item else update)


class WithoutClock(Writer):
    """Does not notice that its lease has ended, as if its clock stood still: what is left are the
    conditions of its writes."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.lease.require = lambda: None  # type: ignore[method-assign]
        self.lease.keep = lambda: None  # type: ignore[method-assign]


class WritesBlindly(WithoutClock):
    def __init__(self, table: TargetTable, *more: Any) -> None:
        super().__init__(Unconditional(table._client, table.name), *more)


class PublishesWithoutLease(WithoutClock):
    """Moves the pointer without being asked for the lease's number."""

    def publish(self, *given: Any, **named: Any) -> None:
        transact = self.table.transact

        def without_lease(updates: Any) -> None:
            transact(each for each in updates if each.pk != "#lease")

        self.table.transact = without_lease  # type: ignore[method-assign]
        super().publish(*given, **named)


class KeepsNothing(Writer):
    """Does not keep the value before."""

    def _update(self, replacement: Replacement, room: int) -> Update:
        return replacement.of_unpublished()


class LeavesNoTombstones(Writer):
    def remove(self, pk: str, sk: str, known: int | None, room: int = 0) -> None:
        self.begin()
        self.table.delete(pk, sk)


class Renamed(Writer):
    """Writes the catalogue in place, so that it counts before the pointer moves."""

    def _write_catalogue(self, catalogue: Any) -> None:
        super()._write_catalogue(catalogue)
        current = self.pointer.catalogue
        if current:
            for item in list(self.table.partition(f"#catalogue#{self.generation}")):
                self.table.put({**item, "pk": {"S": f"#catalogue#{current}"}})


class ForgetsAbandoned(WithoutClock):
    """Does not list the generations that nobody published."""

    def _still_abandoned(self, now: float) -> Mapping[int, float]:  # type: ignore[override]
        return {}


class SeesTheNewest(Table):
    """Takes every item as it is."""

    def at(self, pointer: Pointer, collections: Collections, *, with_held: bool = True) -> TableAt:
        newest = replace(pointer, generation=10**9, abandoned=frozenset())
        return super().at(newest, collections, with_held=with_held)


class KeepsItsCatalogue(Catalogue):
    """Takes the pointer's generation with the catalogue from before."""

    def _still_holds(self, *_: Any) -> bool:
        return True


class GoesByMemory(Catalogue):
    """Decides about protected files by the pointer in memory, which may be old."""

    _asked = 0

    def current(self, *, since: float | None = None) -> Snapshot:
        self._asked += 1
        if self._kept is not None and self._asked % 4:
            return self._kept.snapshot
        return super().current()


def with_catalogue(kind: type[Catalogue]) -> Any:
    def changed(service: FileService) -> FileService:
        catalogue = kind(
            service.catalogue._generations, service.catalogue._ttl, service.catalogue._clock
        )
        return replace(service, catalogue=catalogue)

    return changed


WITHOUT: dict[str, Parts] = {
    "compare-and-set": Parts(writer=WritesBlindly),
    "the lease for the pointer": Parts(writer=PublishesWithoutLease),
    "the value before": Parts(writer=KeepsNothing),
    "tombstones": Parts(writer=LeavesNoTombstones),
    "versions of the catalogue": Parts(writer=Renamed),
    "the list of abandoned generations": Parts(writer=ForgetsAbandoned),
    "the generation of items": Parts(table=SeesTheNewest),
    "the pointer's own catalogue": Parts(service=with_catalogue(KeepsItsCatalogue)),
    "a fresh pointer": Parts(service=with_catalogue(GoesByMemory)),
}


@pytest.mark.parametrize("protection", WITHOUT)
def test_without_a_protection_readers_decide_wrongly(protection: str) -> None:
    parts = WITHOUT[protection]
    caught = 0
    for seed in range(CAUGHT_WITHIN):
        try:
            run(seed, parts)
        except Wrong:
            caught += 1
            break
        except Exception:
            continue
    assert caught == 1
