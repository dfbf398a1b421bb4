"""Every fault on every call: the client gets the right response, and nothing wrong is stored.

The cases mostly wait, so all of them run at once when the first is needed.
"""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import pytest

from files import build
from pocketfiles import aws
from pocketfiles.config import Settings
from pocketfiles.deadline import deadline_in
from pocketfiles.thumbs.size import parse
from tests.conftest import Cloud
from tests.fakes import etag_of
from tests.faults.proxy import (
    Exchange,
    Fault,
    Proxy,
    Rule,
    answer,
    cut,
    delay,
    drip,
    refuse,
    silence,
    with_header,
)
from tests.faults.world import (
    NAME,
    OTHER,
    PATIENT,
    PROTECTED,
    SIZE,
    TEXT,
    TIMEOUTS,
    Response,
    World,
    new_world,
    photo,
    refusal_of,
)

NO_BUCKET = (400, "Filesystem initialization failure.")
NO_TOKEN = (400, "Failed to generate file token.")
BUSY = (503, "The service is busy. Please try again.")
MISSING = (404, "The requested resource wasn't found.")


@dataclass(frozen=True)
class Call:
    """One call to AWS: the request that makes it, its label in the proxy, and the response to
    the client if it succeeds (``whole`` is ``None`` for a token, whose bytes are random)."""

    service: str
    ask: Callable[[World], Response]
    pattern: str
    whole: Callable[[], bytes] | None
    status: int = 200
    refused: tuple[int, str] = NO_BUCKET
    asked_before: bool = False


