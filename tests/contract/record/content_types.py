"""Records the type that PocketBase stores and serves for each content of types.jsonl."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.contract.record.pocketbase import PocketBase


def record(
    pocketbase: PocketBase, rows: Iterable[dict[str, Any]], _: Path
) -> Iterator[dict[str, Any]]:
    """Each row with the types and disposition of today. Leaves a record of each in ``photos``."""
    for row in rows:
        content = base64.b64decode(row["content"])
        uploaded = pocketbase.upload(
            "/api/collections/photos/records", [("any", row["name"], content)]
        )
        (name,) = uploaded["any"]
        answer = pocketbase.ask("GET", f"/api/files/photos/{uploaded['id']}/{name}", {}, raw=False)
        sidecar = pocketbase.sidecar("photos", uploaded["id"], name)
        yield row | {
            "content_type": sidecar["user.content_type"],
            "served_content_type": answer.header("content-type"),
            "disposition": (answer.header("content-disposition") or "").partition(";")[0],
        }
