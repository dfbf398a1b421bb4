"""Whatever happens on the way, one more run makes table and bucket equal to a clean import."""

import os
import random
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from admin.target.lease import LEASE_SECONDS
from tests.admin.conftest import run, state
from tests.admin.shaped import Shaped, field
from tests.admin.sync import in_no_time
from tests.admin.sync.in_no_time import syncing
from tests.clock import Clock
from tests.conftest import ROOT, Cloud, how_many, make_cloud
from tests.faults.proxy import Exchange, Rule, running

USERS = [f"user{n}" for n in range(4)]
DOCS = [f"doc{n}" for n in range(8)]


class Killed(Exception):
    """The process would be gone here."""


MORTAL = {
    "put_object",
    "delete_object",
    "head_object",
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
}


class Mortal:
    """A client that dies at its n-th call, before or after the call is carried out; then nothing
    works.
    """

    def __init__(self, client: Any, life: "Life") -> None:
        self._client = client
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in MORTAL:
            return self._life.limited(found)
        return found


class Life:
    def __init__(self, calls: int, *, carried_out: bool) -> None:
        self._left = calls
        self._carried_out = carried_out

    def limited(self, operation: Any) -> Any:
        def call(**request: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._carried_out:
                operation(**request)
            if self._left <= 0:
                raise Killed
            return operation(**request)

        return call


def disturb(shaped: Shaped, chance: random.Random) -> None:
    """One change as PocketBase would make it."""
    change = chance.choice(
        [_delete, _attach, _attach, _relate, _relate, _scan, _key, _rule, _collection]
    )
    change(shaped, chance, chance.choice(DOCS))


def _delete(shaped: Shaped, _: random.Random, doc: str) -> None:
    shaped.delete("docs", doc)


def _attach(shaped: Shaped, chance: random.Random, doc: str) -> None:
    name = f"f{chance.randrange(10**6)}.txt"
    shaped.store(f"id_docs/{doc}/{name}", name.encode())
    shaped.put("docs", doc, attachment=name)


def _relate(shaped: Shaped, chance: random.Random, doc: str) -> None:
    shaped.put("docs", doc, owner=chance.choice(USERS), shared=chance.sample(USERS, 2))


def _scan(shaped: Shaped, chance: random.Random, doc: str) -> None:
    names = [f"s{chance.randrange(10**6)}.txt" for _ in range(chance.randrange(4))]
    for name in names:
        shaped.store(
            f"id_docs/{doc}/{name}", name.encode(), chance.choice(["text/plain", "image/png"])
        )
    shaped.put("docs", doc, scans=names)


def _key(shaped: Shaped, chance: random.Random, _: str) -> None:
    shaped.put("users", chance.choice(USERS), tokenKey=str(chance.random()))


def _rule(shaped: Shaped, chance: random.Random, _: str) -> None:
    rule = chance.choice([None, "", "owner = @request.auth.id", "title != ''"])
    shaped.execute("UPDATE _collections SET viewRule = ? WHERE name = 'docs'", rule)


def _collection(shaped: Shaped, chance: random.Random, _: str) -> None:
    if shaped.execute("SELECT 1 FROM _collections WHERE name = 'extra'"):
        shaped.drop_collection("extra")
        return
    fields = [field("file", "file", maxSelect=1), field("user", "relation", maxSelect=1)]
    shaped.add_collection("extra", fields)
    shaped.store("id_extra/one/extra.txt", b"extra")
    shaped.put("extra", "one", file="extra.txt", user=chance.choice(USERS))


def round_of(cloud: Cloud, shaped: Shaped, clock: Clock) -> None:
    with syncing(cloud, shaped.directory, clock) as sync:
        sync.round()


def assert_clean(cloud: Cloud, directory: Path) -> None:
    fresh = make_cloud(cloud.endpoint)
    run(fresh, directory, removing=False)
    assert state(cloud) == state(fresh)


def test_a_sync_killed_at_any_of_fifty_moments_is_finished_by_the_next(
    cloud: Cloud, shaped: Shaped
) -> None:
    chance = random.Random(23)
    clock = Clock()
    killed = 0
    while killed < 50:
        for _ in range(3):
            disturb(shaped, chance)
        life = Life(chance.randrange(1, 40), carried_out=chance.random() < 0.5)
        s3: Any = Mortal(cloud.s3, life)
        dynamodb: Any = Mortal(cloud.dynamodb, life)
        mortal = Cloud(cloud.endpoint, s3, dynamodb, cloud.bucket, cloud.table)
        try:
            round_of(mortal, shaped, clock)
        except Killed:
            killed += 1
            clock.sleep(LEASE_SECONDS)
        if killed % 5 == 4:
            round_of(cloud, shaped, clock)
            assert_clean(cloud, shaped.directory)
    round_of(cloud, shaped, clock)
    assert_clean(cloud, shaped.directory)


def test_a_watch_that_lives_through_failures_converges_without_looking_again(
    cloud: Cloud, shaped: Shaped
) -> None:
    chance = random.Random(42)
    s3, dynamodb = Switch(cloud.s3), Switch(cloud.dynamodb)
    clients: Any = (s3, dynamodb)
    failing = Cloud(cloud.endpoint, *clients, cloud.bucket, cloud.table)
    with syncing(failing, shaped.directory, Clock()) as sync:
        for number in range(30):
            disturb(shaped, chance)
            s3.life = dynamodb.life = Life(chance.randrange(1, 40), carried_out=number % 2 == 0)
            try:
                summary = sync.gather()
                sync.apply(summary.count)
            except Killed:
                continue
        s3.life = dynamodb.life = None
        sync.apply(sync.gather().count)
    assert_clean(cloud, shaped.directory)


class Switch:
    """A client whose connection fails while it has a limited life."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.life: Life | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(Mortal(self._client, self.life) if self.life else self._client, name)


@pytest.mark.parametrize("seed", range(4))
def test_after_random_changes_a_synced_table_equals_a_fresh_import(
    seed: int, cloud: Cloud, shaped: Shaped
) -> None:
    chance = random.Random(seed)
    clock = Clock()
    for _ in range(3):
        for _ in range(chance.randrange(1, 12)):
            disturb(shaped, chance)
        round_of(cloud, shaped, clock)
    assert_clean(cloud, shaped.directory)


class LastWrite:
    """A fault for writes: they pass one by one until the n-th, and none is answered from it on."""

    def __init__(self, writes: int, *, carried_out: bool) -> None:
        self._left = writes
        self._carried_out = carried_out
        self._lock = threading.Lock()
        self.reached = threading.Event()
        self.killed = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self._left -= 1
            is_answered = self._left > 0
            if is_answered or (self._left == 0 and self._carried_out):
                answer = exchange.upstream()
        if is_answered:
            exchange.send(answer)
            return
        self.reached.set()
        self.killed.wait()
        raise ConnectionAbortedError


WRITES = "^s3 (PUT|DELETE)|^dynamodb (PutItem|UpdateItem|DeleteItem|TransactWriteItems)"


LONGEST_SYNC_SECONDS = 600.0
"""Longer than a sync waits in all: for its lease, for requests, for what it has put off."""


def kill_at(last: LastWrite, cloud: Cloud, directory: Path, clock: Clock) -> None:
    """Kill a sync at that write."""
    with running(cloud.endpoint) as proxy:
        proxy.rules.append(Rule(WRITES, last))
        process = subprocess.Popen(
            in_no_time.command(cloud, directory, clock),
            cwd=ROOT,
            env=os.environ | {"AWS_ENDPOINT_URL": proxy.url, "PYTHONPATH": "functions"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None and not last.reached.wait(0.2):
                pass
        finally:
            process.kill()
            assert process.wait() == -signal.SIGKILL
            last.killed.set()
    clock.sleep(LONGEST_SYNC_SECONDS)


def test_a_process_killed_outright_is_finished_by_the_next(cloud: Cloud, shaped: Shaped) -> None:
    for number in range(60):
        shaped.store(f"id_docs/many{number}/a.txt", b"a")
        shaped.put("docs", f"many{number}", attachment="a.txt", owner="ann")
    chance = random.Random(7)
    clock = Clock()
    for number in range(how_many(3, 60)):
        last = LastWrite(chance.randrange(5, 50), carried_out=number % 2 == 0)
        kill_at(last, cloud, shaped.directory, clock)
        if number % 3 == 2:  # before so many files are left behind that a mass deletion is held
            round_of(cloud, shaped, clock)
            assert_clean(cloud, shaped.directory)
        for _ in range(30):
            disturb(shaped, chance)
    round_of(cloud, shaped, clock)
    assert_clean(cloud, shaped.directory)
