"""Give a stack's table the items of a restored copy of it, and no others.

    python -m deploy.restore RESTORED TABLE

Stop the sync first. While this runs, the functions find no pointer in the table and answer 404. The
pointer is written last and names the copy, so that protected files stay denied as in every copy,
until `admin collections apply` or a full sync has run. If this is interrupted, run it again.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.account import meaning_of

POINTER = "pointer"
"""Sort key of the pointer's copies, as in ``pocketfiles.keys``."""

LONGEST_REQUEST_SECONDS = 30
"""How long a request may go on that has already read the pointer (API Gateway's limit)."""

BATCH = 25
"""Most items of one BatchWriteItem."""

UNPROCESSED_SECONDS = 1
"""Pause before what DynamoDB did not process is sent again."""

Item = dict[str, Any]


def restore(dynamodb: Any, source: str, target: str, wait: Callable[[float], None]) -> int:
    """Replace the items of a table by those of another; return their number.

    Raises what botocore raises.
    """
    dynamodb.describe_table(TableName=source)  # before anything is deleted
    pointers = [item for item in _items(dynamodb, target) if _is_pointer(item)]
    _write(dynamodb, target, map(_deletion, pointers), wait)
    wait(LONGEST_REQUEST_SECONDS)
    _write(dynamodb, target, map(_deletion, _items(dynamodb, target)), wait)
    copied = (item for item in _items(dynamodb, source) if not _is_pointer(item))
    count = _write(dynamodb, target, map(_put, copied), wait)
    pointers = [
        {**item, "table": {"S": source}} for item in _items(dynamodb, source) if _is_pointer(item)
    ]
    return count + _write(dynamodb, target, map(_put, pointers), wait)


def _items(dynamodb: Any, table: str) -> Iterator[Item]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _is_pointer(item: Item) -> bool:
    return bool(item["sk"]["S"] == POINTER)


def _deletion(item: Item) -> Mapping[str, Any]:
    return {"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}}


def _put(item: Item) -> Mapping[str, Any]:
    return {"PutRequest": {"Item": item}}


def _write(
    dynamodb: Any,
    table: str,
    requests: Iterable[Mapping[str, Any]],
    wait: Callable[[float], None],
) -> int:
    """Write all, also what DynamoDB does not process at once. Return their number."""
    count = 0
    for batch in _batches(requests):
        unprocessed = {table: batch}
        while unprocessed:
            unprocessed = dynamodb.batch_write_item(RequestItems=unprocessed)["UnprocessedItems"]
            if unprocessed:
                wait(UNPROCESSED_SECONDS)
        count += len(batch)
    return count


def _batches(requests: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    batch: list[Mapping[str, Any]] = []
    for request in requests:
        batch.append(request)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def main() -> None:
    """Restore the table of the command line."""
    if len(sys.argv) != len(("program", "source", "target")) or "--help" in sys.argv:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    if source == target:
        sys.exit("cannot restore: give two tables")
    region = os.environ.get("AWS_REGION")
    try:
        dynamodb = boto3.client("dynamodb", region_name=region)
        count = restore(dynamodb, source, target, time.sleep)
    except ClientError as error:
        sys.exit(f"cannot restore: {error}")
    except BotoCoreError as error:
        found = meaning_of(error, str(region))
        sys.exit(f"cannot restore: {found.problem if found else error}")
    print(f"{target} has the {count} items of {source}; protected files are denied")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; run it again")
