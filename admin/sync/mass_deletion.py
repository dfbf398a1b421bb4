"""The guard of a sync: a wrong or fresh data directory must not empty the table and the bucket.

A sync that would delete more than half of the table's records or of the bucket's files, and at least ten, or
every collection that holds records, is not carried out.
"""

import json
from pathlib import Path

from pocketfiles.catalogue.generations import Item
from pocketfiles.catalogue.items import COLLECTION

from ..errors import MassDeletion
from .differences import Differences
from .mirror import Mirror, one

AT_LEAST = 10

_USERS = "_pb_users_auth_"
"""The id of the collection that every PocketBase begins with, beside its system's."""


def check(mirror: Mirror, directory: Path) -> None:
    """Raise ``MassDeletion`` if what ``mirror`` has to delete is that much."""
    reasons = [
        reason for reason in (_collections(mirror), _records(mirror), _files(mirror)) if reason
    ]
    if reasons:
        raise MassDeletion(
            f"this sync would delete {' and '.join(reasons)}, and nothing is changed: "
            f"if {directory} is the right data directory, give --allow-mass-deletion"
        )


def _records(mirror: Mirror) -> str:
    gone = sum("#" not in item.pk for item in Differences(mirror).gone_items(removing=True))
    there = one(mirror.db, "SELECT count(*) FROM items WHERE instr(pk, '#') = 0")
    return f"{gone} of the table's {there} records" if AT_LEAST <= gone > there - gone else ""


def _files(mirror: Mirror) -> str:
    gone = sum(1 for _ in Differences(mirror).gone_files())
    kept = one(mirror.db, "SELECT count(*) FROM files f JOIN objects o ON o.key = f.key")
    return f"{gone} of the bucket's {gone + kept} files" if AT_LEAST <= gone > kept else ""


def _collections(mirror: Mirror) -> str:
    """Those that somebody made, if they hold records and all of them go."""
    there = {sk for sk, item in mirror.there.items() if sk.startswith(COLLECTION) and _is_own(item)}
    if there & mirror.here.keys():
        return ""
    records = sum(mirror.records_there(sk.removeprefix(COLLECTION)) for sk in there)
    return f"all {len(there)} collections" if records else ""


def _is_own(item: Item) -> bool:
    raw = json.loads(item["data"]["S"])
    return not raw.get("system") and raw["id"] != _USERS
