"""Rules on a difficult schema (zoo/README.md) are saved and decided as PocketBase does."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pocketfiles.http.messages import Request
from pocketfiles.http.query import parse_query
from tests.conftest import ROOT
from tests.contract.decisions import database, is_saved, is_shown

ZOO = ROOT / "tests" / "contract" / "zoo"
NOW = 1795656225.678  # the clock of every recorded decision: 2026-11-26 01:23:45.678 UTC
DATABASES = {"pb_data": "zoo.db", "odd/pb_data": "odd.db", "big/pb_data": "big.db"}


def differences(row: Mapping[str, Any]) -> list[str]:
    """What of a row we do not do as PocketBase does."""
    data = database(ZOO / DATABASES[row.get("data", "pb_data")])
    collection, rule = row["collection"], row["rule"]
    found = []
    if is_saved(data, collection, rule) != row["valid"]:
        found.append("is not saved" if row["valid"] else "is saved")
    for case in row.get("cases", ()):
        try:
            shown = is_shown(data, collection, rule, case, request_of(case), NOW)
        except Exception as error:  # a crash is a difference, too
            found.append(f"{error!r}: {case}")
        else:
            if shown != case["allow"]:
                found.append(f"is {'shown' if shown else 'denied'}: {case}")
    return found


def request_of(case: Mapping[str, Any]) -> Request:
    headers = {"host": "files.test"} | case["headers"]
    if "content_type" in case:
        headers["content-type"] = case["content_type"]
    body = case.get("body", "").encode()
    query = parse_query(case["query"])
    address = "192.0.2.7"
    return Request(case["method"], "/", query, headers, address, body, case["query"])


@pytest.mark.parametrize(("file", "count"), [("rules.jsonl", 3000), ("rules-corners.jsonl", 147)])
def test_every_rule_is_saved_and_decided_as_recorded(file: str, count: int) -> None:
    rows = [json.loads(line) for line in (ZOO / file).read_text("utf-8").splitlines()]
    assert len(rows) == count
    wrong = {
        f"line {line}, {row['rule']}": found
        for line, row in enumerate(rows, 1)
        if (found := differences(row))
    }
    assert wrong == {}, "PocketBase decides otherwise"
