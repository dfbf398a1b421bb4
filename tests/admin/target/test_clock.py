"""This machine's clock, compared with AWS's."""

import time
from email.utils import formatdate

import boto3
import pytest

from admin.errors import TargetError
from admin.target import clock
from tests.conftest import Cloud
from tests.faults.proxy import Answer, Exchange, Proxy, Rule, running


@pytest.mark.parametrize(
    ("told", "started", "ended", "error"),
    [
        (100.0, 100.4, 100.6, 0),  # a second is told whole
        (100.0, 95.0, 105.0, 0),  # the answer took its time
        (100.0, 100.9, 150.0, 0),
        (100.0, 130.0, 140.0, 29),
        (100.0, 60.0, 70.0, -30),
    ],
)
def test_a_clock_is_off_by_what_no_delay_explains(
    told: float, started: float, ended: float, error: float
) -> None:
    assert clock.error_seconds(told, started, ended) == error


def dated(seconds_off: float) -> Rule:
    """Answers by a clock that is that far from this machine's."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.upstream()
        date = ("Date", formatdate(time.time() + seconds_off, usegmt=True))
        exchange.send(Answer(answer.status, (*answer.headers, date), answer.body))

    return Rule("dynamodb", fault)


@pytest.mark.parametrize(
    ("seconds_off", "direction"), [(600, "slow"), (-600, "fast"), (0, ""), (None, "")]
)
def test_a_call_fails_in_words_if_the_clock_is_off(
    seconds_off: float | None, direction: str, cloud: Cloud
) -> None:
    with running(cloud.endpoint) as proxy:
        ask(proxy, cloud, seconds_off, direction)


def ask(proxy: Proxy, cloud: Cloud, seconds_off: float | None, direction: str) -> None:
    """Make a call through the proxy, and see how it ends."""
    if seconds_off is not None:
        proxy.rules.append(dated(seconds_off))
    client = boto3.client("dynamodb", endpoint_url=proxy.url)
    clock.watch(client)
    if not direction:
        client.describe_table(TableName=cloud.table)
        return
    with pytest.raises(TargetError, match=rf"clock of this machine is 6\d\d s {direction}|59\d s"):
        client.describe_table(TableName=cloud.table)
