"""Recorded rows that we do not answer as PocketBase does yet, each with its kind.

They are listed in unresolved.jsonl. The tests are strict: a row that begins to hold fails them
until its line is taken off the list. What differs on purpose is in ``deviations.py``.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def unresolved(file: str) -> dict[int, str]:
    """The kind of each unresolved row of a recorded file, by its line, counted from 1.

    A row with ``before_sqlite`` differs only on a Python whose SQLite is older than that.
    """
    rows = (json.loads(line) for line in (HERE / "unresolved.jsonl").read_text().splitlines())
    return {row["line"]: row["kind"] for row in rows if row["file"] == file and _applies(row)}


def _applies(row: Mapping[str, Any]) -> bool:
    newer: list[int] | None = row.get("before_sqlite")
    return newer is None or sqlite3.sqlite_version_info < tuple(newer)
