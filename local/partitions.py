"""moto's DynamoDB tables, with queries that read what they need.

moto reads and sorts the whole table for each query. With 10,000 records that takes a third of a
second, and a page needs several queries.
"""

import copy
import heapq
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table


class PartitionedTable(Table):
    """A table whose queries read the partition that they name, unless it has indexes."""

    def query(self, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
        """The items, the number of items that were read, and the key to go on from."""
        table = copy.copy(self)
        if hash_key is not None and not self.all_indexes():
            partition = self.items.get(hash_key, {})
            comparison, _, limit, start, is_forward, *_ = arguments
            if limit and is_forward and comparison is None:
                partition = self._first(partition, limit + 1, start)
            table.items = defaultdict(dict, {hash_key: partition})
        return Table.query(table, hash_key, *arguments, **named)

    def _first(
        self, partition: Mapping[DynamoType, Item], count: int, start: Mapping[str, Any] | None
    ) -> dict[DynamoType, Item]:
        """The first items of a partition, of those behind the key ``start``."""
        keys = list(partition)
        if start:
            last = DynamoType(start[self.range_key_attr or ""]).cast_value
            keys = [key for key in keys if key.cast_value > last]
        first = heapq.nsmallest(count, keys, key=lambda key: key.cast_value)
        return {key: partition[key] for key in first}


def partition_tables() -> None:
    """Make the tables that moto has in this process partitioned ones."""
    for regions in dynamodb_backends.values():
        for backend in regions.values():
            for table in backend.tables.values():
                table.__class__ = PartitionedTable  # type: ignore[type-abstract]
