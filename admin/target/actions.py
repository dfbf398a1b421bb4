"""What can be done to the table and the bucket: one value for each write or deletion."""

from dataclasses import dataclass
from typing import TypeAlias

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION

from ..source.storage import LocalFile


@dataclass(frozen=True)
class PutItem:
    """Write an item of the table."""

    item: Item

    def __str__(self) -> str:
        return f"put {_named(self.item['pk']['S'], self.item['sk']['S'])}"


@dataclass(frozen=True)
class DeleteItem:
    """Remove an item of the table."""

    pk: str
    sk: str

    def __str__(self) -> str:
        return f"delete {_named(self.pk, self.sk)}"


@dataclass(frozen=True)
class PutFile:
    """Upload a file to its key."""

    key: str
    file: LocalFile
    replaces: bool = False
    """Whether other bytes lie at the key."""

    def __str__(self) -> str:
        return f"upload {self.key} ({self.file.size} bytes, {self.file.content_type})"


@dataclass(frozen=True)
class DeleteFile:
    """Remove an object and its thumbs."""

    key: str

    def __str__(self) -> str:
        return f"delete file {self.key}"


Action: TypeAlias = PutItem | DeleteItem | PutFile | DeleteFile


def _named(pk: str, sk: str) -> str:
    """An item as a person would call it."""
    if pk == keys.CATALOGUE:
        return sk.replace(COLLECTION, "collection ")
    reference = keys.parse_reference(pk)
    if reference is not None:
        source = f"{reference.collection_id}/{sk}"
        return f"reference {source} {reference.field_id} -> {reference.target_id}"
    return f"record {pk}/{sk}"
