"""The collections and records of a table as they are now, at the generation that counts."""

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.generations import Item, value_at
from pocketfiles.catalogue.items import record_from, record_items
from pocketfiles.catalogue.model import Collection, Record
from pocketfiles.catalogue.table import Table

from ..errors import AdminError
from ..target.items import references
from .lookup import find_collection
from .thumbs import MAX_RECORDS


class CurrentRecords:
    """Reads one table; nothing is kept from one call to the next."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def collection(self, name_or_id: str) -> Collection:
        """Find a collection by name or id. Raises ``AdminError``."""
        collections = snapshot_of(self.table).collections
        return find_collection(collections, name_or_id)

    def record(self, collection: Collection, record_id: str) -> Record:
        """Find a record by id. Raises ``AdminError``."""
        return record_from(self.item(collection, record_id), collection)

    def item(self, collection: Collection, record_id: str) -> Item:
        """The item of a record. Raises ``AdminError`` if there is none."""
        item = self.find_item(collection, record_id)
        if item is None:
            raise AdminError(f"there is no record {record_id} in {collection.name}")
        return item

    def find_item(self, collection: Collection, record_id: str) -> Item | None:
        """The item of a record, or ``None``."""
        item = self.table.get_item(collection.id, record_id)
        if item is None:
            return None
        return value_at(item, self.table.pointer())

    def items_of(self, collection: Collection, record: Record) -> list[Item]:
        """The record's item, then its index items, as the table is to hold them."""
        indexed = snapshot_of(self.table).collections.indexed or frozenset()
        return record_items(collection, record, references(collection, record, indexed))

    def with_email(self, collection: Collection, email: str) -> list[str]:
        """Ids of the records of an auth collection that have the e-mail address."""
        records = snapshot_of(self.table).reader.all(collection.id, MAX_RECORDS)
        return [record.id for record in records if record.values.get("email") == email]
