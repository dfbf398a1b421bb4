"""This machine's clock, compared with AWS's.

Writers wait for leases to end and for requests on their way by their own clocks, and find in the
table what other machines wrote by theirs. That is safe as long as no clock is far off.
"""

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ..errors import TargetError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ERROR_SECONDS = 10.0
"""How far a clock may be off. Two such clocks differ by 20 s, which is the margin of what writers
wait for."""

_STARTED = "pocketfiles_started"


def watch(client: "DynamoDBClient") -> None:
    """Have each answer compared with the clock. A call raises ``TargetError`` if it is off."""
    client.meta.events.register("before-call.dynamodb", _note_start)
    client.meta.events.register("after-call.dynamodb", _compare)


def error_seconds(told: float, started: float, ended: float) -> float:
    """How far a clock is off for certain that showed ``started`` before a call and ``ended`` after
    it, if the other side told its time in between, in whole seconds; negative if it is slow."""
    if ended < told:
        return ended - told
    return max(0.0, started - (told + 1))


def _note_start(context: dict[str, Any], **_: Any) -> None:
    context[_STARTED] = time.time()


def _compare(http_response: Any, context: dict[str, Any], **_: Any) -> None:
    try:
        told = parsedate_to_datetime(http_response.headers.get("date", "")).timestamp()
    except ValueError:  # it tells no time
        return
    error = error_seconds(told, context[_STARTED], time.time())
    if abs(error) > MAX_ERROR_SECONDS:
        direction = "fast" if error > 0 else "slow"
        raise TargetError(
            f"the clock of this machine is {abs(error):.0f} s {direction}, by AWS's clock: set it "
            "right and run this again"
        )
