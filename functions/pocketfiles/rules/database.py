"""The rows a rule looks at, in SQLite's memory, for one evaluation.

Every evaluation has a database of its own, so that nothing can pass from one request to another, nor from one
thread to another.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from pocketfiles.catalogue.model import Record
from pocketfiles.errors import RuleError
from pocketfiles.rules.geo import distance
from pocketfiles.rules.request import Bound
from pocketfiles.rules.schema import Table

MAX_STEPS = 3_000_000
"""Instructions of SQLite's machine that one evaluation may take."""
MAX_SECONDS = 1.0
"""For each statement; what is asked of DynamoDB meanwhile does not count."""
MAX_PATTERN = 50_000
"""Bytes of a LIKE pattern; PocketBase's limit too."""
MAX_COMPARED = 500_000_000
"""Characters that all LIKEs of one evaluation may compare, text length times pattern length: each LIKE is
one instruction, however long it takes."""
MAX_VALUE = 4 * 1024 * 1024
"""Bytes of one value, stored or computed."""

_STEPS_BETWEEN_CHECKS = 100


class Database:
    """Tables and queries under a budget of steps and time; ``parameters`` are bound in every query.

    Whatever SQLite refuses is a ``RuleError`` that names its error and no value."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        parameters: Mapping[str, Bound],
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._parameters = parameters
        self._clock = clock
        self._deadline = 0.0
        self._steps = 0
        self._compared = 0
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN)
        connection.set_progress_handler(self._exhausted, _STEPS_BETWEEN_CHECKS)
        connection.create_function("geo_distance", 4, distance, deterministic=True)
        connection.create_function("affordable", 2, self._affordable)

    def create(self, table: Table) -> None:
        """An empty table."""
        with self._run():
            self._connection.execute(table.create)

    def insert(self, table: Table, records: Iterable[Record]) -> None:
        """Add records; one that is there already stays as it is."""
        rows = ((record.id, *map(record.values.get, table.columns)) for record in records)
        with self._run():
            self._connection.executemany(table.insert, rows)

    def rows(self, sql: str) -> Iterator[Sequence[Any]]:
        """The rows of a query, one by one."""
        with self._run():
            yield from self._connection.execute(sql, self._parameters)

    @contextmanager
    def _run(self) -> Iterator[None]:
        """One statement; its errors are the rule's."""
        self._deadline = self._clock() + MAX_SECONDS
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            if name == "SQLITE_INTERRUPT" or self._compared > MAX_COMPARED:
                raise RuleError("the rule takes too long to evaluate") from None
            raise RuleError(f"SQLite cannot evaluate the rule ({name})") from None
        except (UnicodeError, OverflowError):
            raise RuleError("the rule compares a value that SQLite cannot hold") from None

    def _affordable(self, pattern: str | None, length: int | None) -> str | None:
        """The pattern, unless comparing it with a text of this length costs too much."""
        self._compared += len(pattern or "") * (length or 0)
        if self._compared > MAX_COMPARED:
            raise OverflowError
        return pattern

    def _exhausted(self) -> bool:
        self._steps += _STEPS_BETWEEN_CHECKS
        return self._steps > MAX_STEPS or self._clock() > self._deadline


def require(version: tuple[int, ...]) -> None:
    """Refuse a rule that an older SQLite would silently read otherwise than PocketBase's."""
    if sqlite3.sqlite_version_info < version:
        written = ".".join(map(str, version))
        raise RuleError(
            f"the rule's strftime needs SQLite {written}, here is {sqlite3.sqlite_version}"
        )


@contextmanager
def opened(
    parameters: Mapping[str, Bound], clock: Callable[[], float] = time.monotonic
) -> Iterator[Database]:
    """A database of its own for the time of a ``with`` block."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield Database(connection, parameters, clock)
