"""Writers that stop before each write, readers that let them go on before each read, and a verdict.

A run takes a seed: a random database, then rounds of changes. In every round a writer brings the
table up to the new state while readers decide about random requests. Before each read, the writer
may go on by a write or a few. A writer may stop for good at any write; the next takes the lease
over and brings in the next state, and the one that stopped may wake meanwhile. Whatever a reader
decides, one of the states that were published while it decided must decide as well.
"""

import random
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from admin.errors import AdminError
from admin.sync import gather, plan
from admin.sync.apply import apply
from admin.sync.destination import Target
from admin.sync.differences import Differences
from admin.sync.mirror import Mirror
from admin.target.table import TargetTable
from admin.target.writer import Writer
from files import build
from pocketfiles import tokens
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.errors import NotFound, Overloaded
from pocketfiles.serve import FileService
from tests.admin.snapshots.data import DOCS, TOKEN_OPTIONS, USERS, Data, changed, random_data, shows
from tests.admin.snapshots.hooked import HookedDynamoDB
from tests.admin.snapshots.memory import MemoryDynamoDB
from tests.fakes import FakeBucket, request

NOW = 1_800_000_000.0
ROUNDS = 12
LEASE_AND_MORE = 100.0
SIGNER = Collection.from_json(
    {"id": "users", "name": "users", "type": "auth", "fields": [], "fileToken": TOKEN_OPTIONS}
)


class Wrong(AssertionError):
    """A reader decided as no state does."""


class Stopped(BaseException):
    """The writer is gone for good."""


