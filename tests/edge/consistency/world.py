"""A sync that may be killed before any write, an edge of three caches, and readers all the while.

A run takes a seed: a random state, then rounds of changes. Each round brings table, bucket and
CloudFront up to the new state with the real sync, while readers ask the real edge functions and the
real files function, before each write and whenever somebody waits. Three things must hold:

* what a reader gets, some state shows that was current within the modelled delays. A state is
  current from the beginning of its round, and the one before until a delay after its end;
* no collection is read from the bucket that has not been open in the published data for longer than
  the store's delay, however the sync ends;
* CloudFront is asked soon after an object is deleted, unless the sync dies or CloudFront fails.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from admin.errors import AdminError
from admin.source.storage import LocalFile
from admin.standalone.naming import random_letters
from admin.standalone.schema_change import SchemaChange
from admin.sync import gather
from admin.sync.data_directory import Source
from admin.sync.destination import Target
from admin.sync.mirror import Mirror
from admin.sync.mirror_file import PENDING, PRESENT, UNCHECKED
from admin.sync.round import Sync
from admin.sync.summary import Summary
from admin.target.bucket import Bucket
from admin.target.cloudfront import Distribution as DistributionClient
from admin.target.edge import CLOSE_SECONDS, Edge
from admin.target.key_value_store import KeyValueStore
from admin.target.table import TargetTable
from admin.target.writer import Writer
from files import build
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.cdn.policy import Policy
from local.gateway import Answer, Request
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.errors import Refusal
from pocketfiles.http import messages
from pocketfiles.http.query import parse_query
from pocketfiles.key_path import as_file_request
from tests.admin.snapshots.memory import MemoryDynamoDB
from tests.admin.snapshots.world import Inline
from tests.edge.consistency.clouds import (
    STORE_SECONDS,
    BucketOrigin,
    CloudFront,
    LateCache,
    MemoryS3,
    etag,
)
from tests.edge.consistency.data import SIZE, State, changed, first
from tests.fakes import FakeBucket

NOW = 1_800_000_000.0
ROUNDS = 8
RUN_AGAIN_SECONDS = 100.0
"""The longest pause between two rounds."""

LATE_SECONDS = 1000.0
"""How long after the end of a round the state before may still be seen: the second invalidation of
a closed collection comes after 300 seconds, with the round that follows."""

ASKED_SECONDS = 100.0
"""How soon after an object's deletion CloudFront is asked."""

QUERIES = ("", "", "", f"thumb={SIZE}", "thumb=7x7", "download=1", "token=x", "download=t&a=b")


class Wrong(AssertionError):
    """A reader got what no current state shows, or CloudFront was not asked in time."""


class Killed(BaseException):
    """The sync's process ends here."""


@dataclass
class Round:
    """One round of the sync; ``ended`` is infinite while it has not ended well."""

    state: State
    began: float
    ended: float = float("inf")


class MemorySync(Sync):
    """The real sync, which reads a ``State`` instead of a data directory."""

    state: State
    folder: Path

    def gather(self) -> Summary:
        gather.take(self.state, self._mirror, files=True)
        for key, stored in list(self._mirror.files_in(UNCHECKED)):
            body = self.state.content(key)
            if stored and stored.etag == etag(body):
                self._mirror.settle(key, PRESENT)
            else:
                self._mirror.settle(key, PENDING, self._file(body))
        return Summary(0, 0, 0)

    def _file(self, body: bytes) -> LocalFile:
        path = self.folder / etag(body)
        path.write_bytes(body)
        return LocalFile(path, len(body), 0.0, "text/plain", md5=etag(body))


@dataclass(frozen=True)
class Parts:
    """What a run is made of; a test takes a protection out by replacing one."""

    sync: type[MemorySync] = MemorySync
    edge: type[Edge] = Edge
    table: type[TargetTable] = TargetTable
    mirror: type[Mirror] = Mirror
    cdn_direct: bool = True


