"""Carrying a plan out: DynamoDB in batches, files as streams, some at a time, each step before the next.

Every action may be repeated without harm. Throttling is waited out; whatever else AWS refuses ends the run.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from admin.errors import TargetError
from admin.sync.plan import Action, DeleteFile, DeleteItem, PutFile, PutItem, Step
from admin.target.bucket import Bucket
from pocketfiles.catalogue.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WORKERS = 8
_BATCH = 25  # BatchWriteItem takes no more
_IN_FLIGHT = 2 * WORKERS
_ATTEMPTS = 12
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 5.0


class Journal(Protocol):
    """Is told of every action before it is sent and after it is done."""

    def begin(self, action: Action) -> None:
        """It is about to be sent."""

    def done(self, action: Action) -> None:
        """It has arrived."""

    def missed(self, action: PutFile) -> None:
        """Its file vanished before it could be uploaded."""


class Table:
    """Writes to one table through a low-level client; safe to use from several threads."""

    def __init__(
        self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def items(self) -> Iterator[Item]:
        """Every item, a MiB a call, strongly consistent."""
        for page in self._client.get_paginator("scan").paginate(
            TableName=self._name, ConsistentRead=True
        ):
            yield from page["Items"]

    def partition(self, pk: str) -> Iterator[Item]:
        """The items of a partition key in order of sort key, strongly consistent."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def write(self, actions: Iterable[PutItem | DeleteItem]) -> None:
        """Up to 25 puts and deletes of different keys. Raises ``TargetError`` when the table stays busy."""
        requests: Any = {self._name: [_request(action) for action in actions]}
        wait_seconds = _FIRST_WAIT
        for _ in range(_ATTEMPTS):
            requests = self._client.batch_write_item(RequestItems=requests).get("UnprocessedItems")
            if not requests:
                return
            self._sleep(wait_seconds * random.uniform(0.5, 1))  # noqa: S311 - spreads retries, guards nothing
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT)
        raise TargetError(
            f"table {self._name} is too busy: it left writes unprocessed {_ATTEMPTS} times"
        )


@dataclass(frozen=True)
class Target:
    """Where to, and how much at once."""

    table: Table
    bucket: Bucket
    pool: Executor


def apply(
    steps: Iterable[Step], target: Target, journal: Journal, told: Callable[[Action], None]
) -> None:
    """Carry out all steps in order; ``told`` hears of each action that is done. Raises what AWS raises."""
    for step in steps:
        flight = _Flight(target, journal, told)
        try:
            for load in _loads(step):
                flight.send(load)
        finally:
            flight.land()


class _Flight:
    """The actions of one step on their way; the journal is kept by this thread alone."""

    def __init__(self, target: Target, journal: Journal, told: Callable[[Action], None]) -> None:
        self._target = target
        self._journal = journal
        self._told = told
        self._flying: dict[Future[bool], list[Action]] = {}

    def send(self, load: list[Action]) -> None:
        """Start a load once there is room."""
        while len(self._flying) >= _IN_FLIGHT:
            self._collect()
        for action in load:
            self._journal.begin(action)
        self._flying[self._target.pool.submit(_carry, self._target, load)] = load

    def land(self) -> None:
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
                self._told(action)

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
        if len(batch) == _BATCH:
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


def _request(action: PutItem | DeleteItem) -> dict[str, Any]:
    if isinstance(action, PutItem):
        return {"PutRequest": {"Item": action.item}}
    return {"DeleteRequest": {"Key": {"pk": {"S": action.pk}, "sk": {"S": action.sk}}}}
