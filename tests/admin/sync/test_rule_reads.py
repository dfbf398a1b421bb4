"""What a rule's equality costs in a table of thousands of records, in DynamoDB's read units."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from admin.target.items import references, size
from pocketfiles.catalogue.generations import UNVERSIONED, Item
from pocketfiles.catalogue.items import record_items
from pocketfiles.catalogue.model import Collections
from pocketfiles.catalogue.table import Table
from pocketfiles.config import RuleLimits
from pocketfiles.errors import RuleError
from pocketfiles.rules.evaluate import Evaluation
from pocketfiles.rules.lookups import indexed_fields
from tests.conftest import Cloud, make_cloud
from tests.unit.rules.world import DOCUMENTS, NOW, TEAMS, USERS, document, record, request

USER_COUNT = 3000
PUTS = 25
"""Items that one BatchWriteItem takes."""

UNIT_BYTES = 4096
"""Bytes of a strongly consistent read unit."""

INDEXING_RULE = "@collection.users.name ?= '' && @collection.users.level ?= 1"
COLLECTIONS = Collections([USERS, TEAMS, replace(DOCUMENTS, view_rule=INDEXING_RULE)])


@dataclass
class Reads:
    """The items that were read, and the read units that they cost."""

    items: int = 0
    units: int = 0

    def add(self, parsed: Mapping[str, Any], **_: Any) -> None:
        """An answer of DynamoDB. A query pays for the sum of its items, a batch for each item."""
        if "Items" in parsed:
            self._count(parsed["Items"])
        for found in parsed.get("Responses", {}).values():
            for item in found:
                self._count([item])

    def _count(self, items: Sequence[Item]) -> None:
        read = sum(map(size, items))
        self.items += len(items)
        self.units += max(1, -(-read // UNIT_BYTES))


@pytest.fixture(scope="module")
def crowded(endpoint: str) -> Cloud:
    """A table with the users ``u0`` to ``u2999``, written with the index items of a sync."""
    cloud = make_cloud(endpoint)
    indexed = indexed_fields(COLLECTIONS)
    items: list[Item] = []
    for number in range(USER_COUNT):
        user = record(USERS, f"u{number}", name=f"user {number}", level=number % 1000)
        items += record_items(USERS, user, references(USERS, user, indexed))
    for start in range(0, len(items), PUTS):
        _write(cloud, items[start : start + PUTS])
    return cloud


def _write(cloud: Cloud, items: Sequence[Item]) -> None:
    puts: Any = [{"PutRequest": {"Item": item}} for item in items]
    answer = cloud.dynamodb.batch_write_item(RequestItems={cloud.table: puts})
    assert not answer["UnprocessedItems"]


@contextmanager
def counted(cloud: Cloud) -> Iterator[Reads]:
    """Counts what the client reads in the ``with`` block."""
    reads = Reads()
    events = cloud.dynamodb.meta.events
    events.register("after-call.dynamodb", reads.add)
    try:
        yield reads
    finally:
        events.unregister("after-call.dynamodb", reads.add)


def evaluation(cloud: Cloud, rule: str) -> Evaluation:
    return Evaluation(
        rule=rule,
        collection=DOCUMENTS,
        record=document(text="user 7"),
        request=request(),
        collections=COLLECTIONS,
        reader=Table(cloud.dynamodb, cloud.table).at(UNVERSIONED, COLLECTIONS),
        now=NOW,
        limits=RuleLimits(),
    )


@pytest.mark.parametrize(
    ("rule", "allowed", "items", "units"),
    [
        ("@collection.users.name ?= 'user 7'", True, 2, 2),
        ("@collection.users.name ?= text", True, 2, 2),
        ("@collection.users.name ?= 'nobody'", False, 0, 1),
        ("@collection.users.level ?= 7", True, 6, 4),
        ("@collection.users.name ?= text && @collection.users.level ?= 7", True, 2, 2),
        ("@collection.users.name = 'user 7'", False, 4, 3),
        ("@collection.users.name != 'user 7'", False, 4, 3),
        ("@collection.users.name != 'nobody'", True, 1, 2),
    ],
)
def test_an_equality_over_thousands_of_records_costs_a_few_read_units(
    crowded: Cloud, rule: str, allowed: bool, items: int, units: int
) -> None:
    with counted(crowded) as reads:
        assert evaluation(crowded, rule).allows() is allowed
    assert (reads.items, reads.units) == (items, units)


def test_without_an_equality_a_rule_reads_one_record_more_than_it_may(crowded: Cloud) -> None:
    limit = RuleLimits().max_rows
    with counted(crowded) as reads, pytest.raises(RuleError, match="more than 1000 records"):
        evaluation(crowded, "@collection.users.name ?~ 'nobody'").allows()
    assert reads.items == limit + 1
