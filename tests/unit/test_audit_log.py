import json
import time
import uuid
from typing import Any

import pytest

from pocketfiles import aws
from pocketfiles.audit_log import PAUSE_SECONDS, AuditLog
from pocketfiles.deadline import deadline_in
from pocketfiles.errors import DeadlineExceeded, StorageUnavailable
from tests.clock import Clock

STREAM = "openings"


class AuditGroup:
    """A log group of moto's, which may not exist yet, and the audit log that writes to it."""

    def __init__(self) -> None:
        self.client = aws.client("logs")
        self.name = f"audit-{uuid.uuid4().hex}"
        self.clock = Clock()
        self.log = AuditLog(self.client, self.name, STREAM, self.clock)

    def create(self) -> None:
        # A client that does not try again: on a busy machine the group would be there already.
        client = aws.client("logs", aws.Timeouts(connect=300, read=300, attempts=1))
        client.create_log_group(logGroupName=self.name)
        client.create_log_stream(logGroupName=self.name, logStreamName=STREAM)

    def events(self) -> list[Any]:
        found = self.client.get_log_events(logGroupName=self.name, logStreamName=STREAM)
        return list(found["events"])


@pytest.fixture
def group(endpoint: str) -> AuditGroup:
    return AuditGroup()


def test_a_line_is_one_event_with_the_request_that_it_is_about(group: AuditGroup) -> None:
    group.create()
    group.log.of_request("r-1")({"message": "opened", "collection": "papers", "generation": 7})
    (event,) = group.events()
    assert json.loads(event["message"]) == {
        "message": "opened",
        "collection": "papers",
        "generation": 7,
        "function_request_id": "r-1",
    }
    assert abs(event["timestamp"] / 1000 - time.time()) < 60


def test_a_missing_group_is_refused_without_a_call_until_the_pause_is_over(
    group: AuditGroup,
) -> None:
    for moment in (0, PAUSE_SECONDS - 1):
        group.clock.now = moment
        with pytest.raises(StorageUnavailable, match="ResourceNotFoundException") as caught:
            group.log.write({"number": moment})
        assert caught.value.operator_must_act
        if not moment:
            group.create()
    group.clock.now = PAUSE_SECONDS
    group.log.write({"number": 2})
    group.log.write({"number": 3})
    assert [json.loads(event["message"])["number"] for event in group.events()] == [2, 3]


def test_a_request_out_of_time_makes_no_call_and_no_pause(group: AuditGroup) -> None:
    group.create()
    with deadline_in(0), pytest.raises(DeadlineExceeded):
        group.log.write({"number": 1})
    group.log.write({"number": 2})
    assert len(group.events()) == 1


def test_a_line_that_cloudwatch_rejects_is_refused(group: AuditGroup) -> None:
    group.create()
    weeks_ago = time.time() - 30 * 24 * 3600
    log = AuditLog(group.client, group.name, STREAM, group.clock, lambda: weeks_ago)
    with pytest.raises(StorageUnavailable, match="rejected"):
        log.write({"number": 1})
