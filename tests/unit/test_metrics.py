import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from local.intrinsics import load
from pocketfiles import metrics
from pocketfiles.log_fields import LogFields, ThumbOutcome
from pocketfiles.metrics import Measured
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "Served"),
        (204, "Served"),
        (206, "Served"),
        (302, "Redirected"),
        (304, "NotModified"),
        (400, "Refused"),
        (401, "Refused"),
        (404, "Refused"),
        (416, "Refused"),
        (500, "Failed"),
        (503, "Failed"),
    ],
)
def test_each_status_counts_as_one_outcome(status: int, name: str) -> None:
    assert metrics.outcome(status) == name


def measured(status: int, length: int, log_fields: LogFields, **spent: float) -> Measured:
    return Measured(status, length, 12.5, spent, log_fields)


def test_a_served_thumb_counts_its_bytes_and_times() -> None:
    assert list(metrics.of(measured(200, 500, LogFields(thumb="made"), s3=4.0))) == [
        ("Requests", "Count", 1),
        ("Served", "Count", 1),
        ("OperatorMustAct", "Count", 0),
        ("Overloaded", "Count", 0),
        ("ThumbsMade", "Count", 1),
        ("ThumbsServed", "Count", 0),
        ("ThumbsFailed", "Count", 0),
        ("Bytes", "Bytes", 500),
        ("Duration", "Milliseconds", 12.5),
        ("S3Duration", "Milliseconds", 4.0),
    ]


def test_a_denial_counts_as_refused_and_denied() -> None:
    names = [metric.name for metric in metrics.of(measured(404, 74, LogFields(denied=True)))]
    assert names == [
        "Requests",
        "Refused",
        "OperatorMustAct",
        "Overloaded",
        "Denied",
        "Bytes",
        "Duration",
    ]


@pytest.mark.parametrize("must_act", [True, False])
def test_what_only_an_operator_can_mend_is_counted(must_act: bool) -> None:
    found = metrics.of(measured(400, 74, LogFields(operator_must_act=must_act)))
    assert [metric.value for metric in found if metric.name == "OperatorMustAct"] == [must_act]


def test_a_503_counts_as_overloaded() -> None:
    found = list(metrics.of(measured(503, 76, LogFields())))
    assert ("Overloaded", "Count", 1) in found


def test_a_failed_thumb_is_counted_again_by_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    log_fields = LogFields(thumb="failed", reason="not-stored: S3: SlowDown")
    metrics.emit(measured(200, 1, log_fields))
    whole, by_reason = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert whole["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "PocketFiles"
    assert whole["ThumbsFailed"] == by_reason["ThumbsFailed"] == [1.0]
    assert by_reason["reason"] == "not-stored"


def test_every_combination_of_log_fields_counts_as_known_metrics() -> None:
    counted = set()
    for status in (200, 302, 304, 404, 500):
        for thumb in (None, *get_args(ThumbOutcome)):
            log_fields = LogFields(
                thumb=thumb,
                denied=status == 404,
                sync_age=3.5,
                invalidations_pending=1,
                audit_failed="for a reason",
            )
            found = metrics.of(measured(status, 1, log_fields, s3=1.0, dynamodb=1.0, logs=1.0))
            counted |= {metric.name for metric in found}
    assert counted == metrics.NAMES


def test_alarms_and_the_dashboard_use_existing_metrics() -> None:
    template = load((ROOT / "template.yaml").read_text())["Resources"]
    in_alarms = {
        metric["MetricName"]
        for metric in dictionaries(template)
        if metric.get("Namespace") == metrics.NAMESPACE
    }
    (board,) = [
        body["Properties"]["DashboardBody"]
        for body in template.values()
        if body["Type"] == "AWS::CloudWatch::Dashboard"
    ]
    on_board = set(
        re.findall(rf'\[(?:"{metrics.NAMESPACE}"|"\."), "(\w+)", "(?:service|\.)"', str(board))
    )
    assert in_alarms >= {"OperatorMustAct", "ThumbsFailed", "ThumbsMade", "ThumbsServed"}
    assert on_board >= {"Served", "Failed", "ThumbsMade"}
    assert in_alarms <= metrics.NAMES


def dictionaries(node: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary inside a value."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from dictionaries(child)
