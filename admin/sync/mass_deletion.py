"""Which deletions of a sync are so many that a person must agree.

A sync that would delete more than half of the table's records or of the bucket's files, and at
least ten, or every collection that somebody made and that has records, holds these deletions back.
All else it carries out.
"""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION

from ..errors import MassDeletion
from .differences import NOTHING_HELD, Differences, HeldBack
from .mirror import Mirror
from .mirror_file import one

AT_LEAST = 10

_USERS = "_pb_users_auth_"
"""The id of the collection that every PocketBase begins with, beside its system's."""


@dataclass(frozen=True)
class Verdict:
    """What is held back, and why, in words; nothing without reasons."""

    held: HeldBack = NOTHING_HELD
    reasons: list[str] = field(default_factory=list)

    def refusal(self, directory: Path) -> MassDeletion | None:
        """What to tell the operator."""
        if not self.reasons:
            return None
        return MassDeletion(
            f"this sync would delete {' and '.join(self.reasons)}; that is held back, and all else "
            "is done. Until it is settled, protected files open only if they would open after the "
            f"deletion too: if {directory} is right, give --allow-mass-deletion"
        )


def judge(mirror: Mirror) -> Verdict:
    """Find out what of the mirror's differences must be held back."""
    differences = Differences(mirror)
    gone_items = differences.gone_items(removing=True)
    gone_by_collection = Counter(item.pk for item in gone_items if keys.is_record(item.pk))
    reasons = []
    collections = _collections(mirror)
    if collections:
        reasons.append(f"all {len(collections)} collections")
    records = _records(mirror, gone_by_collection)
    if records:
        reasons.append(records)
    files, all_files = _files(mirror)
    is_mass_of_files = AT_LEAST <= files > all_files - files
    if is_mass_of_files:
        reasons.append(f"{files} of the bucket's {all_files} files")
    most = {
        collection_id
        for collection_id, gone in gone_by_collection.items()
        if 2 * gone > mirror.actual_records(collection_id)
    }
    held = NOTHING_HELD
    if collections or records:
        held = HeldBack(frozenset(collections), frozenset(most))
    if is_mass_of_files:
        held = replace(held, files=_files_beside(held, mirror))
    return Verdict(held, reasons) if reasons else Verdict()


def _records(mirror: Mirror, gone_by_collection: Counter[str]) -> str:
    """How many of the table's records would be deleted, if that is a mass deletion; else empty."""
    gone = gone_by_collection.total()
    actual = one(
        mirror.db,
        "SELECT count(*) FROM items WHERE is_record(pk) AND digest IS NOT NULL",
    )
    is_mass = AT_LEAST <= gone > actual - gone
    return f"{gone} of the table's {actual} records" if is_mass else ""


def _files(mirror: Mirror) -> tuple[int, int]:
    """The bucket's files that would be deleted, and all that it has."""
    gone = sum(1 for _ in Differences(mirror).gone_files())
    kept = one(mirror.db, "SELECT count(*) FROM files f JOIN objects o ON o.key = f.key")
    return gone, gone + kept


def _files_beside(held: HeldBack, mirror: Mirror) -> frozenset[str]:
    """Ids of the collections that would lose most of their files besides those of held records, if
    these files are no few."""
    gone_files = Differences(mirror, held=held).gone_files()
    gone_by_collection = Counter(action.key.partition("/")[0] for action in gone_files)
    if gone_by_collection.total() < AT_LEAST:
        return frozenset()
    return frozenset(
        collection_id
        for collection_id, gone in gone_by_collection.items()
        if gone > _kept_files(mirror, collection_id)
    )


def _kept_files(mirror: Mirror, collection_id: str) -> int:
    """How many files of a collection the bucket has and keeps."""
    query = "SELECT count(*) FROM files f JOIN objects o ON o.key = f.key WHERE f.cid = ?"
    count: int = one(mirror.db, query, (collection_id,))
    return count


def _collections(mirror: Mirror) -> set[str]:
    """User-defined collections with records that this sync would delete entirely."""
    ids = set()
    for sk, item in mirror.actual.items():
        if not sk.startswith(COLLECTION) or not _is_user_defined(item):
            continue
        if sk in mirror.desired:
            return set()
        ids.add(sk.removeprefix(COLLECTION))
    have_records = any(mirror.actual_records(collection_id) for collection_id in ids)
    return ids if have_records else set()


def _is_user_defined(item: Item) -> bool:
    raw = json.loads(item["data"]["S"])
    return not raw.get("system") and raw["id"] != _USERS
