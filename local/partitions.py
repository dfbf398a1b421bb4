"""moto's DynamoDB tables, with queries that read one partition.

moto reads and sorts the whole table for each query. With 10,000 records that takes a third of a
second, and a page needs several queries.
"""

import copy
from collections import defaultdict
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table


class PartitionedTable(Table):
    """A table whose queries read the partition that they name, unless it has indexes."""

    def query(self, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
        """The items, the number of items that were read, and the key to go on from."""
        table = copy.copy(self)
        if hash_key is not None and not self.all_indexes():
            table.items = defaultdict(dict, {hash_key: self.items.get(hash_key, {})})
        return Table.query(table, hash_key, *arguments, **named)


def partition_tables() -> None:
    """Make the tables that moto has in this process partitioned ones."""
    for regions in dynamodb_backends.values():
        for backend in regions.values():
            for table in backend.tables.values():
                table.__class__ = PartitionedTable  # type: ignore[type-abstract]
