"""A collection that stops being open: by ``collections apply``, killed before any of its writes,
and by a sync that is followed by another."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from admin.sync.invalidation import CLOSED, SECONDS_BETWEEN
from admin.sync.pending import Pending, left_in
from local.cdn import policy
from local.cdn.functions import EdgeFunctions
from tests.conftest import ROOT
from tests.edge.consistency.data import State, Table
from tests.edge.consistency.world import World

NODE = shutil.which("node")
POLICY = policy.read((ROOT / "template.yaml").read_text())
LEASE_AND_MORE = 61.0

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

PHOTOS = Table("id_one", "alpha", records={"r1": {"file": "file1.txt", "extra": "extra1.txt"}})
OTHERS = Table("id_two", "gamma", records={"r2": {"file": "file2.txt", "extra": ""}})
OPEN = State((PHOTOS, OTHERS))
CHANGES = {
    "a protected field": State((replace(PHOTOS, protected=frozenset({"extra"})), OTHERS)),
    "a protected collection": State(
        (replace(PHOTOS, protected=frozenset({"file", "extra"})), OTHERS)
    ),
    "no such collection": State((OTHERS,)),
}


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        yield running


class Closing:
    """``collections apply`` in a world that notes what CloudFront is asked, and when."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[float] = []
        """When the copies of the closed collection were asked for, under either of their paths."""
        world.begin(OPEN)
        world.cloudfront.on_invalidation = self._note
        published = world.dynamodb.after_transaction

        def look() -> None:
            published()
            assert not self.is_open(), "it is published before the store has lost it"

        world.dynamodb.after_transaction = look

    def is_open(self) -> bool:
        values = self.world.cloudfront.versions[-1][1]
        return any(json.loads(text)["open"] for key, text in values.items() if PHOTOS.id in text)

    def apply(self, state: State, *, kill: int = 0) -> bool:
        """Apply the collections; whether it came to its end."""
        self.world.kill_in = kill
        self.world.apply_collections(state)
        came_to_its_end = self.world.rounds[-1].ended < float("inf")
        self.world.kill_in = 0
        return came_to_its_end

    def purge(self) -> int:
        """Ask for what is due, as ``purge`` does; returns how many are left."""
        target = self.world.target(is_sync=False)
        table = target.writer.table
        pending = Pending(table, target.edge, self.world.clock, left_in(table))
        pending.ask()
        return len(pending.later)

    def _note(self, path: str) -> None:
        self.world.invalidated(path)
        if path == f"/{PHOTOS.id}/*":
            self.asked.append(self.world.now)


@pytest.mark.parametrize("what", CHANGES)
def test_collections_apply_closes_first_and_asks_four_times_wherever_it_is_killed(
    what: str, functions: EdgeFunctions, tmp_path: Path
) -> None:
    for kill in count(1):
        closing = Closing(World(kill, functions, POLICY, tmp_path))
        world = closing.world
        was_killed = not closing.apply(CHANGES[what], kill=kill)
        if was_killed:
            world.pass_time(LEASE_AND_MORE)
            assert closing.apply(CHANGES[what])
        assert not closing.is_open()
        assert closing.asked
        asked_before = len(closing.asked)
        for number, seconds in enumerate(SECONDS_BETWEEN[CLOSED], 1):
            world.now += seconds
            closing.purge()
            assert len(closing.asked) >= asked_before + number
            world.read_all()
        world.now += SECONDS_BETWEEN[CLOSED][0]
        assert closing.purge() == 0
        if not was_killed:
            break
    assert kill > 10


def test_files_that_come_after_a_collection_was_closed_wait_until_every_cache_knows(
    functions: EdgeFunctions, tmp_path: Path
) -> None:
    closed = replace(PHOTOS, protected=frozenset({"extra"}))
    records = {**PHOTOS.records, "r3": {"file": "file3.txt", "extra": "extra3.txt"}}
    for seed in range(5):
        world = World(seed, functions, POLICY, tmp_path)
        world.change(OPEN, State((closed, OTHERS)), State((replace(closed, records=records),)))