class Inline(Executor):
    """Carries everything out at once, so that a seed gives the same run each time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Parts:
    """What a run is made of; a test takes a protection out by replacing one."""

    writer: Callable[..., Writer] = Writer
    table: Callable[..., Table] = Table
    service: Callable[[FileService], FileService] = lambda service: service


@dataclass
class Actor:
    """A writer in a thread of its own, which goes on only when it is told."""

    world: "World"
    data: Data
    name: str
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    next_write: str = ""
    is_over: bool = False
    is_stopped: bool = False
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.waits.acquire()

    def step(self) -> None:
        """Let it go on to its next write, or to its end."""
        if not self.is_over:
            self.go.release()
            self.waits.acquire()

    def pause(self) -> None:
        """Called in its thread before each write."""
        self.waits.release()
        self.go.acquire()
        if self.is_stopped:
            raise Stopped

    def end(self) -> None:
        """Stop it for good."""
        self.is_stopped = True
        self.step()

    def _run(self) -> None:
        self.world.by_thread[threading.get_ident()] = self
        try:
            self.pause()
            self._sync()
        except Stopped:
            pass
        except BaseException as error:
            self.error = error
        self.is_over = True
        self.waits.release()

    def _sync(self) -> None:
        world = self.world
        table = TargetTable(world.dynamodb, world.table_name)  # type: ignore[arg-type]
        writer = world.parts.writer(table, world.clock, self.name)
        writer.acquire()
        with Mirror() as mirror:
            mirror.add_items(table.items(), writer.pointer)
            mirror.must_publish = not writer.pointer.generation
            gather.take(self.data, mirror, files=False)
            bucket: Any = None
            target = Target(writer, bucket, Inline(), world.clock)
            steps = plan.steps(Differences(mirror, writer.value), removing=True)
            apply(steps, target, mirror, lambda _: None)
            for pk, sk, generation in mirror.tombstones(writer.old_generation(), 1000):
                writer.purge(pk, sk, generation)
        writer.release()


class World:
    """A table, its writers, and a reader with tokens of every state there was."""

    def __init__(
        self,
        seed: int,
        parts: Parts,
        dynamodb: MemoryDynamoDB | HookedDynamoDB,
        table_name: str,
        rounds: int,
    ) -> None:
        self.parts = parts
        self.table_name = table_name
        self.rounds = rounds
        self.chance = random.Random(seed)
        self.now = NOW
        self.dynamodb = dynamodb
        self.dynamodb.before_write = self._before_write
        self.dynamodb.before_read = self._before_read
        self.dynamodb.after_transaction = self._after_transaction
        self.by_thread: dict[int, Actor] = {}
        self.actors: list[Actor] = []
        self.published: list[Data] = []
        self.keys: dict[str, list[str]] = {user: [] for user in USERS}
        self.busy = self.shown = self.hidden = 0
        objects = {f"docs/{doc}/f.txt": (b"secret", "text/plain") for doc in DOCS}
        table = parts.table(self.dynamodb, table_name)
        settings = Settings(table_name=table_name, catalogue_ttl=0)
        self.service = parts.service(build.file_service(settings, table, FakeBucket(objects)))

    def clock(self) -> float:
        return self.now

    def run(self) -> None:
        """All rounds. Raises ``Wrong``."""
        data = random_data(self.chance)
        self._note_keys(data)
        try:
            self._finish(self._begin(data))
            for _ in range(self.rounds):
                if self.chance.random() < 0.3:
                    data = self.published[-1]  # what a writer that hangs was to bring is undone
                data = changed(data, self.chance)
                self._note_keys(data)
                actor = self._begin(data)
                stops = self.chance.random() < 0.5
                while not actor.is_over and not (stops and self._stops(actor)):
                    self._decide()
                    actor.step()
                self._decide()
                if not actor.is_over:
                    self.now += LEASE_AND_MORE  # it hangs; its lease ends
                if actor.error and not isinstance(actor.error, AdminError):
                    raise actor.error
        finally:
            self.dynamodb.before_read = lambda: None
            for actor in self.actors:
                actor.end()

    def _begin(self, data: Data) -> Actor:
        actor = Actor(self, data, f"writer {len(self.actors)}")
        self.actors.append(actor)
        return actor

    def _stops(self, actor: Actor) -> bool:
        """Whether a writer that is to hang hangs before its next write."""
        likelihood = 0.6 if actor.next_write == "transaction" else 0.1
        return self.chance.random() < likelihood

    def _finish(self, actor: Actor) -> None:
        while not actor.is_over:
            actor.step()
        if actor.error:
            raise actor.error

    def _note_keys(self, data: Data) -> None:
        for user, row in data.users.items():
            if row["tokenKey"] not in self.keys[user]:
                self.keys[user].append(row["tokenKey"])

    # Interleaving.

    def _before_write(self, kind: str) -> None:
        actor = self.by_thread.get(threading.get_ident())
        if actor:
            actor.next_write = kind
            actor.pause()

    def _before_read(self) -> None:
        if threading.get_ident() in self.by_thread:
            return
        for actor in self.actors[-3:]:
            if self.chance.random() < 0.3:
                for _ in range(self.chance.randrange(1, 6)):
                    actor.step()

    def _after_transaction(self) -> None:
        self.published.append(self.by_thread[threading.get_ident()].data)

    # Decisions.

    def _decide(self) -> None:
        user = self.chance.choice(USERS)
        key = self.chance.choice(self.keys[user])
        doc = self.chance.choice(DOCS)
        record = Record("users", user, {"id": user, "tokenKey": key})
        token = tokens.issue(SIGNER, record, "file", NOW)
        first = len(self.published) - 1
        shown = self._answer(doc, token)
        self.shown += shown is True
        self.hidden += shown is False
        states = self.published[first:]
        if shown is not None and all(shows(each, doc, user, key) != shown for each in states):
            raise Wrong(f"{doc} for {user} is {shown}, and none of {states} says so")

    def _answer(self, doc: str, token: str) -> bool | None:
        """Whether the file was sent; ``None`` for a 503."""
        asked = request("GET", f"/api/files/docs/{doc}/f.txt", f"token={token}")
        try:
            return self.service.answer(asked, NOW).status == 200
        except NotFound:
            return False
        except Overloaded:
            self.busy += 1
            return None


def run(seed: int, parts: Parts | None = None) -> World:
    """One run on a table in memory. Raises ``Wrong``."""
    world = World(seed, parts or Parts(), MemoryDynamoDB(), "t", ROUNDS)
    world.run()
    return world


def run_on(dynamodb: HookedDynamoDB, table_name: str, seed: int, rounds: int) -> World:
    """One run on an empty table of a server. Raises ``Wrong``."""
    world = World(seed, Parts(), dynamodb, table_name, rounds)
    world.run()
    return world
