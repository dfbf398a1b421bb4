"""What can be done to the table and the bucket: one value for each write or deletion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION

from ..source.storage import LocalFile


@dataclass(frozen=True)
class PutItem:
    """Write an item of the table. ``known``: the generation of the value that is there, ``None``
    for no item; ``room``: its size in bytes."""

    item: Item
    known: int | None = None
    room: int = 0

    def __str__(self) -> str:
        return f"put {_named(self.item['pk']['S'], self.item['sk']['S'])}"


@dataclass(frozen=True)
class DeleteItem:
    """Remove an item of the table; ``known`` and ``room`` as for ``PutItem``."""

    pk: str
    sk: str
    known: int | None = None
    room: int = 0

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


@dataclass(frozen=True)
class HoldItem:
    """Keep a record that a mass deletion would remove until somebody decides."""

    pk: str
    sk: str
    known: int | None = None

    def __str__(self) -> str:
        return f"hold {_named(self.pk, self.sk)}"


@dataclass(frozen=True)
class ClearFile:
    """Remove an object whose new bytes are uploaded later."""

    key: str

    def __str__(self) -> str:
        return f"clear file {self.key}"


@dataclass(frozen=True)
class PutOff:
    """Upload a file in a later round, once no request can go by the data before."""

    key: str

    def __str__(self) -> str:
        return f"put off the upload of {self.key}"


@dataclass(frozen=True)
class RememberFiles:
    """Note that a collection comes or goes: were the run to die, its files could be left behind."""

    collection_id: str

    def __str__(self) -> str:
        return f"remember the files of {self.collection_id}"


@dataclass(frozen=True)
class ForgetFiles:
    """Note that no files of a collection are left behind."""

    collection_id: str

    def __str__(self) -> str:
        return f"forget the files of {self.collection_id}"


@dataclass(frozen=True)
class Publish:
    """Make all that was written count. ``definitions``: those of the new catalogue, ``None`` if it
    stays; ``holding``: whether a mass deletion is held back."""

    definitions: Mapping[str, Item] | None
    indexed: frozenset[tuple[str, str]] = frozenset()
    holding: bool = False

    def __str__(self) -> str:
        return "publish"


Change: TypeAlias = PutItem | DeleteItem | PutFile | DeleteFile
"""What is counted and shown."""

Action: TypeAlias = Change | HoldItem | ClearFile | PutOff | RememberFiles | ForgetFiles | Publish


def is_change(action: Action) -> TypeGuard[Change]:
    """Whether an action is counted and shown."""
    return isinstance(action, PutItem | DeleteItem | PutFile | DeleteFile)


def _named(pk: str, sk: str) -> str:
    """An item as a person would call it."""
    if pk == keys.CATALOGUE:
        return sk.replace(COLLECTION, "collection ")
    reference = keys.parse_reference(pk)
    if reference is not None:
        source = f"{reference.collection_id}/{sk}"
        return f"reference {source} {reference.field_id} -> {reference.target_id}"
    return f"record {pk}/{sk}"
