"""Every recorded rule is refused, allowed or denied as PocketBase decided it."""

import json
from datetime import UTC, datetime

import pytest

from pocketfiles.http.messages import Request
from tests.conftest import DEMO, ROOT
from tests.contract.decisions import database, is_saved, is_shown

LINES = (ROOT / "tests/contract/rules.jsonl").read_text("utf-8").splitlines()
RECORDED = [json.loads(line) for line in LINES]
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC).timestamp()
DATA = database(DEMO / "data.db")


def test_there_are_twelve_hundred_rules() -> None:
    assert len(RECORDED) == 1200


@pytest.mark.parametrize("rule", [line["rule"] for line in RECORDED if not line["valid"]], ids=repr)
def test_a_rule_that_pocketbase_does_not_save_is_refused(rule: str) -> None:
    assert not is_saved(DATA, "documents", rule)


def test_every_case_is_decided_as_recorded() -> None:
    wrong = []
    for line in (line for line in RECORDED if line["valid"]):
        assert is_saved(DATA, "documents", line["rule"])
        for case in line["cases"]:
            auth = ("users", case["auth"]) if case["auth"] else None
            token = {"token": "a.b.c"} if auth else {}
            headers = {"host": "files.test", "accept-encoding": "identity"} | case["headers"]
            request = Request(case["method"], "/", case["query"] | token, headers, "192.0.2.7")
            asked = case | {"auth": auth}
            shown = is_shown(DATA, "documents", line["rule"], asked, request, NOW)
            if shown != case["allow"]:
                wrong.append((line["rule"], case))
    assert wrong == []
