"""The grammar of keys, read and written: S3 object keys and partition keys of the DynamoDB table.

S3 keys are PocketBase's own, so that both can share a bucket (pocketbase.md §6.1):

=====================================================  ==============================
``<collection id>/<record id>/<file>``                 an original
``<collection id>/<record id>/thumbs_<file>/<name>``   a thumb of that original
=====================================================  ==============================

Partition keys (``pk``) of the table; collection ids and field ids contain no ``#``:

=============================================  ====================================================
``#pointer#<copy>``                            the generation that counts, in a few copies
``#lease``                                     which writer may write
``#catalogue#<generation>``                    a version of the collections and the settings
``#catalogue``                                 the same in a table of format 1
``#later``                                     what is left to do once a while has passed
``<collection id>``                            the records of a collection
``<collection id>#<field id>#<value>``         the records whose field has the value; of a relation,
                                               the id it refers to
=============================================  ====================================================
"""

from dataclasses import dataclass

from pocketfiles.errors import NotFound

CATALOGUE = "#catalogue"
"""Partition key of the collections and the settings in a table of format 1."""

POINTER = "pointer"
"""Sort key of every copy of the pointer."""

POINTER_COPIES = 4
"""Copies of the pointer; each is in a partition of its own, which DynamoDB reads 3,000 times a
second."""

LEASE = "#lease"
"""Partition key of the lease."""

LATER = "#later"
"""Partition key of what is left to do later."""

MARK = "#"
"""Separates the parts of a partition key. The partition key of a record contains none."""

MAX_ID_BYTES = 1024
"""DynamoDB's limit for a sort key, and so for a record's id."""

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
    """The partition key of the records whose field has a value; of a relation, ``target_id``."""

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


def thumb(original_key: str, size: str, format_name: str = "") -> str:
    """The S3 key of an original's thumb of one size (pocketbase.md §6.1).

    ``format_name``: ``avif`` or ``webp`` for the thumb that clients get who ask for that format. It
    lies beside the plain thumb, so that PocketBase removes both with the file.
    """
    _, _, name = original_key.rpartition("/")
    ending = f".{format_name}" if format_name else ""
    return f"{thumbs_prefix(original_key)}{thumb_name(name, size)}{ending}"


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


def item_key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    """The key of an item of the table, in DynamoDB's attribute format."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def may_be_record_id(text: str) -> bool:
    """Whether a record can have this id. If not, it need not be looked up."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as a token's JSON may have
        return False
    return 0 < len(encoded) <= MAX_ID_BYTES


def pointer(copy: int) -> str:
    """The partition key of a copy of the pointer."""
    return f"#pointer{MARK}{copy}"


def catalogue(generation: int) -> str:
    """The partition key of the catalogue's version that a generation wrote."""
    return f"{CATALOGUE}{MARK}{generation}"


def is_definition(pk: str) -> bool:
    """Whether a partition key holds a version of the catalogue, of whatever format."""
    return pk == CATALOGUE or pk.startswith(CATALOGUE + MARK)


def is_data(pk: str) -> bool:
    """Whether a partition key holds records or index items, which have generations."""
    return not pk.startswith(MARK)


def is_record(pk: str) -> bool:
    """Whether a partition key holds the records of a collection."""
    return MARK not in pk


def collection_of(pk: str) -> str:
    """The collection id in the partition key of a record or of an index item."""
    return pk.partition(MARK)[0]


def parse_reference(pk: str) -> Reference | None:
    """The reference that a partition key stands for; ``None`` for any other kind of key."""
    if not is_data(pk):
        return None
    match pk.split(MARK, 2):
        case [collection_id, field_id, target_id]:
            return Reference(collection_id, field_id, target_id)
    return None
