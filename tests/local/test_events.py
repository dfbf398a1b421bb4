"""The events in events/ are what the gateway makes of the same requests."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local.gateway import Request, event_of
from local.routing import Routes, read_target
from local.template import parse

ROOT = Path(__file__).parents[2]
EVENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
OF_THE_FRONT = {
    "x-amzn-trace-id",
    "x-forwarded-port",
    "x-forwarded-proto",
}  # AWS alone adds or sets these


def test_there_is_one_event_for_each_kind_of_answer() -> None:
    assert set(EVENTS) == {
        "head",
        "not-found",
        "protected",
        "public",
        "thumb",
        "token",
        "token-unauthenticated",
    }


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_what_the_gateway_makes_of_its_request(name: str) -> None:
    event = EVENTS[name]
    http = event["requestContext"]["http"]
    headers = {key: value for key, value in event["headers"].items() if key not in OF_THE_FRONT}
    del headers["x-forwarded-for"], headers["content-length"]
    query = event["rawQueryString"]
    target = event["rawPath"] + (f"?{query}" if query else "")
    request = Request(http["method"], target, tuple(headers.items()), b"", http["sourceIp"])
    match = Routes(parse((ROOT / "template.yaml").read_text()).routes).match(
        http["method"], event["rawPath"]
    )
    assert match is not None
    context = event["requestContext"]
    made = event_of(
        request, read_target(target), match, context["requestId"], context["timeEpoch"] / 1000
    )
    assert comparable(made) == comparable(event)


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    headers = {key: value for key, value in event["headers"].items() if key not in OF_THE_FRONT}
    account = {"accountId", "apiId", "domainPrefix"}
    context = {key: value for key, value in event["requestContext"].items() if key not in account}
    return {**event, "headers": headers, "requestContext": context}


@pytest.mark.parametrize("name", ["protected", "token"])
def test_an_events_token_is_good_until_2099(name: str) -> None:
    event = EVENTS[name]
    token = event["headers"].get("authorization") or event["queryStringParameters"]["token"]
    claims = token.split(".")[1]
    expires = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
    assert expires > 4_000_000_000
