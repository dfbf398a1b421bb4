"""The actions of one step that are under way, some at a time.

Each is noted before it is sent and when it is done. Throttling is waited out; whatever else AWS
refuses ends the step, and so does a lost lease.
"""

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass

from pocketfiles import keys

from ..errors import EdgeError
from ..target.actions import (
    Action,
    ClearFile,
    DeleteFile,
    DeleteItem,
    ForgetFiles,
    HoldItem,
    PutFile,
    PutItem,
    PutOff,
    RememberFiles,
    is_change,
)
from ..target.items import later_item
from . import invalidation, journal
from .destination import (
    LONGEST_REQUEST_SECONDS,
    SETTLE_SECONDS,
    WORKERS,
    OnDone,
    Target,
    pending_of,
)
from .mirror import FILES, THUMBS, UPLOAD, Mirror

_IN_FLIGHT = 2 * WORKERS
_PER_TASK = 8
"""Items that one thread writes in turn."""

_RENEW_SECONDS = 5.0
"""How often the lease is renewed, if necessary, while actions are under way."""

INVALIDATE_SECONDS = 30.0
"""How often CloudFront is asked to invalidate while a round deletes many files."""

MAX_FILES_BY_NAME = 100
"""Deleted files of one collection up to which the thumbs of each are looked for once more; above,
the collection is listed."""


class InFlight:
    """The actions of one step that are under way. The mirror is kept by this thread alone."""

    def __init__(self, target: Target, mirror: Mirror, on_done: OnDone) -> None:
        self._target = target
        self._mirror = mirror
        self._on_done = on_done
        self._running: dict[Future[_Outcome], list[Action]] = {}
        self._items: list[Action] = []
        self._pending = pending_of(target, mirror)
        self._asked_at = target.clock()
        self._deleted = Counter[str]()
        """How many files were deleted, by collection."""

    def send(self, action: Action) -> None:
        """Start an action once there is room; items go some at a time."""
        if isinstance(action, PutItem | DeleteItem | HoldItem):
            self._items.append(action)
            if len(self._items) < _PER_TASK:
                return
            load, self._items = self._items, []
        else:
            load = [action]
        if isinstance(action, DeleteFile):
            self._invalidate_meanwhile()
        self._start(load)

    def _invalidate_meanwhile(self) -> None:
        """Have what is deleted so far invalidated, so that none waits for the last of many."""
        if self._target.clock() - self._asked_at < INVALIDATE_SECONDS:
            return
        self.drain()
        with suppress(EdgeError):  # asked again when the round ends
            self._pending.ask()
        self._asked_at = self._target.clock()

    def drain(self) -> None:
        """Wait for all; when one failed, the others still finish first."""
        failure: BaseException | None = None
        if self._items:
            rest, self._items = self._items, []
            self._start(rest)
        while self._running:
            try:
                self._collect()
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def finish(self) -> None:
        """Wait for all, and have late thumbs looked for no later than necessary."""
        self.drain()
        due = self._target.clock() + LONGEST_REQUEST_SECONDS
        for collection_id in self._deleted:
            sk = f"{THUMBS}{collection_id}/"
            if self._mirror.later.get(sk, 0.0) > due:
                self._remember(sk, due)

    def _start(self, load: list[Action]) -> None:
        while len(self._running) >= _IN_FLIGHT:
            self._collect()
        if any(isinstance(action, PutItem | DeleteItem | HoldItem) for action in load):
            self._target.writer.begin()
        self._target.writer.keep_alive()
        for action in load:
            journal.begin(self._mirror, action)
            self._note_later(action)
        task = self._target.pool.submit(_outcome, self._target, load)
        self._running[task] = load

    def _note_later(self, action: Action) -> None:
        """What the action leaves to do later, written down before the action is carried out."""
        now = self._target.clock()
        match action:
            case PutOff(key):
                self._remember(f"{UPLOAD}{key}", now + SETTLE_SECONDS)
            case DeleteFile(key) | ClearFile(key) | PutFile(key, _, True):
                self._remember_thumbs(action, now)
                self._pending.note(invalidation.removal(key))
                for entry in self._target.elsewhere.entries_of_file(action):
                    self._pending.note(entry)
                if self._target.writer.backlog.due is None:
                    self._target.writer.tell(self._pending.backlog())
            case RememberFiles(collection_id):
                self._remember(f"{FILES}{collection_id}", 0.0)
            case ForgetFiles(collection_id):
                self._forget(f"{FILES}{collection_id}")
            case _:
                pass

    def _remember_thumbs(self, action: DeleteFile | ClearFile | PutFile, now: float) -> None:
        """Have the thumbs of a file cleared once more; where many of a collection are deleted, all
        whose original is gone."""
        collection_id = action.key.partition("/")[0]
        self._deleted[collection_id] += isinstance(action, DeleteFile)
        due = now + LONGEST_REQUEST_SECONDS
        if self._deleted[collection_id] <= MAX_FILES_BY_NAME or not isinstance(action, DeleteFile):
            self._remember(f"{THUMBS}{action.key}", due)
            return
        sk = f"{THUMBS}{collection_id}/"
        if self._mirror.later.get(sk, 0.0) < due:
            self._remember(sk, due + INVALIDATE_SECONDS)

    def _remember(self, sk: str, due: float) -> None:
        """Write down what is left to do from a moment on, in epoch seconds."""
        self._target.writer.table.put(later_item(sk, due))
        self._mirror.later[sk] = due

    def _collect(self) -> None:
        finished, _ = wait(self._running, timeout=_RENEW_SECONDS, return_when=FIRST_COMPLETED)
        if not finished:
            self._target.writer.keep_alive()
        for task in finished:
            load = self._running.pop(task)
            outcome = task.result()
            for entry in outcome.entries:
                self._pending.note(entry)
            if not outcome.is_done:
                self._missed(load)
                continue
            for action in load:
                journal.done(self._mirror, action, self._target.writer.generation)
                if is_change(action):
                    self._on_done(action)
                if isinstance(action, PutFile):
                    self._forget(f"{UPLOAD}{action.key}")

    def _missed(self, load: list[Action]) -> None:
        for action in load:
            if isinstance(action, PutFile):
                journal.missed(self._mirror, action)
                self._forget(f"{UPLOAD}{action.key}")

    def _forget(self, sk: str) -> None:
        if sk in self._mirror.later:
            self._target.writer.table.delete(keys.LATER, sk)
            del self._mirror.later[sk]


@dataclass(frozen=True)
class _Outcome:
    """What became of a load: whether its file was still there, and what is to be invalidated."""

    is_done: bool
    entries: list[invalidation.Entry]


def _outcome(target: Target, load: list[Action]) -> _Outcome:
    entries = []
    if target.edge.has_copies:
        entries = [entry for action in load for entry in target.elsewhere.entries_of_item(action)]
    return _Outcome(_carry_out(target, load), entries)


def _carry_out(target: Target, load: list[Action]) -> bool:
    """Carry out a load; ``False`` when its file is not there any more."""
    for action in load:
        target.writer.lease.require()
        match action:
            case PutItem(item, known, room):
                target.writer.put(item, known, room)
            case DeleteItem(pk, sk, known, room):
                target.writer.remove(pk, sk, known, room)
            case HoldItem(pk, sk, known):
                target.writer.hold(pk, sk, known)
            case DeleteFile(key) | ClearFile(key):
                target.bucket.remove(key)
            case PutFile(key, file, replaces):
                try:
                    target.bucket.upload(key, file, replaces=replaces)
                except FileNotFoundError:
                    return False
            case _:
                pass
    return True
