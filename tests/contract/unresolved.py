"""Recorded rows that we do not answer as PocketBase does yet, each with its kind.

They are listed in unresolved.jsonl. The tests are strict: a row that begins to hold fails them
until its line is taken off the list. What differs on purpose is in ``deviations.py``.
"""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


def unresolved(file: str) -> dict[int, str]:
    """The kind of each unresolved row of a recorded file, by its line, counted from 1."""
    rows = (json.loads(line) for line in (HERE / "unresolved.jsonl").read_text().splitlines())
    return {row["line"]: row["kind"] for row in rows if row["file"] == file}
