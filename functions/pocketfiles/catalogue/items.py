"""Collections, settings and records as items of the table, and back.

A record's values are one JSON object, kept as text so that 1 and 1.0 stay apart; above 8 KiB it is
compressed. A value is named by its field's id after ``#``, so that renaming a field changes the
catalogue alone; columns that are no fields, and those of views, go by their own names.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pocketfiles import keys
from pocketfiles.catalogue.generations import RECORD, SOURCES, Item
from pocketfiles.catalogue.model import Collection, Collections, Record, Settings, Source, Value
from pocketfiles.errors import Outdated

SETTINGS = "settings"
HEADER = "header"
COLLECTION = "collection#"
DATA = "data"
COMPRESS_ABOVE_BYTES = 8 * 1024

_COLLECTION_KEYS = (
    "id",
    "name",
    "type",
    "system",
    "viewRule",
    "indexes",
    "viewQuery",
    "broken",
    "incomplete",
    "authToken",
    "fileToken",
    "held",
)
_FIELD_KEYS = (
    "id",
    "name",
    "type",
    "hidden",
    "maxSelect",
    "protected",
    "thumbs",
    "collectionId",
    "column",
    "limits",
)


def record_items(
    collection: Collection, record: Record, references: Iterable[str] | None = None
) -> list[Item]:
    """The items of a record: its own, then one for each partition key in ``references``.

    Without ``references``, the record is referred to by its relations alone.
    """
    item: Item = {
        **keys.item_key(record.collection_id, record.id),
        RECORD: _packed(None if record.is_unreadable else _by_id(collection, record.values)),
    }
    if record.sources:
        sources = {
            name: [source.collection_id, source.record_id]
            for name, source in record.sources.items()
        }
        item[SOURCES] = {"S": _json(sources)}
    if references is None:
        references = relation_references(collection, record)
    index_items = [keys.item_key(pk, record.id) for pk in references]
    return [item, *index_items]


def relation_references(collection: Collection, record: Record) -> Iterator[str]:
    """The partition keys under which a record is found by what its relations refer to."""
    for field in collection.fields:
        if field.type == "relation":
            for target in record.names(field):
                yield keys.Reference(collection.id, field.id, target).pk


def record_from(item: Item, collection: Collection) -> Record:
    """A record of its item, its columns named as the collection names them."""
    stored_values = json.loads(text_of(item))
    stored_sources = json.loads(item[SOURCES]["S"]) if SOURCES in item else {}
    return Record(
        collection_id=item["pk"]["S"],
        id=item["sk"]["S"],
        values=_by_name(collection, stored_values or {}),
        sources={name: Source(*source) for name, source in stored_sources.items()},
        is_unreadable=stored_values is None,
    )


def text_of(item: Item) -> str:
    """The JSON text of the values in a record's item. Format 1 has it in another attribute."""
    attribute = item[RECORD] if RECORD in item else item[DATA]
    if "S" in attribute:
        text: str = attribute["S"]
        return text
    return zlib.decompress(attribute["B"]).decode()


def collection_item(raw: Mapping[str, Any], position: int) -> Item:
    """A collection's item: PocketBase's collection object, reduced to what serving files reads."""
    kept = _reduced(raw, _COLLECTION_KEYS)
    kept["fields"] = [_reduced(field, _FIELD_KEYS) for field in raw["fields"]]
    return {
        **keys.item_key(keys.CATALOGUE, f"{COLLECTION}{raw['id']}"),
        DATA: {"S": _json(kept)},
        "position": {"N": str(position)},
    }


def settings_item(raw: Mapping[str, Any]) -> Item:
    """The settings' item: the address rules alone, never a mail or storage secret."""
    kept = _reduced(raw, ("superuserIPs", "trustedProxy"))
    return {**keys.item_key(keys.CATALOGUE, SETTINGS), DATA: {"S": _json(kept)}}


def _reduced(raw: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    """The wanted keys of an object, as far as it has them."""
    return {key: raw[key] for key in wanted if key in raw}


def header_item(definitions: int, indexed: Iterable[tuple[str, str]]) -> Item:
    """The header of a version of the catalogue: how many definitions it has, and which fields, by
    collection id and field id, have index items."""
    return {
        **keys.item_key(keys.CATALOGUE, HEADER),
        "definitions": {"N": str(definitions)},
        DATA: {"S": _json(sorted(indexed))},
    }


def indexed_from(header: Item) -> frozenset[tuple[str, str]]:
    """The fields with index items that a header lists."""
    return frozenset((collection, field) for collection, field in json.loads(header[DATA]["S"]))


def catalogue_from(
    items: Iterable[Item], *, versioned: bool = False
) -> tuple[Collections, Settings, frozenset[str]]:
    """All collections, the settings, and the ids of collections that a mass deletion would remove.

    Raises ``Outdated`` for a version of the catalogue that is no longer whole.
    """
    collections = []
    held = set()
    indexed: frozenset[tuple[str, str]] = frozenset()
    settings = Settings()
    definitions = 0
    expected = 0
    for item in items:
        sk = item["sk"]["S"]
        raw = json.loads(item[DATA]["S"])
        if sk == HEADER:
            expected = int(item["definitions"]["N"])
            indexed = indexed_from(item)
            continue
        definitions += 1
        if sk == SETTINGS:
            settings = Settings.from_json(raw)
            continue
        position = int(item["position"]["N"])
        collections.append(Collection.from_json(raw, position))
        if raw.get("held"):
            held.add(raw["id"])
    if versioned and (not expected or definitions != expected):
        raise Outdated("the catalogue's version has been removed")
    return Collections(collections, indexed), settings, frozenset(held)


def _by_id(collection: Collection, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values by field id."""
    if collection.type == "view":
        return dict(values)
    key_of = {field.name: f"{keys.MARK}{field.id}" for field in collection.fields}
    by_id = {}
    for name, value in values.items():
        by_id[key_of.get(name, name)] = value
    return by_id


def _by_name(collection: Collection, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values by name. What belongs to a field that the collection does not have is left out."""
    names = {f"{keys.MARK}{field.id}": field.name for field in collection.fields}
    named = {}
    for key, value in values.items():
        name = names.get(key, key)
        if not name.startswith(keys.MARK):
            named[name] = value
    return named


def _packed(values: Mapping[str, Value] | None) -> dict[str, Any]:
    text = _json(values)
    encoded = text.encode()
    if len(encoded) <= COMPRESS_ABOVE_BYTES:
        return {"S": text}
    return {"B": zlib.compress(encoded)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
