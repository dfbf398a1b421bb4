"""Every recorded kind of content is stored and served under PocketBase's type and disposition."""

import base64
import json
from typing import Any

import pytest

from admin.standalone import sniffing
from pocketfiles.http import headers
from tests.conftest import ROOT

LINES = (ROOT / "tests/contract/types.jsonl").read_text("utf-8").splitlines()
ROWS = [json.loads(line) for line in LINES]


def test_all_recorded_types_are_here() -> None:
    assert len(ROWS) == 152


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_content_is_stored_under_the_recorded_type(row: dict[str, Any]) -> None:
    assert sniffing.content_type(base64.b64decode(row["content"])) == row["content_type"]


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_content_is_served_as_recorded(row: dict[str, Any]) -> None:
    name, stored = row["name"], row["content_type"]
    assert headers.content_type(name, stored) == row["served_content_type"]
    disposition = headers.disposition(name, stored, download=False)
    assert disposition.partition(";")[0] == row["disposition"]