class WatchedFunctions:
    """The edge functions; ``on_key`` is told each object key that a request is sent to.

    The response's function changes headers alone, so it need not run: that saves half of the time.
    """

    def __init__(self, functions: EdgeFunctions, on_key: Callable[[str], None]) -> None:
        self._functions = functions
        self._on_key = on_key
        self._store: dict[str, str] | None = None

    def publish(self, store: dict[str, str]) -> None:
        if store != self._store:
            self._functions.publish(store)
            self._store = store

    def run(self, name: str, event: Any) -> Any:
        if name == "response":
            return event["response"], []
        changed, origins = self._functions.run(name, event)
        if origins:
            self._on_key(changed["uri"])
        return changed, origins


class World:
    """Everything there is, at a virtual time."""

    def __init__(
        self,
        seed: int,
        functions: EdgeFunctions,
        policy: Policy,
        folder: Path,
        parts: Parts | None = None,
    ) -> None:
        self.parts = parts or Parts()
        self.chance = random.Random(seed)
        self.now = NOW
        self.functions = WatchedFunctions(functions, self._require_open)
        self.folder = folder
        self.kill_in = self.kill_after_publishing = 0
        self.is_down = False
        self.dynamodb = MemoryDynamoDB()
        self.dynamodb.before_write = self._before_write
        self.dynamodb.after_transaction = self._published
        self.s3 = MemoryS3(self._before_write)
        self.cloudfront = CloudFront(self.clock, self.chance, self._before_write)
        self.cloudfront.fails = lambda: self.is_down
        self.cloudfront.on_invalidation = self.invalidated
        self.rounds: list[Round] = []
        self.shown_data: list[tuple[float, State]] = []
        """The states whose definitions were published, and since when."""
        self.unwritable_since = float("inf")
        """Since when CloudFront failed, until the caches know what the round after it wrote."""
        self.writable_since = float("inf")
        self.deleted: dict[tuple[str, str], float] = {}
        self.urls: dict[tuple[str, str, str], None] = {}
        self.recent: list[tuple[str, str, str]] = []
        self.answers = self.hits = self.from_bucket = 0
        self._is_reading = False
        self._build_edge(policy)

    def clock(self) -> float:
        return self.now

    def _build_edge(self, policy: Policy) -> None:
        store: Any = FakeBucket(self.s3.objects)
        settings = Settings(table_name="t", cdn_direct=self.parts.cdn_direct)
        table = Table(self.dynamodb, "t")  # type: ignore[arg-type] - in memory
        service = build.file_service(settings, table, store)
        self.service = replace(service, catalogue=Catalogue(table, 1.0, self.clock))
        for _ in range(3):
            self.cloudfront.caches.append(LateCache(self.clock, policy.default_ttl, self.chance))
        bucket = BucketOrigin(self.s3)
        functions: Any = self.functions
        self.edges = [
            Distribution(functions, cache, bucket, self._api, policy)
            for cache in self.cloudfront.caches
        ]

    def _api(self, request: Request) -> Answer:
        target = urlsplit(request.target)
        headers = {name.lower(): value for name, value in request.headers}
        asked = messages.Request(
            request.method, unquote(target.path), parse_query(target.query), headers, "192.0.2.7"
        )
        try:
            reply = self.service.answer(as_file_request(asked), self.now)
        except Refusal as refusal:
            return Answer(refusal.status, (("cache-control", "no-store"),), b"")
        return Answer(reply.status, tuple(reply.headers.items()), reply.body)

    # The sync.

    def change(self, before: State, *after: State) -> None:
        """The states one after the other, the first and the last read for some time. Raises
        ``Wrong``."""
        self.begin(before)
        for state in after:
            self._sync(state)
        self._settle(after[-1])

    def begin(self, state: State) -> None:
        """The first state, of which every cache then has copies."""
        self._sync(state)
        self.pass_time(RUN_AGAIN_SECONDS)
        self.read_all()

    def run(self) -> None:
        """All rounds. Raises ``Wrong``."""
        state = first(self.chance)
        self._sync(state)
        for _ in range(ROUNDS):
            state = changed(state, self.chance)
            self._go_on(state)
            if self.chance.random() < 0.5:
                self.pass_time(self.chance.random() * 30)
                continue
            self._settle(state)

    def _settle(self, state: State) -> None:
        """Let the delays pass, with rounds that find nothing new, and ask for everything."""
        for _ in range(12):
            self.pass_time(RUN_AGAIN_SECONDS)
            self._sync(state)
        self.read_all()

    def _go_on(self, state: State) -> None:
        """Bring a state in, by as many runs as it takes."""
        if self.chance.random() < 0.2:
            self.is_down = True
            self._sync(state)
            self.pass_time(self.chance.random() * RUN_AGAIN_SECONDS)
            self.is_down = False
        if self.chance.random() < 0.6:
            self._dies_soon()
            self._sync(state)
            self.kill_in = self.kill_after_publishing = 0
            self.pass_time(61 + self.chance.random() * 300)
        self._sync(state)

    def _dies_soon(self) -> None:
        """Have the next sync killed before one of its writes, or of those that follow the
        publication."""
        if self.chance.random() < 0.5:
            self.kill_in = self.chance.randrange(1, 60)
        else:
            self.kill_after_publishing = self.chance.randrange(1, 8)

    def _sync(self, state: State) -> None:
        def work() -> None:
            with self._syncing(state) as sync:
                sync.read_target()
                sync.round()

        self._bring_in(state, work)

    def apply_collections(self, state: State) -> None:
        """``collections apply`` of the collections of a state, whose records are there already."""

        def work() -> None:
            with self.parts.mirror() as mirror:
                target = self.target(is_sync=False)
                change = SchemaChange(target, mirror)
                raw = [found.raw for found in state.collections]
                change.gather(raw, random_letters, remove_others=True)
                change.apply()
                target.writer.release()

        self._bring_in(state, work)

    def _bring_in(self, state: State, work: Callable[[], None]) -> None:
        self._learn(state)
        if self.is_down:
            self.unwritable_since = min(self.unwritable_since, self.now)
            self.writable_since = float("inf")
        this = Round(state, self.now)
        self.rounds.append(this)
        try:
            work()
        except (Killed, AdminError):
            self.deleted.clear()
            return
        this.ended = self.now
        self.writable_since = min(self.writable_since, self.now)
        if self.deleted:
            raise Wrong(f"CloudFront was never asked for {self.deleted}")

    def target(self, *, is_sync: bool) -> Target:
        table = self.parts.table(self.dynamodb, "t")  # type: ignore[arg-type] - in memory
        name = f"elsewhere {len(self.rounds)}@1"
        writer = Writer(table, self.clock, name, is_sync=is_sync)
        client = DistributionClient(self.cloudfront, "d", self.pass_time, self.clock)
        store = KeyValueStore(self.cloudfront, "arn")
        edge = self.parts.edge(client, store, self.clock, self.pass_time)
        bucket = Bucket(self.s3, "b")  # type: ignore[arg-type] - in memory
        return Target(writer, bucket, Inline(), self.clock, edge)

    @contextmanager
    def _syncing(self, state: State) -> Iterator[MemorySync]:
        with self.parts.mirror() as mirror:
            target = self.target(is_sync=True)
            sync = self.parts.sync(
                Source(self.folder),
                target,
                mirror,
                removing=True,
                allow_mass_deletion=True,
                sleep=self.pass_time,
            )
            sync.state = state
            sync.folder = self.folder
            yield sync
            target.writer.release()

    def _before_write(self, what: str) -> None:
        if self._is_reading:
            return
        if self.kill_in:
            self.kill_in -= 1
            if not self.kill_in:
                raise Killed
        self.pass_time(self.chance.random() * 0.2)
        action, _, key = what.partition(" ")
        if action == "delete" and key in self.s3.objects and key.count("/") == 2:
            collection_id, record_id, _ = key.split("/")
            self.deleted.setdefault((collection_id, record_id), self.now)

    def _published(self) -> None:
        self.shown_data.append((self.now, self.rounds[-1].state))
        self.kill_in = self.kill_after_publishing or self.kill_in

    def invalidated(self, path: str) -> None:
        prefix = path.removesuffix("*")
        for folder, since in list(self.deleted.items()):
            if f"/{folder[0]}/{folder[1]}/".startswith(prefix):
                del self.deleted[folder]
                if self.now - since > ASKED_SECONDS:
                    raise Wrong(f"CloudFront was asked {self.now - since:.0f} s after {folder}")

    # Time and readers.

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with readers all the while."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.1 + self.chance.random() * 10)
            self._read()
        if self.chance.random() < 0.2:
            self._read()

    def _learn(self, state: State) -> None:
        """Let readers know the files of a state, above all those that are new or gone."""
        before = self.rounds[-1].state if self.rounds else State()
        now, then = _paths(state), _paths(before)
        self.recent = sorted(now ^ then)[:50] or self.recent
        self.urls |= dict.fromkeys(sorted(now))

    def _read(self) -> None:
        if not self.urls or not self.rounds:
            return
        near = self.recent and self.chance.random() < 0.6
        path = self.chance.choice(self.recent if near else list(self.urls))
        self._ask(path, self.chance.choice(QUERIES), self.chance.randrange(3))

    def read_all(self) -> None:
        """Ask for everything that ever was, at each cache."""
        for path in list(self.urls):
            if path[1].startswith("m") and self.chance.random() < 0.98:
                continue
            for number in range(3):
                self._ask(path, self.chance.choice(QUERIES[2:]), number)

    def _ask(self, path: tuple[str, str, str], query: str, number: int) -> None:
        segment, record_id, file = path
        spelled = self.chance.choice([segment, segment.upper()]) if _is_name(path) else segment
        target = f"/api/files/{spelled}/{record_id}/{file}?{query}"
        if self.now > self.writable_since + LATE_SECONDS:
            self.unwritable_since = float("inf")
        self._is_reading = True
        self.functions.publish(self.cloudfront.seen_by(number))
        edge = self.edges[number]
        answer = edge.respond(Request("GET", target, (("accept", "*/*"),)))
        self._is_reading = False
        self.answers += 1
        headers = {name.lower(): value for name, value in answer.headers}
        self.hits += headers["x-cache"].startswith("Hit")
        body = answer.body if answer.status == 200 else None
        states = list(self._current())
        # A cache may go by the names of one state and by the files of another.
        named = {state.named(spelled) for state in states}
        # It sends the API an id, which may be the name of another collection by then.
        ids = named | {state.named(each) for state in states for each in named if each}
        expected = {state.shown(each, record_id, file) for state in states for each in ids}
        for each in ids:
            if self.unwritable_since < self.now and any(state.is_open(each) for state in states):
                expected |= {state.held(each, record_id, file) for state in states}
        if self.rounds[-1].ended > self.now:
            expected.add(None)  # bytes that are replaced are missing until the round has ended
        if body not in expected:
            raise Wrong(
                f"{target} at cache {number}, {headers['x-cache']}: {answer.status} {body!r}, "
                f"not {expected}"
            )

    def _require_open(self, uri: str) -> None:
        """Raise ``Wrong`` unless the collection was open when this cache's store was written."""
        self.from_bucket += 1
        collection_id = uri.split("/")[1]
        since = min(self.now, self.unwritable_since) - STORE_SECONDS - CLOSE_SECONDS
        states = list(_since(self.shown_data, since))
        if not any(state.is_open(collection_id) for state in states):
            raise Wrong(f"{uri} is read from the bucket, but {collection_id} is not open")

    def _current(self) -> Iterator[State]:
        """The states that a reader may see at this moment."""
        known = 0
        moment = min(self.now, self.unwritable_since)
        for number, this in enumerate(self.rounds):
            if this.ended + LATE_SECONDS <= moment:
                known = number
        if known == 0:
            yield State()
        for this in self.rounds[known:]:
            yield this.state


def _since(published: list[tuple[float, State]], moment: float) -> Iterator[State]:
    """The states that counted at a moment or later."""
    for number, (_, state) in enumerate(published):
        ends = published[number + 1][0] if number + 1 < len(published) else float("inf")
        if ends >= moment:
            yield state


def _is_name(path: tuple[str, str, str]) -> bool:
    return path[0].islower() and not path[0].startswith("id_")


def _paths(state: State) -> set[tuple[str, str, str]]:
    """The segments of every file's URLs, by the collection's name and by its id."""
    return {
        (segment, record_id, file)
        for table in state.tables
        for record_id, values in state.rows_of(table).items()
        for file in values.values()
        if file
        for segment in (table.name, table.id)
    }
