"""A translated rule: its query, and the conditions that its comparisons are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pocketfiles.catalogue.model import Collection
from pocketfiles.rules.joins import Join, column, source
from pocketfiles.rules.query import RECORD, Key, Origin, closure
from pocketfiles.rules.schema import Table
from pocketfiles.rules.tree import Rule

_OWN_ROWS = frozenset({"auth", "item"})


@dataclass(frozen=True, slots=True)
class Equality:
    """A comparison of a column of ``@collection`` with one value: an index tells which records fit.

    ``value`` is the SQL of that value, read from the joined ``rows``. ``literal`` tells that the
    rule itself names it; ``negated``, that the comparison holds for all other records.
    """

    key: Key
    value: str
    rows: tuple[str, ...]
    literal: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, or half of one that asks for all values, in SQL.

    ``rows`` are the joined rows it looks at, ``reads`` the ways to all records it depends on.
    ``inner`` are the rows of the subquery of all values; it has them where it ``is_every``.
    """

    sql: str
    rows: tuple[str, ...]
    reads: tuple[str, ...]
    inner: tuple[Join, ...] = ()
    equality: Equality | None = None

    @property
    def is_every(self) -> bool:
        """Whether it asks that all values fit."""
        return bool(self.inner)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule in SQL, for every request of the same shapes.

    ``query`` is PocketBase's own query. ``conditions`` has, by the comparison's number, what must
    hold for it. ``may_fail`` tells that SQLite may fail on what a record holds, or on a part of the
    query alone, because names in it are mixed up; then nothing but the whole query decides.
    ``read_patterns`` ask whether what is on the right of ``~`` is too long. ``ways`` are joins that
    others of their name replaced in the query, though values are read through them.
    """

    rule: Rule
    base: Collection
    joins: tuple[Join, ...]
    tables: Mapping[str, Table]
    parameters: Mapping[str, Origin]
    patterns: frozenset[str]
    conditions: tuple[tuple[Condition, ...], ...]
    may_fail: bool
    read_patterns: tuple[Condition, ...]
    query: str
    ways: tuple[tuple[Join, ...], ...]

    def select(
        self, values: Sequence[str], joins: Iterable[Join], where: str = "", own: str = ""
    ) -> str:
        """A query for values of the record and of joined rows; ``own`` names the record's row."""
        own = own or self.base.name
        joined = source(self.base, joins, own)
        more = f" AND {where}" if where else ""
        return f"SELECT {', '.join(values)} {joined} WHERE {column(own, 'id')} = {RECORD}{more}"

    def joined(self, conditions: Iterable[Condition]) -> tuple[Join, ...]:
        """The joins whose rows the conditions look at."""
        return closure(self.joins, (row for condition in conditions for row in condition.rows))

    def is_known(self, condition: Condition) -> bool:
        """Whether a condition depends on the record, the token's owner and the request alone."""
        joins = (*closure(self.joins, condition.reads), *condition.inner)
        return all(join.kind in _OWN_ROWS for join in joins)
