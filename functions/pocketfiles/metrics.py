"""CloudWatch metrics in the embedded metric format: log lines, so no call and no latency.

Every metric has the dimension ``service``. Failed thumbs are also counted by ``reason``.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

from pocketfiles.log_fields import LogFields, ThumbOutcome

NAMESPACE = "PocketFiles"

REQUESTS = "Requests"
SERVED = "Served"
NOT_MODIFIED = "NotModified"
REDIRECTED = "Redirected"
REFUSED = "Refused"
FAILED = "Failed"
DENIED = "Denied"
OPERATOR_MUST_ACT = "OperatorMustAct"
OVERLOADED = "Overloaded"
BYTES = "Bytes"
DURATION = "Duration"
THUMBS_FAILED = "ThumbsFailed"
SYNC_AGE = "SyncAge"
AUDIT_FAILED = "AuditFailed"
INVALIDATIONS_PENDING = "InvalidationsPending"
INVALIDATION_DELAY = "InvalidationDelay"

BY_THUMB: Mapping[ThumbOutcome, str] = {
    "made": "ThumbsMade",
    "stored": "ThumbsServed",
    "failed": THUMBS_FAILED,
}
"""The metric of each thumb outcome. ``original`` is not counted: no thumb was to be had."""

DURATION_BY_SERVICE: Mapping[str, str] = {
    "s3": "S3Duration",
    "dynamodb": "DynamoDBDuration",
    "logs": "AuditDuration",
}

NAMES = frozenset(
    {
        REQUESTS,
        SERVED,
        NOT_MODIFIED,
        REDIRECTED,
        REFUSED,
        FAILED,
        DENIED,
        OPERATOR_MUST_ACT,
        OVERLOADED,
        BYTES,
        DURATION,
        SYNC_AGE,
        AUDIT_FAILED,
        INVALIDATIONS_PENDING,
        INVALIDATION_DELAY,
        *BY_THUMB.values(),
        *DURATION_BY_SERVICE.values(),
    }
)
"""Every metric there is. Alarms and the dashboard may name no other."""


class Metric(NamedTuple):
    """One measurement, with its CloudWatch unit."""

    name: str
    unit: str
    value: float


class Measured(NamedTuple):
    """What is measured of one request: bytes of the body, milliseconds in all and by service."""

    status: int
    length: int
    milliseconds: float
    spent: Mapping[str, float]
    log_fields: LogFields


def of(measured: Measured) -> Iterator[Metric]:
    """The metrics of one request.

    What alarms watch is counted as 0, too: a metric without data never ends an alarm for certain.
    """
    log_fields = measured.log_fields
    yield Metric(REQUESTS, "Count", 1)
    yield Metric(outcome(measured.status), "Count", 1)
    yield Metric(OPERATOR_MUST_ACT, "Count", int(log_fields.operator_must_act))
    yield Metric(OVERLOADED, "Count", int(measured.status == HTTPStatus.SERVICE_UNAVAILABLE))
    if log_fields.denied:
        yield Metric(DENIED, "Count", 1)
    if log_fields.thumb is not None and log_fields.thumb in BY_THUMB:
        for thumb_outcome, name in BY_THUMB.items():
            yield Metric(name, "Count", int(thumb_outcome == log_fields.thumb))
    if measured.length:
        yield Metric(BYTES, "Bytes", measured.length)
    yield Metric(DURATION, "Milliseconds", measured.milliseconds)
    yield from _of_the_sync(log_fields)
    if log_fields.audit_failed:
        yield Metric(AUDIT_FAILED, "Count", 1)
    for service, milliseconds in measured.spent.items():
        yield Metric(DURATION_BY_SERVICE[service], "Milliseconds", milliseconds)


def _of_the_sync(log_fields: LogFields) -> Iterator[Metric]:
    if log_fields.sync_age is not None:
        yield Metric(SYNC_AGE, "Seconds", log_fields.sync_age)
    if log_fields.invalidations_pending is not None:
        yield Metric(INVALIDATIONS_PENDING, "Count", log_fields.invalidations_pending)
        yield Metric(INVALIDATION_DELAY, "Seconds", log_fields.invalidation_delay or 0.0)


def outcome(status: int) -> str:
    """The metric that counts responses of this status."""
    if status == HTTPStatus.FOUND:
        return REDIRECTED
    if status == HTTPStatus.NOT_MODIFIED:
        return NOT_MODIFIED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FAILED
    return REFUSED if status >= HTTPStatus.BAD_REQUEST else SERVED


def emit(measured: Measured) -> None:
    """Write the metrics of one request to standard output, which Lambda sends to CloudWatch."""
    from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: PLC0415 - loaded with the logger already

    line = EphemeralMetrics(namespace=NAMESPACE)
    for metric in of(measured):
        line.add_metric(metric.name, metric.unit, metric.value)
    line.flush_metrics()
    if measured.log_fields.thumb == "failed":
        by_reason = EphemeralMetrics(namespace=NAMESPACE)
        by_reason.add_dimension("reason", measured.log_fields.reason.partition(":")[0])
        by_reason.add_metric(THUMBS_FAILED, "Count", 1)
        by_reason.flush_metrics()
