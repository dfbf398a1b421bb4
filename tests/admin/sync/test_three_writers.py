"""Three watches of one directory, of which any may pause in any call while another takes over."""

import random
from contextlib import ExitStack
from typing import Any

import pytest

from admin.errors import LeaseHeld, LeaseLost, TargetError
from admin.sync.data_directory import Source
from admin.sync.destination import Target
from admin.sync.mirror import Mirror
from admin.sync.round import Sync
from admin.target.bucket import Bucket
from admin.target.lease import LEASE_SECONDS
from admin.target.table import TargetTable
from admin.target.writer import Writer
from tests.admin.shaped import Shaped
from tests.admin.snapshots.world import Inline
from tests.admin.sync.test_convergence import MORTAL, assert_clean, disturb
from tests.conftest import Cloud, how_many

SKEWS = (0.0, 25.0, -25.0)
"""Seconds by which the writers' clocks are off."""


class Scene:
    """What the writers share: the time, the directory, and who is paused."""

    def __init__(self, cloud: Cloud, shaped: Shaped, seed: int) -> None:
        self.cloud = cloud
        self.shaped = shaped
        self.chance = random.Random(seed)
        self.now = 1_800_000_000.0
        self.writers: list[Watch] = []
        self.mutations = 0
        self.takeovers = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def disturb(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            disturb(self.shaped, self.chance)
            self.mutations += 1

    def pause(self, paused: "Watch") -> None:
        """The paused writer's lease ends, and another takes over while a call is on its way."""
        self.now += LEASE_SECONDS + max(SKEWS) - min(SKEWS) + 1
        self.disturb()
        other = self.chance.choice([each for each in self.writers if each is not paused])
        if other.round():
            self.takeovers += 1


class Watch:
    """A watch in a process of its own, with a clock that is off."""

    def __init__(self, scene: Scene, number: int, stack: ExitStack) -> None:
        self._scene = scene
        self._calls_left = 0
        self._is_running = False
        mirror = stack.enter_context(Mirror())
        s3: Any = Pausing(scene.cloud.s3, self)
        dynamodb: Any = Pausing(scene.cloud.dynamodb, self)
        table = TargetTable(dynamodb, scene.cloud.table)
        skew = SKEWS[number]

        def clock() -> float:
            return scene.now + skew

        writer = Writer(table, clock, f"elsewhere {number}@{number}")
        target = Target(writer, Bucket(s3, scene.cloud.bucket), Inline(), clock)
        source = Source(scene.shaped.directory)
        self.sync = Sync(source, target, mirror, removing=True, sleep=scene.sleep)
        self.sync.is_watching = True

    def round(self, calls: int = 0) -> bool:
        """One round, which pauses in the call of that number; whether it was carried out."""
        if self._is_running:
            return False
        self._calls_left, self._is_running = calls, True
        try:
            if not self.sync.is_writing:
                self.sync.read_target()
            self.sync.keep_alive()
            self.sync.round()
        except (LeaseHeld, LeaseLost, TargetError):
            return False
        finally:
            self._calls_left, self._is_running = 0, False
        return True

    def called(self) -> None:
        """A write is about to be sent."""
        self._calls_left -= 1
        if self._calls_left == 0:
            self._scene.pause(self)


class Pausing:
    """A client whose writes a watch may be paused in."""

    def __init__(self, client: Any, watch: Watch) -> None:
        self._client = client
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in MORTAL:
            return found

        def call(**request: Any) -> Any:
            self._watch.called()
            return found(**request)

        return call


@pytest.mark.parametrize("seed", range(how_many(2, 4)))
def test_three_writers_that_pause_and_wake_converge(
    seed: int, cloud: Cloud, shaped: Shaped
) -> None:
    scene = Scene(cloud, shaped, seed)
    with ExitStack() as stack:
        scene.writers = [Watch(scene, number, stack) for number in range(3)]
        while scene.mutations < how_many(40, 400):
            scene.disturb()
            scene.chance.choice(scene.writers).round(calls=scene.chance.randrange(1, 30))
            scene.now += scene.chance.choice([1.0, 30.0, 200.0])
        assert scene.takeovers > scene.mutations / 40
        last = scene.chance.choice(scene.writers)
        for _ in range(2):  # the first may find that it lost the lease
            scene.now += 1000
            converged = last.round()
        assert converged
    assert_clean(cloud, shaped.directory)
