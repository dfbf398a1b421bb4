"""Where superusers may come from: the listed one gets in by every way in, and nobody else does."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import Cloud
from tests.deployed import deployed
from tests.functions.conftest import LISTED, ROOT, fence, make_token

PLAIN = "/api/files/photos/photo1/plain.txt"
SECRET = "/api/files/papers/paper1/secret.txt"
ORIGIN = "s" * 40
PEER = "192.0.2.7"
"""The address that all requests of these tests come from."""

CLOUDFRONT = {"ORIGIN_SECRET": json.dumps({"current": ORIGIN})}
PROXY = {"TRUSTED_PROXIES": f"10.0.0.0/8,{PEER}"}
DIRECT: dict[str, str] = {}
THROUGH_CLOUDFRONT = {"X-Origin-Secret": ORIGIN}


def forged(*headers: str) -> dict[str, str]:
    """These headers, each with the listed address."""
    return dict.fromkeys(headers, LISTED)


def statuses(cloud: Cloud, environment: Mapping[str, str], headers: dict[str, str]) -> list[int]:
    """What a superuser gets: a file with Authorization, a file token, and a protected file."""
    auth = {"Authorization": make_token(ROOT, "auth"), **headers}
    with deployed(cloud, **environment) as api:
        answers: list[Any] = [
            api.ask("GET", PLAIN, auth),
            api.ask("POST", "/api/files/token", auth),
            api.ask("GET", f"{SECRET}?token={make_token(ROOT)}", headers),
        ]
    return [answer.status for answer in answers]


@pytest.mark.parametrize(
    ("environment", "headers"),
    [
        (CLOUDFRONT, {**THROUGH_CLOUDFRONT, "CloudFront-Viewer-Address": f"{LISTED}:443"}),
        (PROXY, {"X-Forwarded-For": LISTED}),
        (PROXY, {"X-Forwarded-For": f"{LISTED}, {PEER}"}),
        (PROXY, {"X-Forwarded-For": f"203.0.113.5, {LISTED}, 10.0.0.9, {PEER}"}),
    ],
    ids=["CloudFront", "a proxy", "a proxy that API Gateway appends", "two proxies"],
)
def test_the_listed_superuser_gets_in(
    cloud: Cloud, environment: dict[str, str], headers: dict[str, str]
) -> None:
    fence(cloud)
    assert statuses(cloud, environment, headers) == [200, 200, 200]


@pytest.mark.parametrize(
    ("environment", "headers"),
    [
        (DIRECT, {}),
        (DIRECT, forged("X-Real-Ip", "X-Forwarded-For", "Forwarded", "True-Client-Ip")),
        (DIRECT, {**THROUGH_CLOUDFRONT, "CloudFront-Viewer-Address": f"{LISTED}:443"}),
        (PROXY, forged("X-Real-Ip", "Forwarded")),
        (PROXY, {"X-Forwarded-For": f"{LISTED}, 203.0.113.5, {PEER}"}),
        (PROXY, {"X-Forwarded-For": f"{LISTED}, junk, {PEER}"}),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, {"X-Forwarded-For": LISTED}),
        (CLOUDFRONT, THROUGH_CLOUDFRONT),
        (CLOUDFRONT, {**THROUGH_CLOUDFRONT, **forged("X-Real-Ip", "X-Forwarded-For")}),
        (
            CLOUDFRONT | PROXY,
            {
                **THROUGH_CLOUDFRONT,
                **forged("X-Forwarded-For"),
                "CloudFront-Viewer-Address": "203.0.113.5:443",
            },
        ),
    ],
    ids=[
        "nothing",
        "forged headers without a proxy",
        "CloudFront's header without CloudFront",
        "headers that a proxy passes on",
        "a forged beginning",
        "an unreadable hop",
        "through a proxy that is not listed",
        "CloudFront without an address",
        "forged headers through CloudFront",
        "a forged header through CloudFront and a proxy",
    ],
)
def test_no_other_superuser_gets_in(
    cloud: Cloud, environment: dict[str, str], headers: dict[str, str]
) -> None:
    fence(cloud)
    assert statuses(cloud, environment, headers) == [403, 403, 404]


@pytest.mark.parametrize("shown", ["", "wrong", "S" * 40])
def test_past_cloudfront_nobody_gets_in(cloud: Cloud, shown: str) -> None:
    fence(cloud)
    headers = {"X-Origin-Secret": shown, "CloudFront-Viewer-Address": f"{LISTED}:443"}
    assert statuses(cloud, CLOUDFRONT, headers) == [403, 403, 403]
