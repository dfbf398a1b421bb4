"""The rows a rule looks at, in SQLite's memory, for one evaluation.

Every evaluation has a database of its own, so that nothing can pass from one request to another,
nor from one thread to another. It is the SQLite that PocketBase has, whatever the machine's own may
be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import apsw

from pocketfiles.catalogue.model import Record, Value
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.like import MAX_PATTERN
from pocketfiles.rules.schema import Table
from pocketfiles.rules.values import Bound

MAX_VALUE = 4 * 1024 * 1024
"""Bytes of one value, stored or computed."""

_STEPS_BETWEEN_CHECKS = 1000
_READ_IN_A_STEP = 10
"""Pairs of a pattern's and a text's characters, or bytes of JSON, that count as one step."""


class Database:
    """Tables and queries within a limit of steps; ``parameters`` are bound in every query.

    Whatever SQLite refuses is a ``RuleError`` that names its error and no value.
    """

    def __init__(
        self, connection: apsw.Connection, parameters: Mapping[str, Bound], max_steps: int
    ) -> None:
        self._connection = connection
        self._parameters = dict(parameters)
        self._max_steps = max_steps
        self._steps = 0
        self._read = 0
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE)
        connection.limit(apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN)
        connection.set_progress_handler(self._exhausted, _STEPS_BETWEEN_CHECKS)
        connection.create_scalar_function("affordable", self._affordable, 2)
        connection.create_scalar_function("weighed", self._weighed, 2)

    @property
    def steps(self) -> int:
        """The work done so far, to the next thousand steps."""
        return self._steps + self._read // _READ_IN_A_STEP

    def create(self, table: Table) -> None:
        """An empty table."""
        with self._run():
            for statement in table.create:
                self._connection.execute(statement)

    def insert(self, table: Table, records: Iterable[Record]) -> None:
        """Add records; one that is there already stays as it is."""
        rows = (_row(record, table) for record in records)
        with self._run():
            self._connection.executemany(table.insert, rows)

    def prepare(self, sql: str) -> None:
        """Compile a query without running it; raises ``RuleError`` where SQLite refuses it."""
        with self._run():
            self._connection.execute(f"EXPLAIN {sql}", self._parameters)

    def rows(self, sql: str) -> Iterator[Sequence[Any]]:
        """The rows of a query, one by one."""
        with self._run():
            yield from self._connection.execute(sql, self._parameters)

    def has_row(self, sql: str) -> bool:
        """Whether a query has a row; it stops at the first."""
        return next(self.rows(sql), None) is not None

    @contextmanager
    def _run(self) -> Iterator[None]:
        """One statement; its errors are the rule's."""
        try:
            yield
        except apsw.InterruptError:
            raise RuleError(f"the rule takes more than {self._max_steps} steps") from None
        except apsw.Error as error:
            raise RuleError(f"SQLite cannot evaluate the rule ({_reason(error)})") from None
        except (UnicodeError, OverflowError, TypeError):
            raise RuleError("the rule compares a value that SQLite cannot hold") from None

    def _affordable(self, *values: "apsw.SQLiteValue") -> "apsw.SQLiteValue":
        """The pattern of a LIKE, which is given with the length of the text to compare.

        Stops the query where all comparisons together cost too much.
        """
        pattern, length = values
        if isinstance(pattern, str) and isinstance(length, int):
            self._spend(len(pattern) * length)
        return pattern

    def _weighed(self, *values: "apsw.SQLiteValue") -> "apsw.SQLiteValue":
        """What was found out about JSON, which is given with the JSON's length in bytes.

        Stops the query as ``_affordable`` does.
        """
        found, length = values
        if isinstance(length, int):
            self._spend(length)
        return found

    def _spend(self, read: int) -> None:
        self._read += read
        if self.steps > self._max_steps:
            raise apsw.InterruptError

    def _exhausted(self) -> bool:
        self._steps += _STEPS_BETWEEN_CHECKS
        return self.steps > self._max_steps


def _row(record: Record, table: Table) -> list[Value]:
    """A record's id and its values of the table's columns; NULL where it has none."""
    return [record.id, *(record.values.get(name) for name in table.columns)]


_SAFE_MESSAGES = (
    "ambiguous column name",
    "malformed JSON",
    "no such",
    "near ",
    "ON clause",
    "at most",
)
"""How those of SQLite's messages begin that quote no value."""


def _reason(error: apsw.Error) -> str:
    """SQLite's message, or only its kind where the message may quote a value."""
    message = str(error)
    if message.startswith(_SAFE_MESSAGES):
        return message
    return type(error).__name__


@contextmanager
def opened(parameters: Mapping[str, Bound], limits: RuleLimits) -> Iterator[Database]:
    """A database of its own for the time of a ``with`` block."""
    with closing(apsw.Connection(":memory:")) as connection:
        yield Database(connection, parameters, limits.max_steps)
