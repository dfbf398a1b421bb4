"""Each row of the table of outages in docs/production.md: the response, and the alarm."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pocketfiles import audit_log, aws, metrics
from pocketfiles.audit_log import AuditLog
from pocketfiles.errors import Forbidden
from pocketfiles.handle import refuse
from pocketfiles.log_fields import LogFields
from pocketfiles.metrics import Measured
from pocketfiles.origin import SUSPICIOUS_REFUSALS, Origin
from tests.conftest import ROOT, Cloud
from tests.fakes import request
from tests.faults.proxy import Fault, Proxy, Rule
from tests.faults.proxy import refuse as answer_with
from tests.faults.world import NAME, OTHER, PROTECTED, SIZE, Response, World, new_world
from tests.pointer import put_pointer

ALARMS = {
    metrics.OPERATOR_MUST_ACT: ("OperatorAlarm", 0),
    metrics.OVERLOADED: ("OverloadAlarm", 0),
    metrics.INVALIDATION_DELAY: ("InvalidationAlarm", 3600),
}
"""The alarm that watches each of these metrics, and above which value it rings."""

COUNTED = ("operator_must_act", "invalidations_pending", "invalidation_delay")
"""The fields of a log line that the metrics are counted from."""

SECRET = "s" * 40


@dataclass(frozen=True)
class Seen:
    """What came of an outage: the status and the alarms of a file, and the status of a token."""

    file: int
    token: int | None
    alarms: set[str]


def alarms_of(status: int, log_fields: LogFields) -> set[str]:
    """The alarms that one response makes ring."""
    counted = metrics.of(Measured(status, 0, 0.0, {}, log_fields))
    watched = [(*ALARMS[each.name], each.value) for each in counted if each.name in ALARMS]
    return {alarm for alarm, threshold, value in watched if value > threshold}


def alarms_in(world: World, responses: list[Response]) -> set[str]:
    """The alarms that the last responses make ring, by their log lines."""
    found = set()
    for line, response in zip(world.log.lines[-len(responses) :], responses, strict=True):
        fields: Any = {name: line[name] for name in COUNTED if name in line}
        found |= alarms_of(response.status, LogFields(**fields))
    return found


def by_fault(pattern: str, fault: Fault) -> Callable[[World, Proxy], Seen]:
    """Every request that matches meets the fault."""

    def run(world: World, proxy: Proxy) -> Seen:
        world.seed()
        own = pattern.format(bucket=world.cloud.bucket, table=world.cloud.table)
        proxy.rules.append(Rule(own, fault))
        return ask(world)

    return run


def ask(world: World, name: str = OTHER, query: str = "") -> Seen:
    """A file and a token."""
    file, token = world.ask("GET", name, query), world.ask_token()
    return Seen(file.status, token.status, alarms_in(world, [file, token]))


def missing_bucket(world: World, _: Proxy) -> Seen:
    world.seed()
    for key in world.seeded:
        world.cloud.s3.delete_object(Bucket=world.cloud.bucket, Key=key)
    world.cloud.s3.delete_bucket(Bucket=world.cloud.bucket)
    return ask(world)


def missing_table(world: World, _: Proxy) -> Seen:
    world.seed()
    world.cloud.dynamodb.delete_table(TableName=world.cloud.table)
    return ask(world)


def empty_table(world: World, _: Proxy) -> Seen:
    world.seed()
    items = world.cloud.dynamodb.scan(TableName=world.cloud.table)["Items"]
    for item in items:
        key = {"pk": item["pk"], "sk": item["sk"]}
        world.cloud.dynamodb.delete_item(TableName=world.cloud.table, Key=key)
    return ask(world)


def restored_table(world: World, _: Proxy) -> Seen:
    world.seed()
    put_pointer(world.cloud, table={"S": "the-table-it-is-a-copy-of"})
    assert world.ask("GET", OTHER).status == 200, "public files are served"
    return ask(world, PROTECTED)


def newer_format(world: World, _: Proxy) -> Seen:
    world.seed()
    put_pointer(world.cloud, reader={"N": "99"})
    return ask(world)


def thumbs_not_stored(world: World, proxy: Proxy) -> Seen:
    world.seed()
    rule = Rule(f"s3 PUT /{world.cloud.bucket}", answer_with(403, "AccessDenied"))
    proxy.rules.append(rule)
    file = world.ask("GET", NAME, f"thumb={SIZE}")
    return Seen(file.status, None, alarms_in(world, [file]))


def no_audit_log(world: World, _: Proxy) -> Seen:
    world.seed()
    return ask_with_audit_log(world)


def busy_audit_log(world: World, proxy: Proxy) -> Seen:
    world.seed()
    rule = Rule(f"logs .*{world.cloud.table}", answer_with(400, "ThrottlingException"))
    proxy.rules.append(rule)
    seen = ask_with_audit_log(world)
    assert rule.met == audit_log.TIMEOUTS.attempts
    return seen


def ask_with_audit_log(world: World) -> Seen:
    """A protected file and a token, with an audit log whose group is missing."""
    client = aws.client("logs", audit_log.TIMEOUTS)
    world.audit = AuditLog(client, f"audit-{world.cloud.table}", "openings")
    seen = ask(world, PROTECTED)
    assert [line["message"] for line in world.log.lines] == ["opened", "answered", "answered"]
    assert world.log.lines[1]["audit_failed"]
    return seen


def no_sync(world: World, _: Proxy) -> Seen:
    world.seed()
    put_pointer(world.cloud, heartbeat={"N": repr(time.time() - 7300)})
    world.files = replace(world.files, max_sync_age=7200)
    assert world.ask("GET", OTHER).status == 200, "public files are served"
    seen = ask(world, PROTECTED)
    refused = world.log.lines[-2]
    assert refused["sync_age"] >= 7300
    return seen


def missing_file(world: World, _: Proxy) -> Seen:
    world.seed()
    world.cloud.s3.delete_object(Bucket=world.cloud.bucket, Key=f"files_id/rec/{OTHER}")
    return ask(world)


def at_the_origin(secrets: tuple[str, ...], times: int) -> Callable[[World, Proxy], Seen]:
    """That many requests through CloudFront, of which the last counts."""

    def run(*_: Any) -> Seen:
        origin = Origin(secrets)
        reply = None
        for _number in range(times):
            with pytest.raises(Forbidden) as caught:
                origin.admit(request(x_origin_secret="o" * 40))
            reply = refuse(caught.value)
        assert reply is not None
        alarms = alarms_of(reply.status, reply.log_fields)
        return Seen(reply.status, reply.status, alarms)

    return run


def not_invalidated(world: World, _: Proxy) -> Seen:
    world.seed()
    put_pointer(world.cloud, pending={"N": "1"}, pending_since={"N": repr(time.time() - 4000)})
    return ask(world)


OUTAGES: dict[str, Callable[[World, Proxy], Seen]] = {
    "the bucket is missing": missing_bucket,
    "S3 denies access": by_fault("s3 .* ?/{bucket}", answer_with(403, "AccessDenied")),
    "S3 throttles or fails": by_fault("s3 .* ?/{bucket}", answer_with(503, "SlowDown")),
    "the table is missing": missing_table,
    "DynamoDB denies access": by_fault(
        'dynamodb .*"{table}"', answer_with(400, "AccessDeniedException")
    ),
    "DynamoDB throttles or fails": by_fault(
        'dynamodb .*"{table}"', answer_with(400, "ThrottlingException")
    ),
    "the table is empty": empty_table,
    "the table is a restored copy": restored_table,
    "the table has a newer format": newer_format,
    "thumbs cannot be stored": thumbs_not_stored,
    "the functions have no origin secret": at_the_origin((), 1),
    "CloudFront sends another origin secret": at_the_origin((SECRET,), SUSPICIOUS_REFUSALS),
    "no sync for longer than `MaxSyncAgeSeconds`": no_sync,
    "the audit log is missing or denies access": no_audit_log,
    "the audit log throttles or fails": busy_audit_log,
    "CloudFront is not asked to invalidate": not_invalidated,
    "a single object is missing": missing_file,
}


def documented() -> dict[str, tuple[int, int | None, set[str]]]:
    """The table: the status of a file and of a token, and the alarms."""
    page = (ROOT / "docs/production.md").read_text()
    rest = page.partition("| outage | a file gets | a token request gets | alarm |")[2]
    table = rest.partition("\n\n")[0]
    rows = re.findall(r"^\| ([^|]+) \| (\d+)[^|]* \| ([^|]+) \| ([^|]+) \|", table, re.MULTILINE)
    return {
        name: (
            int(file),
            int(token[:3]) if token[:3].isdigit() else None,
            set(re.findall(r"`(\w+)`", alarm)),
        )
        for name, file, token, alarm in rows
    }


def test_every_documented_outage_is_tried_and_every_one_tried_is_documented() -> None:
    assert set(documented()) == set(OUTAGES)


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_has_the_documented_response_and_alarm(
    outage: str, direct: Cloud, proxy: Proxy
) -> None:
    seen = OUTAGES[outage](new_world(direct), proxy)
    file, token, alarms = documented()[outage]
    assert (seen.file, seen.token, seen.alarms) == (file, token, alarms)