@dataclass(frozen=True)
class Case:
    """A fault on a call, every time or the first ``times`` times.

    ``expected`` is a refusal, or ``None`` for the whole response. ``attempts``: calls made.
    """

    call: str
    fault: str
    expected: tuple[int, str] | None
    attempts: int
    times: int | None = None

    def __str__(self) -> str:
        return f"{self.call}: {self.fault}{'' if self.times is None else ' once'}"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case."""

    response: Response
    attempts: int
    stored: Mapping[str, str]
    world: World


def text() -> bytes:
    return TEXT


@cache
def thumb() -> bytes:
    """The correct thumb of the picture."""
    return build.renderer(Settings(table_name=""))(photo(), parse(SIZE), "").body


def ask(method: str, name: str, query: str = "", **headers: str) -> Callable[[World], Response]:
    return lambda world: world.ask(method, name, query, **headers)


QUERY = 'dynamodb Query .*"{table}".*"#catalogue"'
GET_POINTER = 'dynamodb GetItem .*"{table}".*"#pointer#'
GET_RECORD = 'dynamodb GetItem .*"{table}".*"(files|users)_id"'
PICTURE = ask("GET", NAME, f"thumb={SIZE}")
CALLS = {
    "the catalogue": Call("dynamodb", ask("GET", OTHER), QUERY, text),
    "the pointer": Call("dynamodb", ask("GET", OTHER), GET_POINTER, text),
    "the record": Call("dynamodb", ask("GET", OTHER), GET_RECORD, text),
    "a rule's records": Call(
        "dynamodb", ask("GET", PROTECTED), 'dynamodb BatchGetItem .*"{table}"', text
    ),
    "a token's catalogue": Call("dynamodb", World.ask_token, QUERY, None, refused=NO_TOKEN),
    "a token's owner": Call("dynamodb", World.ask_token, GET_RECORD, None, refused=NO_TOKEN),
    "attributes": Call("s3 HEAD", ask("HEAD", OTHER), "s3 HEAD /{bucket}", bytes),
    "the original": Call("s3 GET", ask("GET", OTHER), "s3 GET /{bucket}/files_id/rec/text", text),
    "a range": Call(
        "s3 GET",
        ask("GET", OTHER, range="bytes=9-4008"),
        "s3 GET /{bucket}/",
        lambda: TEXT[9:4009],
        status=206,
    ),
    "the stored thumb": Call(
        "s3 GET", PICTURE, "s3 GET /{bucket}/files_id/rec/thumbs_", thumb, asked_before=True
    ),
    "a thumb's source": Call("s3 GET", PICTURE, "s3 GET /{bucket}/files_id/rec/photo", thumb),
    "storing a thumb": Call("s3 PUT", PICTURE, "s3 PUT /{bucket}/", thumb),
}

SILENCE: dict[str, Fault] = {
    "no answer in time": silence,
    "cut before the answer": cut(),
    "reset before the answer": cut(reset=True),
}
RESET_IN_BODY = "reset in the body"
BROKEN_BODY: dict[str, Fault] = {
    "cut in the body": cut(20),
    RESET_IN_BODY: cut(20, reset=True),
}
DRIPS: dict[str, Fault] = {"a slow body": drip(8, 0.1)}
SLOW_ANSWER: dict[str, Fault] = {"an answer byte by byte": drip(1, 0.1)}
NO_ANSWER: dict[str, Fault] = {
    "a page of a proxy": answer(200, "<html>"),
    "nothing": answer(200, ""),
    "an answer changed on its way": with_header("x-amz-crc32", "1"),
}
UNREADABLE: dict[str, dict[str, Fault]] = {"dynamodb": SLOW_ANSWER | NO_ANSWER, "s3": {}}
REFUSALS: dict[str, dict[str, Fault]] = {
    "dynamodb": {
        code: refuse(400, code)
        for code in (
            "ResourceNotFoundException",
            "AccessDeniedException",
            "UnrecognizedClientException",
        )
    },
    "s3": {
        "NoSuchBucket": refuse(404, "NoSuchBucket"),
        **{
            code: refuse(403, code)
            for code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")
        },
    },
}
OVERLOADS: dict[str, dict[str, Fault]] = {
    "dynamodb": {
        "ProvisionedThroughputExceededException": refuse(
            400, "ProvisionedThroughputExceededException"
        ),
        "ThrottlingException": refuse(400, "ThrottlingException"),
        "InternalServerError": refuse(500, "InternalServerError"),
    },
    "s3": {"SlowDown": refuse(503, "SlowDown"), "InternalError": refuse(500, "InternalError")},
}
GONE: dict[str, Fault] = {"NoSuchKey": refuse(404, "NoSuchKey")}
FAULTS = SILENCE | BROKEN_BODY | DRIPS | SLOW_ANSWER | NO_ANSWER | GONE
for kind in (*REFUSALS.values(), *OVERLOADS.values()):
    FAULTS |= kind


HEALED = {"the record", "attributes", "the original", "a thumb's source"}
"""Calls of every kind that are also tried with a fault that passes."""


def cases() -> Iterator[Case]:
    for name, call in CALLS.items():
        service = call.service.partition(" ")[0]
        has_body = call.service in {"dynamodb", "s3 GET"}
        asks_twice = (
            call.service == "s3 HEAD"
        )  # whether the bucket or the key is missing, a HEAD does not tell
        heals = [*OVERLOADS[service], *UNREADABLE[service], *SILENCE]
        heals += BROKEN_BODY if has_body else []
        if name == "storing a thumb":  # whatever happens, the thumb is served
            yield from (Case(name, fault, None, 1) for fault in REFUSALS[service])
            yield from (Case(name, fault, None, TIMEOUTS.attempts) for fault in heals)
            continue
        for fault in REFUSALS[service]:
            yield Case(
                name, fault, call.refused, 2 if asks_twice and fault == "NoSuchBucket" else 1
            )
        for fault in heals:
            # S3's bodies are read after botocore is done with its attempts
            attempts = 2 if service == "s3" and fault in BROKEN_BODY else TIMEOUTS.attempts
            yield Case(name, fault, BUSY, attempts)
            if name in HEALED:
                yield Case(name, fault, None, 2, times=1)
        if service == "s3" and has_body:
            yield from (Case(name, fault, BUSY, 1) for fault in DRIPS)
        if service == "s3":
            remade = name == "the stored thumb"
            yield Case(name, "NoSuchKey", None if remade else MISSING, 1 + asks_twice, times=1)


CASES = list(cases())


@pytest.fixture(scope="module")
def outcomes(direct: Cloud, proxy: Proxy) -> Iterator[dict[Case, Future[Outcome]]]:
    """The outcome of every case."""
    with ThreadPoolExecutor(16) as pool:
        yield {case: pool.submit(run, case, world_for(case, direct), proxy) for case in CASES}


def world_for(case: Case, direct: Cloud) -> World:
    """A world whose clients wait for an answer only as long as the fault needs."""
    times_out = case.fault in SILENCE or case.fault in SLOW_ANSWER
    return new_world(direct, TIMEOUTS if times_out else PATIENT)


def fault_of(case: Case, world: World) -> Fault:
    """The fault. A body of S3 is reset only once its headers have been read: its reset is to meet
    what reads the body."""
    if case.fault != RESET_IN_BODY or CALLS[case.call].service == "dynamodb":
        return FAULTS[case.fault]
    reset = cut(20, reset=True, wait=world.headers_read.wait)

    def fault(exchange: Exchange) -> None:
        world.headers_read.clear()
        reset(exchange)

    return fault


def run(case: Case, world: World, proxy: Proxy) -> Outcome:
    """Run one case."""
    call = CALLS[case.call]
    world.seed()
    if call.asked_before:
        call.ask(world)
    pattern = call.pattern.replace("{bucket}", world.cloud.bucket).replace(
        "{table}", world.cloud.table
    )
    before = proxy.asked(pattern)
    proxy.rules.append(Rule(pattern, fault_of(case, world), case.times))
    response = call.ask(world)
    return Outcome(response, proxy.asked(pattern) - before, world.stored(), world)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_gets_the_right_response(case: Case, outcomes: dict[Case, Future[Outcome]]) -> None:
    call, outcome = CALLS[case.call], outcomes[case].result(120)
    response = outcome.response
    assert outcome.world.log.traces == []
    if case.expected is None:
        assert response.status == call.status
        assert call.whole is None or response.body == call.whole()
        assert response.headers.get("cache-control", "").startswith("no-store") == (
            call.whole is None
        )
    elif call.service == "s3 HEAD":
        assert (response.status, response.body) == (case.expected[0], b"")
    else:
        assert (response.status, refusal_of(response)) == case.expected
    if case.expected is not None:
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
        assert response.headers.get("retry-after") == ("1" if case.expected == BUSY else None)
    most = (
        case.attempts if case.times is None else TIMEOUTS.attempts
    )  # a busy machine may be late by itself
    assert case.attempts <= outcome.attempts <= most


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_leaves_only_correct_objects_in_the_bucket(
    case: Case, outcomes: dict[Case, Future[Outcome]]
) -> None:
    outcome = outcomes[case].result(120)
    right = outcome.world.seeded | {outcome.world.thumb_key: thumb()}
    assert outcome.stored.keys() >= outcome.world.seeded.keys()
    assert outcome.stored == {key: etag_of(right[key]) for key in outcome.stored}


def test_slow_calls_in_a_row_end_at_the_deadline(direct: Cloud, proxy: Proxy) -> None:
    world = new_world(direct)
    world.seed()
    proxy.rules.append(Rule(f'dynamodb .*"{world.cloud.table}"', delay(0.3)))
    with deadline_in(aws.RESERVE_SECONDS + 0.75):
        response = world.ask("GET", OTHER)
    assert (response.status, refusal_of(response)) == BUSY
    # Which call is not made any more depends on how long those before it really took.
    assert world.log.lines[-1]["reason"] in {"S3: OutOfTime", "DynamoDB: OutOfTime"}
    assert proxy.asked(f"s3 GET /{world.cloud.bucket}") == 0
    assert world.ask("GET", OTHER).body == TEXT


def test_connections_are_reused_whatever_was_read_over_them(direct: Cloud, proxy: Proxy) -> None:
    world = new_world(direct)
    world.seed()
    before = proxy.connections
    for headers in ({}, {"range": "bytes=0-9"}, {"if-none-match": "*"}, {}):
        assert world.ask("GET", OTHER, **headers).status in {200, 206, 304}
    assert world.ask("GET", "nothing_x.txt").status == 404
    assert proxy.connections - before == 2


@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_service_that_cannot_be_reached_is_a_503(
    service: str, direct: Cloud, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", f"http://127.0.0.1:{port}")
    aws.session.cache_clear()  # a session remembers its endpoints
    world = new_world(direct)
    world.seed()
    response = world.ask("GET", OTHER)
    assert (response.status, refusal_of(response), response.headers["retry-after"]) == (*BUSY, "1")


def test_missing_credentials_are_a_400(
    direct: Cloud, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    aws.session.cache_clear()
    world = new_world(direct)
    response = world.ask("GET", OTHER)
    assert (response.status, refusal_of(response)) == NO_BUCKET
    response = world.ask_token()
    assert (response.status, refusal_of(response)) == NO_TOKEN
