"""The grammar of keys, read and written: S3 object keys and partition keys of the DynamoDB table.

S3 keys are PocketBase's own, so that both can share a bucket (pocketbase.md §6.1):

=====================================================  ==============================
``<collection id>/<record id>/<file>``                 an original
``<collection id>/<record id>/thumbs_<file>/<name>``   a thumb of that original
=====================================================  ==============================

Partition keys (``pk``) of the table; collection ids and field ids contain no ``#``:

=============================================  ====================================================
``#catalogue``                                 the collections and the settings
``<collection id>``                            the records of a collection
``<collection id>#<field id>#<target id>``     the records whose relation field holds the target
=============================================  ====================================================
"""

from dataclasses import dataclass

from pocketfiles.errors import NotFound

CATALOGUE = "#catalogue"
"""Partition key of the collections and the settings."""

MARK = "#"
"""Separates the parts of a partition key. The partition key of a record contains none."""

_THUMBS = "thumbs_"


@dataclass(frozen=True, slots=True)
class Thumb:
    """The S3 key of a thumb, taken apart: the key of its original and the thumb's own name."""

    original: str
    name: str


@dataclass(frozen=True, slots=True)
class Original:
    """The S3 key of an original."""

    key: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The partition key of the records that refer to ``target_id`` in one relation field."""

    collection_id: str
    field_id: str
    target_id: str

    @property
    def pk(self) -> str:
        """The partition key."""
        return MARK.join((self.collection_id, self.field_id, self.target_id))


def original(collection_id: str, record_id: str, name: str) -> str:
    """The S3 key of an uploaded file.

    File names come from records, never from requests. Even so, raises ``NotFound`` for a part that
    is empty, ``.``, ``..`` or contains ``/``, so that a hostile record cannot name an object
    outside its own folder.
    """
    for part in (collection_id, record_id, name):
        if not part or part in {".", ".."} or "/" in part:
            raise NotFound(f"no storage key from {part!r}")
    return f"{collection_id}/{record_id}/{name}"


def thumbs_prefix(original_key: str) -> str:
    """The prefix of all thumbs of an original, with the final slash."""
    folder, _, name = original_key.rpartition("/")
    return f"{folder}/{_THUMBS}{name}/"


def thumb(original_key: str, size: str) -> str:
    """The S3 key of an original's thumb of one size (pocketbase.md §6.1)."""
    name = original_key.rpartition("/")[2]
    return thumbs_prefix(original_key) + thumb_name(name, size)


def thumb_name(name: str, size: str) -> str:
    """The name a thumb is served under. The extension stays the original's."""
    return f"{size}_{name}"


def parse(key: str) -> Original | Thumb | None:
    """What an S3 key names. ``None`` for keys outside this grammar, which are not ours to touch."""
    match key.split("/"):
        case [collection_id, record_id, name] if collection_id and record_id and name:
            return Original(key)
        case [collection_id, record_id, folder, name] if folder.startswith(_THUMBS):
            file = folder.removeprefix(_THUMBS)
            if collection_id and record_id and file and name:
                return Thumb(f"{collection_id}/{record_id}/{file}", name)
    return None


def is_record(pk: str) -> bool:
    """Whether a partition key holds the records of a collection."""
    return MARK not in pk


def parse_reference(pk: str) -> Reference | None:
    """The reference that a partition key stands for; ``None`` for any other kind of key."""
    match pk.split(MARK, 2):
        case [collection_id, field_id, target_id]:
            return Reference(collection_id, field_id, target_id)
    return None
