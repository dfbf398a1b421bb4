"""What CloudWatch counts, in its embedded metric format: one line a request, no call, no cost in latency.

All metrics bear the dimension ``service``; failed thumbs are counted once more by ``reason``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

NAMESPACE = "PocketFiles"

Metric: TypeAlias = tuple[str, str, float]
"""Name, CloudWatch unit, value."""

_TITLES = {"s3": "S3", "dynamodb": "DynamoDB"}
_BY_THUMB = {"made": "ThumbsMade", "stored": "ThumbsServed", "failed": "ThumbsFailed"}


def of(
    status: int,
    length: int,
    milliseconds: float,
    facts: Mapping[str, Any],
    spent: Mapping[str, float],
) -> Iterator[Metric]:
    """The metrics of one answer: its outcome, thumb, bytes and times."""
    yield "Requests", "Count", 1
    yield outcome(status), "Count", 1
    if facts.get("denied"):
        yield "Denied", "Count", 1
    if facts.get("thumb") in _BY_THUMB:
        yield _BY_THUMB[facts["thumb"]], "Count", 1
    if length:
        yield "Bytes", "Bytes", length
    yield "Duration", "Milliseconds", milliseconds
    for service, value in spent.items():
        yield f"{_TITLES[service]}Duration", "Milliseconds", value


def outcome(status: int) -> str:
    """The metric an answer's status counts as."""
    if status == 302:
        return "Redirected"
    if status == 304:
        return "NotModified"
    if status >= 500:
        return "Failed"
    return "Refused" if status >= 400 else "Served"


def emit(
    status: int,
    length: int,
    milliseconds: float,
    facts: Mapping[str, Any],
    spent: Mapping[str, float],
) -> None:
    """Write the metrics of one answer to standard output, where Lambda passes them to CloudWatch."""
    from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: PLC0415 - loaded with the logger already

    line = EphemeralMetrics(namespace=NAMESPACE)
    for name, unit, value in of(status, length, milliseconds, facts, spent):
        line.add_metric(name, unit, value)
    line.flush_metrics()
    if facts.get("thumb") == "failed":
        by_reason = EphemeralMetrics(namespace=NAMESPACE)
        by_reason.add_dimension("reason", str(facts.get("reason", "")).partition(":")[0])
        by_reason.add_metric("ThumbsFailed", "Count", 1)
        by_reason.flush_metrics()
