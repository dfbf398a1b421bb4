"""Records which rules PocketBase saves, and whom each of them shows a record."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.contract.record.pocketbase import Answer, PocketBase

OF_THE_CLOCK = re.compile(
    r"@(now|yesterday|tomorrow|second|minute|hour|day|month|year|weekday)|strftime"
)
"""What may be decided otherwise at another moment."""

KEPT = 2
"""Cases of a new rule that are kept of each decision."""

DOCUMENTS = "documents"
"""The collection of rules.jsonl."""


def record(
    pocketbase: PocketBase, rows: Iterable[dict[str, Any]], _: Path
) -> Iterator[dict[str, Any]]:
    """Each row as PocketBase of today decides it.

    Cases that cannot be asked over HTTP stay as they are: those of a record without a protected
    file, those of a rule that PocketBase does not save, and those that the clock decides.
    """
    asking = _Asking(pocketbase)
    for row in rows:
        collection = row.get("collection", DOCUMENTS)
        saved = pocketbase.api("PATCH", f"/api/collections/{collection}", {"viewRule": row["rule"]})
        answered = row | {"valid": saved.status == 200}
        if answered["valid"] and not OF_THE_CLOCK.search(row["rule"]):
            decided = [asking.decided(collection, case) for case in row["cases"]]
            answered["cases"] = decided if "valid" in row else kept(decided)
        yield answered


def kept(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a new rule's cases, as many as are recorded of each decision."""
    shown = [case for case in cases if case["allow"]]
    denied = [case for case in cases if not case["allow"]]
    return shown[:KEPT] + denied[:KEPT]


class _Asking:
    """Cases as requests for a protected file."""

    def __init__(self, pocketbase: PocketBase) -> None:
        self._pocketbase = pocketbase
        self._token = cache(pocketbase.file_token)
        self._file = cache(self._protected_file)

    def decided(self, collection: str, case: dict[str, Any]) -> dict[str, Any]:
        """The case with PocketBase's decision."""
        name = self._file(collection, case["record"])
        if not name:
            return case
        path = f"/api/files/{collection}/{case['record']}/{quote(name)}"
        query = self._query(case)
        headers = dict(case["headers"])
        if "content_type" in case:
            headers["content-type"] = case["content_type"]
        answer = self._pocketbase.ask(
            case["method"],
            f"{path}?{query}" if query else path,
            headers,
            case.get("body", "").encode(),
            raw=False,
        )
        return case | {"allow": is_shown(answer)}

    def _query(self, case: dict[str, Any]) -> str:
        """The query as sent, with the owner's token in its place."""
        auth, query = case["auth"], case["query"]
        owner = ("users", auth) if isinstance(auth, str) else auth
        token = self._token(*owner) if owner else ""
        if isinstance(query, dict):
            return urlencode(query | ({"token": token} if token else {}))
        return str(query).replace("token=a.b.c", f"token={token}")

    def _protected_file(self, collection: str, record: str) -> str:
        """The name of the record's first protected file; empty when it has none."""
        select = "SELECT fields FROM _collections WHERE name = ?"
        ((fields,),) = self._pocketbase.rows(select, collection)
        for field in json.loads(fields):
            if field["type"] == "file" and field.get("protected"):
                column = f'SELECT "{field["name"]}" FROM "{collection}" WHERE id = ?'
                ((value,),) = self._pocketbase.rows(column, record)
                names = json.loads(value) if "[" in (value or "") else [value]
                if names and names[-1]:
                    return str(names[-1])
        return ""


def is_shown(answer: Answer) -> bool:
    """Whether the rule showed the record, with its file in storage or not.

    A refusal has ``X-Frame-Options``; the 404 of a file that is missing in storage has not
    (pocketbase.md §1.5).
    """
    return answer.status == 200 or answer.header("x-frame-options") is None
