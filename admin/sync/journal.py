"""Notes in the mirror what becomes of each action that is carried out.

An action is noted before it is sent and again when it is done: one whose outcome nobody knows stays
a difference, so the next round repeats it.
"""

from pocketfiles import keys

from ..target.actions import (
    Action,
    ClearFile,
    DeleteFile,
    DeleteItem,
    HoldItem,
    Publish,
    PutFile,
    PutItem,
)
from ..target.bucket import Stored, uploaded
from ..target.items import digest, size
from .mirror import Mirror
from .mirror_file import MISSING, NEW_IN_DOUBT, NO_DIGEST, PRESENT, REPLACED_IN_DOUBT


def begin(mirror: Mirror, action: Action) -> None:
    """The action is about to be sent: until it is ``done``, nobody knows."""
    match action:
        case PutItem(item) if item["pk"]["S"] != keys.CATALOGUE:
            _unsure(mirror, item["pk"]["S"], item["sk"]["S"])
        case DeleteItem(pk, sk) if pk != keys.CATALOGUE:
            _unsure(mirror, pk, sk)
        case PutFile(key, _, replaces):
            in_doubt = REPLACED_IN_DOUBT if replaces else NEW_IN_DOUBT
            mirror.add_objects([Stored(key, in_doubt, "", 0.0)])


def done(mirror: Mirror, action: Action, generation: int) -> None:
    """The action is carried out; what it wrote counts once the generation is published."""
    match action:
        case PutItem(item) if item["pk"]["S"] != keys.CATALOGUE:
            _note(mirror, item["pk"]["S"], item["sk"]["S"], digest(item), generation, size(item))
        case DeleteItem(pk, sk) if pk != keys.CATALOGUE:
            _note(mirror, pk, sk, None, generation, 0)
        case HoldItem(pk, sk):
            mirror.db.execute(
                "UPDATE items SET digest = ?, generation = ?, held = 1 WHERE pk = ? AND sk = ?",
                (NO_DIGEST, generation, pk, sk),
            )
        case PutFile(key, file):
            mirror.add_objects([uploaded(key, file)])
            mirror.settle(key, PRESENT)
        case DeleteFile(key) | ClearFile(key):
            mirror.db.execute("DELETE FROM objects WHERE owner = ?", (key,))
        case _:
            pass


def published(mirror: Mirror, action: Publish, generation: int) -> None:
    """What the generation wrote counts."""
    mirror.must_publish = False
    mirror.db.execute(
        "DELETE FROM payloads WHERE EXISTS (SELECT 1 FROM items i WHERE i.pk = cid "
        "AND i.sk = rid AND i.generation = ? AND i.digest <> ?)",
        (generation, NO_DIGEST),
    )
    if action.definitions is not None:
        mirror.catalogue.publish(action.definitions, action.indexed, generation)


def unpublished(mirror: Mirror, generation: int) -> None:
    """What the generation wrote does not count, and is written again."""
    mirror.db.execute(
        "UPDATE items SET digest = ?, held = 0 WHERE generation = ?", (NO_DIGEST, generation)
    )


def missed(mirror: Mirror, action: PutFile) -> None:
    """The file vanished before it could be uploaded."""
    mirror.db.execute("DELETE FROM objects WHERE key = ? AND size < 0", (action.key,))
    mirror.settle(action.key, MISSING)


def _unsure(mirror: Mirror, pk: str, sk: str) -> None:
    mirror.db.execute(
        "INSERT INTO items VALUES (?, ?, ?, NULL, 0, 0) "
        "ON CONFLICT (pk, sk) DO UPDATE SET digest = excluded.digest",
        (pk, sk, NO_DIGEST),
    )


def _note(
    mirror: Mirror, pk: str, sk: str, found: bytes | None, generation: int, room: int
) -> None:
    row = (pk, sk, found, generation, room, 0)
    mirror.db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)", row)
