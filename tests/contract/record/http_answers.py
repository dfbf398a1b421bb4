"""Records the answer to each request of http.jsonl and http-more.jsonl."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.contract.record.pocketbase import Answer, PocketBase

UNRECORDED = {"connection", "date", "transfer-encoding"}
LONGEST_TEXT = 2000
"""Bytes of a text body that is recorded as such."""
LONGEST_CUT_TOKEN = 40
"""Letters of a token that ``fields`` cut short; a longer one is a new token."""
NEW_TOKEN = "(a new token)"


def record(
    pocketbase: PocketBase, rows: Iterable[dict[str, Any]], _: Path
) -> Iterator[dict[str, Any]]:
    """Each row with its request as it was and PocketBase's answer of today."""
    for row in rows:
        raw = row.get("raw_body", False)
        body = row.get("body", "").encode()
        answer = pocketbase.ask(row["method"], row["path"], row["headers"], body, raw=raw)
        yield question(row) | described(row, answer)


def question(row: dict[str, Any]) -> dict[str, Any]:
    """What of a row is the request."""
    asked = ("name", "method", "path", "headers", "body", "raw_body")
    return {name: row[name] for name in asked if name in row}


def described(row: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """What of a row is the answer, with a checksum if it had one or is new.

    The file's date stays as recorded: that of a copied data directory says nothing.
    """
    recorded = dict(row.get("response_headers", ())).get("last-modified")
    headers = [
        [name, (recorded or value) if name == "last-modified" else value]
        for name, value in answer.headers
        if name not in UNRECORDED
    ]
    found = {"status": answer.status, "response_headers": headers, "length": len(answer.body)}
    if holds_new_token(row, answer):
        return found | {"text": NEW_TOKEN}
    if "sha256" in row or "status" not in row:
        found["sha256"] = hashlib.sha256(answer.body).hexdigest()
    kind = answer.header("content-type") or ""
    if len(answer.body) < LONGEST_TEXT and kind.startswith(("application/json", "text/")):
        found["text"] = answer.body.decode("utf-8", "replace")
    return found


def holds_new_token(row: dict[str, Any], answer: Answer) -> bool:
    """Whether the body is another one each time."""
    asks_for_token = row["path"].startswith("/api/files/token") and answer.status == 200
    return asks_for_token and len(answer.body) > LONGEST_CUT_TOKEN + len('{"token":""}\n')
