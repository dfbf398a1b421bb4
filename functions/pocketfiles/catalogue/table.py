"""The catalogue's DynamoDB table; nothing else speaks to DynamoDB.

One table, string keys ``pk`` and ``sk``:

=====================================  =======================  =============================================
``pk``                                 ``sk``                   attributes
=====================================  =======================  =============================================
``#catalogue``                         ``collection#<id>``      ``data`` (JSON), ``position`` (N)
``#catalogue``                         ``settings``             ``data`` (JSON)
``<collection id>``                    ``<record id>``          ``data``; in views ``sources`` (JSON)
``<collection>#<field id>#<target>``   ``<record id>``          none: the record refers to the target
=====================================  =======================  =============================================

A record's ``data`` is a JSON object of its columns, kept as text so that 1 and 1.0 stay apart; above 8 KiB
it is compressed. Collection ids hold no ``#``. Reads are strongly consistent: a changed token key or rule
counts at the next request. What AWS refuses surfaces as ``aws.refusal`` tells.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pocketfiles import keys, timing
from pocketfiles.aws import AWS_ERRORS, refusal
from pocketfiles.catalogue.model import Collection, Collections, Record, Settings, Source, Value
from pocketfiles.errors import Overloaded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item: TypeAlias = dict[str, Any]
"""An item in DynamoDB's attribute format, e.g. ``{"pk": {"S": "…"}}``."""

CATALOGUE = keys.CATALOGUE
SETTINGS = "settings"
COLLECTION = "collection#"
COMPRESS_ABOVE = 8 * 1024
BATCH = 100  # BatchGetItem takes no more keys at once

_COLLECTION_KEYS = (
    "id",
    "name",
    "type",
    "system",
    "viewRule",
    "indexes",
    "viewQuery",
    "authToken",
    "fileToken",
)
_FIELD_KEYS = ("id", "name", "type", "hidden", "maxSelect", "protected", "thumbs", "collectionId")


class Table:
    """Reads of the catalogue through a low-level DynamoDB client."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def catalogue(self) -> tuple[Collections, Settings]:
        """All collections and the settings, in one query."""
        collections = []
        settings = Settings()
        for item in self._query(CATALOGUE):
            raw = json.loads(item["data"]["S"])
            if item["sk"]["S"] == SETTINGS:
                settings = Settings.from_json(raw)
            else:
                collections.append(Collection.from_json(raw, int(item["position"]["N"])))
        return Collections(collections), settings

    def get(self, collection_id: str, record_id: str) -> Record | None:
        """One record, or ``None``."""
        key = {"pk": {"S": collection_id}, "sk": {"S": record_id}}
        item = self._call("get_item", Key=key, ConsistentRead=True).get("Item")
        return record_from(item) if item else None

    def batch(self, collection_id: str, record_ids: Iterable[str]) -> dict[str, Record]:
        """Those of the records that exist, by id; a hundred a call."""
        wanted = list(dict.fromkeys(record_ids))
        found: dict[str, Record] = {}
        for start in range(0, len(wanted), BATCH):
            for item in self._batch(collection_id, wanted[start : start + BATCH]):
                record = record_from(item)
                found[record.id] = record
        return found

    def referring(
        self, collection_id: str, field_id: str, target_ids: Sequence[str], limit: int
    ) -> list[str]:
        """Ids of the records whose relation field holds one of the targets; ``limit`` + 1 at the most."""
        found: dict[str, None] = {}
        for target in target_ids:
            for item in self._query(
                keys.Reference(collection_id, field_id, target).pk, limit + 1 - len(found)
            ):
                found[item["sk"]["S"]] = None
            if len(found) > limit:
                break
        return list(found)

    def all(self, collection_id: str, limit: int) -> list[Record]:
        """The collection's records in order of id; ``limit`` + 1 at the most, so that more can be told."""
        return [record_from(item) for item in self._query(collection_id, limit + 1)]

    def _batch(self, collection_id: str, record_ids: Sequence[str]) -> Iterator[Item]:
        keys = [{"pk": {"S": collection_id}, "sk": {"S": record_id}} for record_id in record_ids]
        for _ in range(
            len(keys) + 1
        ):  # unprocessed keys shrink at every turn, or the table is overloaded
            answer = self._call_batch({self._name: {"Keys": keys, "ConsistentRead": True}})
            yield from answer["Responses"].get(self._name, [])
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not left:
                return
            keys = left
        raise Overloaded("DynamoDB left keys of a batch unprocessed")

    def _query(self, pk: str, limit: int | None = None) -> Iterator[Item]:
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        left = limit
        while left is None or left > 0:
            page = self._call("query", **request, **({} if left is None else {"Limit": left}))
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            left = None if left is None else left - len(page["Items"])

    def _call(self, operation: str, **request: Any) -> Any:
        return _answer(getattr(self._client, operation), TableName=self._name, **request)

    def _call_batch(self, request: Mapping[str, Any]) -> Any:
        return _answer(self._client.batch_get_item, RequestItems=request)


def _answer(operation: Any, **request: Any) -> Any:
    try:
        with timing.spent_on("dynamodb"):
            return operation(**request)
    except AWS_ERRORS as error:
        raise refusal("DynamoDB", error) from error


def record_from(item: Item) -> Record:
    """A record of its item."""
    data = item["data"]
    text = data["S"] if "S" in data else zlib.decompress(data["B"])
    homes = json.loads(item["sources"]["S"]) if "sources" in item else {}
    sources = {name: Source(*home) for name, home in homes.items()}
    return Record(item["pk"]["S"], item["sk"]["S"], json.loads(text), sources)


def record_items(collection: Collection, record: Record) -> list[Item]:
    """What a record is in the table: its own item, then one per relation value."""
    item: Item = {
        "pk": {"S": record.collection_id},
        "sk": {"S": record.id},
        "data": _data(record.values),
    }
    if record.sources:
        homes = {
            name: [home.collection_id, home.record_id]
            for name, home in sorted(record.sources.items())
        }
        item["sources"] = {"S": _json(homes)}
    return [item, *_relations(collection, record)]


def _relations(collection: Collection, record: Record) -> Iterator[Item]:
    for field in collection.fields:
        if field.type == "relation":
            for target in record.names(field):
                yield {
                    "pk": {"S": keys.Reference(collection.id, field.id, target).pk},
                    "sk": {"S": record.id},
                }


def collection_item(raw: Mapping[str, Any], position: int) -> Item:
    """A collection's item, of PocketBase's collection object cut down to what serving files reads."""
    kept = {key: raw[key] for key in _COLLECTION_KEYS if key in raw}
    kept["fields"] = [
        {key: field[key] for key in _FIELD_KEYS if key in field} for field in raw["fields"]
    ]
    return {
        "pk": {"S": CATALOGUE},
        "sk": {"S": f"{COLLECTION}{raw['id']}"},
        "data": {"S": _json(kept)},
        "position": {"N": str(position)},
    }


def settings_item(raw: Mapping[str, Any]) -> Item:
    """The settings' item: the address rules alone, never a mail or storage secret."""
    kept = {key: raw[key] for key in ("superuserIPs", "trustedProxy") if key in raw}
    return {"pk": {"S": CATALOGUE}, "sk": {"S": SETTINGS}, "data": {"S": _json(kept)}}


def _data(values: Mapping[str, Value]) -> dict[str, Any]:
    text = _json(values)
    packed = text.encode()
    return {"S": text} if len(packed) <= COMPRESS_ABOVE else {"B": zlib.compress(packed)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
