"""The catalogue's DynamoDB table, read. No other module of the functions calls DynamoDB.

One table, string keys ``pk`` and ``sk`` (``keys`` has their grammar):

======================================  ====================  ====================================
``pk``                                  ``sk``                attributes besides the generation's
======================================  ====================  ====================================
``#pointer#<copy>``                     ``pointer``           ``generations.Pointer``
``#lease``                              ``lease``             who may write (read by writers alone)
``#catalogue#<generation>``             ``header``            ``definitions`` (N), ``data`` (JSON)
``#catalogue#<generation>``             ``collection#<id>``   ``data`` (JSON), ``position`` (N)
``#catalogue#<generation>``             ``settings``          ``data`` (JSON)
``<collection id>``                     ``<record id>``       ``record``; in views ``sources``
``<collection>#<field id>#<value>``     ``<record id>``       none: the record's field has the value
======================================  ====================  ====================================

Records and index items keep two values with their generations (``generations``). A version of the
catalogue never changes. A table of format 1 has no pointer; its catalogue is under ``#catalogue``,
and its records have ``data``, named by the fields' names, instead of ``record``.

Reads are strongly consistent. Errors of AWS are raised as the ``Refusal`` that ``aws.refusal`` maps
them to.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pocketfiles import keys, timing
from pocketfiles.aws import AWS_ERRORS, refusal
from pocketfiles.catalogue.generations import (
    UNVERSIONED,
    Item,
    Pointer,
    pointer_from,
    value_at,
)
from pocketfiles.catalogue.items import catalogue_from, record_from
from pocketfiles.catalogue.model import Collection, Collections, Record, Settings
from pocketfiles.errors import Overloaded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100
"""The most keys that one BatchGetItem takes."""

_BATCH_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5


class Table:
    """Reads one table through a low-level DynamoDB client."""

    def __init__(
        self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The table's name."""
        return self._name

    def pointer(self) -> Pointer:
        """The pointer as it is now; ``UNVERSIONED`` for a table of format 1."""
        copy = random.randrange(keys.POINTER_COPIES)  # noqa: S311 - spreads reads over partitions
        item = self.get_item(keys.pointer(copy), keys.POINTER)
        return pointer_from(item) if item else UNVERSIONED

    def catalogue(self, pointer: Pointer) -> tuple[Collections, Settings, frozenset[str]]:
        """All collections, the settings, and the ids of collections that are only held, in one
        query. Raises ``Outdated`` when that version of the catalogue has been removed."""
        versioned = pointer.catalogue > 0
        pk = keys.catalogue(pointer.catalogue) if versioned else keys.CATALOGUE
        items = self.query_items(pk)
        return catalogue_from(items, versioned=versioned)

    def at(
        self, pointer: Pointer, collections: Collections, *, with_held: bool = True
    ) -> "TableAt":
        """The records as they were at the pointer's generation."""
        return TableAt(self, pointer, collections, with_held=with_held)

    def get_item(self, pk: str, sk: str) -> Item | None:
        """One item, or ``None``."""
        answer = self._call("get_item", Key=keys.item_key(pk, sk), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def batch_items(self, pk: str, sks: Sequence[str]) -> Iterator[Item]:
        """Those of the items of a partition that exist; at most ``BATCH``.

        Keys that DynamoDB left unprocessed are asked for again, with pauses between. Raises
        ``Overloaded`` when some are always left.
        """
        wanted = [keys.item_key(pk, sk) for sk in sks]
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(_BATCH_ATTEMPTS):
            if attempt:
                self._sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads retries
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            answer = self._call_batch({self._name: {"Keys": wanted, "ConsistentRead": True}})
            yield from answer["Responses"].get(self._name, [])
            unprocessed = answer.get("UnprocessedKeys", {})
            if self._name not in unprocessed:
                return
            wanted = unprocessed[self._name]["Keys"]
        raise Overloaded("DynamoDB left keys of a batch unprocessed")

    def query_items(self, pk: str, page_size: int | None = None, after: str = "") -> Iterator[Item]:
        """The items of a partition in order of sort key, those above ``after``. The next page is
        read when needed."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        if page_size is not None:
            request["Limit"] = page_size
        if after:
            request["ExclusiveStartKey"] = keys.item_key(pk, after)
        while True:
            page = self._call("query", **request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _call(self, operation: str, **request: Any) -> Any:
        return _answer(getattr(self._client, operation), TableName=self._name, **request)

    def _call_batch(self, request: Mapping[str, Any]) -> Any:
        return _answer(self._client.batch_get_item, RequestItems=request)


class TableAt:
    """The table's records at one generation. Every method raises ``Outdated`` when an item no
    longer has what it held then."""

    def __init__(
        self, table: Table, pointer: Pointer, collections: Collections, *, with_held: bool
    ) -> None:
        self._table = table
        self._pointer = pointer
        self._collections = collections
        self._with_held = with_held

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record, or ``None``."""
        collection = self._collections.with_id(collection_id)
        if collection is None:
            return None
        item = self._table.get_item(collection_id, record_id)
        record = self._record(item, collection) if item else None
        return None if record is None or record.is_unreadable else record

    def batch(self, collection_id: str, record_ids: Iterable[str]) -> dict[str, Record]:
        """Those of the records that exist, by id; a hundred a call."""
        collection = self._collections.with_id(collection_id)
        if collection is None:
            return {}
        wanted = list(dict.fromkeys(record_ids))
        found: dict[str, Record] = {}
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            for item in self._table.batch_items(collection_id, batch):
                record = self._record(item, collection)
                if record:
                    found[record.id] = record
        return found

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        """Ids of the records whose field has one of the values; at most ``limit`` + 1.

        ``values`` are the index keys of ``rules.lookups``.
        """
        found: dict[str, None] = {}
        for value in values:
            pk = keys.Reference(collection_id, field_id, value).pk
            for item in self._table.query_items(pk, limit + 1):
                if value_at(item, self._pointer) is not None:
                    found[item["sk"]["S"]] = None
                if len(found) > limit:
                    return list(found)
        return list(found)

    def all(self, collection_id: str, limit: int) -> Iterator[Record]:
        """The collection's records in order of id, read page by page; at most ``limit`` + 1, which
        tells that there are too many."""
        return islice(self.records_after(collection_id, "", limit + 1), limit + 1)

    def records_after(self, collection_id: str, record_id: str, page_size: int) -> Iterator[Record]:
        """The collection's records above an id, in order of id, read by the page."""
        collection = self._collections.with_id(collection_id)
        if collection is None:
            return
        for item in self._table.query_items(collection_id, page_size, record_id):
            record = self._record(item, collection)
            if record:
                yield record

    def _record(self, item: Item, collection: Collection) -> Record | None:
        value = value_at(item, self._pointer, with_held=self._with_held)
        return record_from(value, collection) if value else None


def _answer(operation: Any, **request: Any) -> Any:
    try:
        with timing.spent_on("dynamodb"):
            return operation(**request)
    except AWS_ERRORS as error:
        raise refusal("DynamoDB", error) from error
