import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)

from pocketfiles import aws
from pocketfiles.deadline import deadline_in
from pocketfiles.errors import Overloaded, StorageUnavailable
from tests.conftest import Cloud


def client_error(code: str, status: int) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "GetObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NoSuchBucket", 404),
        ("AccessDenied", 403),
        ("403", 403),
        ("InvalidAccessKeyId", 403),
        ("SignatureDoesNotMatch", 403),
        ("ExpiredToken", 400),
        ("PermanentRedirect", 301),
        ("ResourceNotFoundException", 400),
        ("AccessDeniedException", 400),
        ("ValidationException", 400),
        ("InvalidObjectState", 403),
    ],
)
def test_errors_that_only_an_operator_can_mend_are_a_400(code: str, status: int) -> None:
    refused = aws.refusal("S3", client_error(code, status))
    assert isinstance(refused, StorageUnavailable)
    assert refused.reason == f"S3: {code}"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SlowDown", 503),
        ("InternalError", 500),
        ("ServiceUnavailable", 503),
        ("500", 500),
        ("TooManyRequests", 429),
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("ThrottledException", 400),
        ("RequestThrottled", 400),
        ("KMS.ThrottlingException", 400),
        ("TooManyRequestsException", 400),
        ("OperationAborted", 409),
        ("RequestLimitExceeded", 400),
        ("RequestTimeout", 400),
        ("InternalServerError", 500),
    ],
)
def test_transient_errors_are_a_503(code: str, status: int) -> None:
    assert isinstance(aws.refusal("DynamoDB", client_error(code, status)), Overloaded)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (NoCredentialsError(), StorageUnavailable, "S3: NoCredentialsError"),
        (
            PartialCredentialsError(provider="env", cred_var="secret"),
            StorageUnavailable,
            "S3: PartialCredentialsError",
        ),
        (
            EndpointConnectionError(endpoint_url="https://s3.test"),
            Overloaded,
            "S3: EndpointConnectionError",
        ),
        (
            ConnectTimeoutError(endpoint_url="https://s3.test"),
            Overloaded,
            "S3: ConnectTimeoutError",
        ),
    ],
)
def test_a_call_without_a_response_is_logged_by_exception_name_without_address(
    error: BotoCoreError, kind: type[Exception], reason: str
) -> None:
    refused = aws.refusal("S3", error)
    assert isinstance(refused, kind)
    assert refused.reason == reason
    assert aws.status(error) == 0


def test_a_call_times_out_before_the_function_and_the_function_before_the_gateway(
    endpoint: str,
) -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text()
    timeouts = [int(found) for found in re.findall(r"^ +Timeout: (\d+)", template, re.MULTILINE)]
    assert timeouts
    assert aws.TIMEOUTS.worst_case == 3 * (1 + 5) + 1 + 2
    assert aws.TIMEOUTS.worst_case + 1 < min(timeouts)
    assert max(timeouts) < 30
    config = aws.client("s3").meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 5)  # type: ignore[attr-defined]
    assert config.retries["total_max_attempts"] == 3  # type: ignore[attr-defined]


def test_no_attempt_begins_that_could_end_after_the_deadline(cloud: Cloud) -> None:
    with deadline_in(aws.RESERVE_SECONDS + 5):
        cloud.dynamodb.describe_table(TableName=cloud.table)
    with deadline_in(aws.RESERVE_SECONDS - 0.1), pytest.raises(aws.OutOfTime) as caught:
        cloud.dynamodb.describe_table(TableName=cloud.table)
    assert isinstance(aws.refusal("DynamoDB", caught.value), Overloaded)
    cloud.dynamodb.describe_table(TableName=cloud.table)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_presigned_urls_use_sigv4_and_the_regional_endpoint(
    region: str, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    aws.session.cache_clear()
    url = aws.presigning_client(region).generate_presigned_url(
        "get_object", Params={"Bucket": "some-bucket", "Key": "c/r/a b.png"}, ExpiresIn=60
    )
    parts = urlsplit(url)
    assert (parts.scheme, parts.path) == ("https", "/c/r/a%20b.png")
    assert parts.netloc == f"some-bucket.s3.{region}.amazonaws.com"
    query = parse_qs(parts.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]


@pytest.fixture
def new_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A new session in this test, and in those after it."""
    aws.session.cache_clear()
    yield monkeypatch
    aws.session.cache_clear()


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(timedelta(hours=3), 900), (timedelta(minutes=20), 900), (timedelta(seconds=700), 450)],
)
def test_a_url_does_not_outlive_credentials_whose_end_is_known(
    left: timedelta, seconds: int, new_session: pytest.MonkeyPatch
) -> None:
    new_session.setenv("AWS_SESSION_TOKEN", "token")
    new_session.setenv("AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + left).isoformat())
    assert aws.signature_seconds(900) == seconds


def test_a_url_lives_shortly_where_the_credentials_are_about_to_end(
    new_session: pytest.MonkeyPatch,
) -> None:
    end = datetime.now(UTC) + timedelta(seconds=40)
    new_session.setenv("AWS_SESSION_TOKEN", "token")
    new_session.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    assert 1 <= aws.signature_seconds(900) <= 40


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 900), (2700, 900), (3000, 600), (3580, 60), (90_000, 60)]
)
def test_a_url_lives_by_the_age_of_the_process_where_the_end_is_unknown(
    age: int, seconds: int, new_session: pytest.MonkeyPatch
) -> None:
    new_session.setenv("AWS_SESSION_TOKEN", "token")
    assert aws.signature_seconds(900, age=lambda: age) == seconds


def test_long_term_credentials_do_not_shorten_a_url(new_session: pytest.MonkeyPatch) -> None:
    new_session.delenv("AWS_SESSION_TOKEN", raising=False)
    assert aws.signature_seconds(900, age=lambda: 90_000) == 900
