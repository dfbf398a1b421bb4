"""The audit log: a log group of its own for the openings of protected files.

A function can write to one log group only, so the lines go there by a call to CloudWatch Logs. A
call that fails fails no request: ``handle`` then writes the line to the function's own log.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pocketfiles import aws
from pocketfiles.errors import DeadlineExceeded, StorageUnavailable
from pocketfiles.timing import spent_on

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

SERVICE = "CloudWatch Logs"
TIMEOUTS = aws.Timeouts(connect=1, read=1, attempts=2)
"""Shorter than other calls': the file is ready, and the client waits for this alone."""

PAUSE_SECONDS = 10
"""How long no line is sent after a failure, so that an outage delays few requests."""

MILLISECONDS = 1000


class AuditLog:
    """Writes lines to one stream of a log group.

    ``monotonic`` returns seconds, for the pause; ``clock`` seconds since the epoch, for the lines.
    """

    def __init__(
        self,
        client: "CloudWatchLogsClient",
        group: str,
        stream: str,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._group = group
        self._stream = stream
        self._monotonic = monotonic
        self._clock = clock
        self._failure: Exception | None = None
        self._failed_at = 0.0

    def of_request(self, request_id: str) -> Callable[[Mapping[str, object]], None]:
        """``write`` for lines that name this request of Lambda's, as the function's own do."""
        return lambda line: self.write({**line, "function_request_id": request_id})

    def write(self, line: Mapping[str, object]) -> None:
        """Write one line as JSON. Raises the ``Refusal`` that a failed call leads to, and during
        the pause the same without a call."""
        if self._failure and self._monotonic() - self._failed_at < PAUSE_SECONDS:
            raise aws.refusal(SERVICE, self._failure)
        event = {
            "timestamp": int(self._clock() * MILLISECONDS),
            "message": json.dumps(line, separators=(",", ":")),
        }
        try:
            with spent_on("logs"):
                answer = self._client.put_log_events(
                    logGroupName=self._group,
                    logStreamName=self._stream,
                    logEvents=[event],  # type: ignore[list-item]
                )
        except aws.AWS_ERRORS as error:
            refusal = aws.refusal(SERVICE, error)
            if not isinstance(refusal, DeadlineExceeded):
                self._failure = error
                self._failed_at = self._monotonic()
            raise refusal from error
        self._failure = None
        if answer.get("rejectedLogEventsInfo"):
            raise StorageUnavailable(f"{SERVICE}: the line was rejected")
