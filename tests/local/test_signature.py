"""Requests that botocore signed, and what makes their signatures invalid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore import credentials as botocore_credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local.signature import Credentials, SignedRequest, is_valid, read_signature

KEY = Credentials("LOCALKEY", "secret")
BODY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of no bytes


def signed(method: str = "GET", url: str = "http://127.0.0.1/a?b=1&a=%20x") -> SignedRequest:
    request = AWSRequest(method, url, {"Host": "127.0.0.1", "X-Two": "a   b"})
    key = botocore_credentials.Credentials(KEY.access_key_id, KEY.secret_access_key)
    SigV4Auth(key, "dynamodb", "us-east-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    path, _, query = url.removeprefix("http://127.0.0.1").partition("?")
    return SignedRequest(method, path, query, headers, BODY_SHA256)


def valid(request: SignedRequest, credentials: Credentials = KEY) -> bool:
    signature = read_signature(request)
    assert signature is not None
    return is_valid(signature, request, credentials, datetime.now(UTC))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.0.0.1/?x", "http://127.0.0.1/a?b=1&a=%20x"]
)
def test_what_botocore_signs_is_valid(url: str) -> None:
    assert valid(signed("POST", url))


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"path": "/b"},
        {"query": "b=2&a=%20x"},
        {"body_sha256": "0" * 64},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_request_is_not_valid(changed: dict[str, str]) -> None:
    assert not valid(replace(signed(), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("header", ["host", "x-two", "x-amz-date"])
def test_a_changed_header_is_not_valid(header: str) -> None:
    request = signed()
    assert not valid(replace(request, headers={**request.headers, header: "other"}))


def test_other_credentials_are_not_valid() -> None:
    assert not valid(signed(), replace(KEY, access_key_id="OTHER"))
    assert not valid(signed(), replace(KEY, secret_access_key="other"))


QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=LOCALKEY%2F20240101%2Fus-east-1%2Fs3%2F"
    "aws4_request&X-Amz-Date=20240101T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=0"
)


@pytest.mark.parametrize("expires", ["60", "99999999999999999999"])
def test_a_presigned_url_expires(expires: str) -> None:
    request = SignedRequest("GET", "/a", QUERY.format(expires=expires), {"host": "x"}, "")
    signature = read_signature(request)
    assert signature is not None
    later = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=61)
    assert not is_valid(signature, request, KEY, later)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer x"},
        {"authorization": "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"},
        {"authorization": "AWS4-HMAC-SHA256 Signature=c"},
    ],
)
def test_an_unreadable_signature_is_none(headers: dict[str, str]) -> None:
    assert read_signature(SignedRequest("GET", "/", "", headers, "")) is None
