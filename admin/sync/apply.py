"""Carrying a plan out: DynamoDB in batches, files as streams, some at a time, each step before the next.

Every action may be repeated without harm. Throttling is waited out; whatever else AWS refuses ends the run.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem
from ..target.bucket import Bucket
from ..target.table import BATCH_SIZE, TargetTable
from .plan import Step

WORKERS = 8
_IN_FLIGHT = 2 * WORKERS

OnDone: TypeAlias = Callable[[Action], None]
"""Called with each action that has been carried out."""


class Journal(Protocol):
    """Is told of every action before it is sent and after it is done."""

    def begin(self, action: Action) -> None:
        """It is about to be sent."""

    def done(self, action: Action) -> None:
        """It has arrived."""

    def missed(self, action: PutFile) -> None:
        """Its file vanished before it could be uploaded."""


@dataclass(frozen=True)
class Target:
    """Where to, and how much at once."""

    table: TargetTable
    bucket: Bucket
    pool: Executor


def apply(steps: Iterable[Step], target: Target, journal: Journal, on_done: OnDone) -> None:
    """Carry out all steps in order; ``on_done`` hears of each action that is done. Raises what AWS raises."""
    for step in steps:
        flight = _InFlight(target, journal, on_done)
        try:
            for load in _loads(step):
                flight.send(load)
        finally:
            flight.drain()


class _InFlight:
    """The actions of one step on their way; the journal is kept by this thread alone."""

    def __init__(self, target: Target, journal: Journal, on_done: OnDone) -> None:
        self._target = target
        self._journal = journal
        self._on_done = on_done
        self._flying: dict[Future[bool], list[Action]] = {}

    def send(self, load: list[Action]) -> None:
        """Start a load once there is room."""
        while len(self._flying) >= _IN_FLIGHT:
            self._collect()
        for action in load:
            self._journal.begin(action)
        self._flying[self._target.pool.submit(_carry, self._target, load)] = load

    def drain(self) -> None:
        """Wait for all; when one failed, the others still arrive first."""
        failure: BaseException | None = None
        while self._flying:
            try:
                self._collect()
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def _collect(self) -> None:
        finished, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        for future in finished:
            load = self._flying.pop(future)
            if not future.result():
                self._missed(load)
                continue
            for action in load:
                self._journal.done(action)
                self._on_done(action)

    def _missed(self, load: list[Action]) -> None:
        for action in load:
            if isinstance(action, PutFile):
                self._journal.missed(action)


def _loads(step: Step) -> Iterator[list[Action]]:
    """The step's actions as single files and batches of items."""
    batch: list[Action] = []
    for action in step:
        if isinstance(action, PutFile | DeleteFile):
            yield [action]
            continue
        batch.append(action)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _carry(target: Target, load: list[Action]) -> bool:
    """Do a load; ``False`` when its file is not there any more."""
    match load:
        case [PutFile(key, file, replaces)]:
            try:
                target.bucket.upload(key, file, replaces=replaces)
            except FileNotFoundError:
                return False
        case [DeleteFile(key)]:
            target.bucket.remove(key)
        case _:
            target.table.write(
                [action for action in load if isinstance(action, PutItem | DeleteItem)]
            )
    return True
