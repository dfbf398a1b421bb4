import json

import pytest

from pocketfiles import metrics


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


def test_a_served_thumb_counts_its_bytes_and_times() -> None:
    assert list(metrics.of(200, 500, 12.5, {"thumb": "made"}, {"s3": 4.0})) == [
        ("Requests", "Count", 1),
        ("Served", "Count", 1),
        ("ThumbsMade", "Count", 1),
        ("Bytes", "Bytes", 500),
        ("Duration", "Milliseconds", 12.5),
        ("S3Duration", "Milliseconds", 4.0),
    ]


def test_a_denial_counts_as_refused_and_denied() -> None:
    names = [name for name, _, _ in metrics.of(404, 74, 1.0, {"denied": True}, {})]
    assert names == ["Requests", "Refused", "Denied", "Bytes", "Duration"]


def test_a_failed_thumb_is_counted_again_by_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"thumb": "failed", "reason": "not-stored: S3: SlowDown"}
    metrics.emit(200, 1, 1.0, facts, {})
    whole, by_reason = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert whole["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "PocketFiles"
    assert whole["ThumbsFailed"] == by_reason["ThumbsFailed"] == [1.0]
    assert by_reason["reason"] == "not-stored"
