"""Who may speak to the local S3 and DynamoDB, over real HTTP, with boto3 and without."""

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local import cloud
from local.intrinsics import REGION
from local.signature import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "folder/späße & 1+1=2 (100%) #3.txt"
MIB = 1024 * 1024
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class StandIn:
    """A running stand-in with one bucket and one object in it."""

    endpoint: str
    credentials: Credentials = field(repr=False)

    def client(self, service: Any, credentials: Credentials | None = None) -> Any:
        used = credentials or self.credentials
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=used.access_key_id,
            aws_secret_access_key=used.secret_access_key,
            config=Config(signature_version="s3v4" if service == "s3" else None),
        )

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] = NOTHING, body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """An answer to a request that no AWS client makes."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=30)
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    credentials = cloud.random_credentials()
    with cloud.serving(credentials) as endpoint:
        started = StandIn(endpoint, credentials)
        s3 = started.client("s3")
        s3.create_bucket(Bucket="files")
        s3.put_object(Bucket="files", Key=KEY, Body=b"secret")
        yield started


@pytest.fixture
def presigned(stand_in: StandIn) -> str:
    """The path and query of a presigned URL."""
    return presigned_by(stand_in.client("s3"))


def presigned_by(s3: "S3Client", seconds: int = 60) -> str:
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "files", "Key": KEY}, ExpiresIn=seconds
    )
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_boto3_reads_writes_and_lists_with_the_right_credentials(stand_in: StandIn) -> None:
    s3 = stand_in.client("s3")
    assert s3.get_object(Bucket="files", Key=KEY)["Body"].read() == b"secret"
    assert s3.get_object(Bucket="files", Key=KEY, Range="bytes=1-2")["Body"].read() == b"ec"
    listed = s3.list_objects_v2(Bucket="files", Prefix="folder/", Delimiter="/", MaxKeys=10)
    assert [found["Key"] for found in listed["Contents"]] == [KEY]
    stand_in.client("dynamodb").list_tables(Limit=1)


def test_boto3_uploads_a_large_file_in_parts(stand_in: StandIn, tmp_path: Any) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(9 * MIB))
    s3 = stand_in.client("s3")
    s3.upload_file(str(path), "files", "large")
    assert s3.head_object(Bucket="files", Key="large")["ContentLength"] == 9 * MIB


@pytest.mark.parametrize("service", ["s3", "dynamodb"])
@pytest.mark.parametrize("wrong", ["access_key_id", "secret_access_key"])
def test_other_credentials_are_refused(stand_in: StandIn, service: str, wrong: str) -> None:
    given = {
        "access_key_id": stand_in.credentials.access_key_id,
        "secret_access_key": stand_in.credentials.secret_access_key,
    }
    client = stand_in.client(service, Credentials(**given | {wrong: "local"}))
    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|UnrecognizedClient"):
        client.list_buckets() if service == "s3" else client.list_tables()


def test_other_services_are_refused(stand_in: StandIn) -> None:
    with pytest.raises(ClientError) as refused:
        stand_in.client("sts").get_caller_identity()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/", NOTHING),
        ("GET", "/files", NOTHING),
        ("GET", "/files/folder/x", {"Origin": "https://evil.test"}),
        ("OPTIONS", "/files", {"Origin": "https://evil.test"}),
        ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        ("POST", "/moto-api/reset", {"Content-Type": "text/plain"}),
        ("GET", "/moto-api/data.json", NOTHING),
        ("GET", "/", {"Authorization": "AWS4-HMAC-SHA256 nonsense"}),
        ("GET", "/", {"Authorization": "Basic bG9jYWw6bG9jYWw="}),
        ("GET", "/files?X-Amz-Signature=0", NOTHING),
        ("GET", "/files?X-Amz-Signature=0&X-Amz-Credential=a/b/c/s3/aws4_request", NOTHING),
    ],
)
def test_unsigned_requests_are_refused_and_no_page_may_read_the_refusal(
    stand_in: StandIn, method: str, target: str, headers: Mapping[str, str]
) -> None:
    status, answered, _ = stand_in.ask(method, target, headers)
    assert status == 403
    assert not [name for name in answered if name.startswith("access-control")]


def test_a_signed_request_from_a_web_page_is_refused(stand_in: StandIn) -> None:
    client = stand_in.client("s3")
    client.meta.events.register(
        "before-send.s3", lambda request, **_: request.headers.update(Origin="null")
    )
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client.list_objects_v2(Bucket="files")


def test_a_presigned_url_opens_its_object_for_pages_too(stand_in: StandIn, presigned: str) -> None:
    assert stand_in.ask("GET", presigned)[::2] == (200, b"secret")
    status, headers, body = stand_in.ask("GET", presigned, {"Origin": "https://app.example"})
    assert (status, body) == (200, b"secret")
    assert "access-control-allow-origin" in headers


def test_a_presigned_url_is_good_for_its_object_method_and_time_alone(
    stand_in: StandIn, presigned: str
) -> None:
    assert stand_in.ask("GET", presigned.replace("folder", "other"))[0] == 403
    assert stand_in.ask("DELETE", presigned)[0] == 403
    assert stand_in.ask("GET", presigned.replace("Expires=60", "Expires=600"))[0] == 403
    assert stand_in.ask("GET", presigned_by(stand_in.client("s3"), seconds=-1))[0] == 403


def test_a_presigned_url_is_not_asked_for_with_authorization(
    stand_in: StandIn, presigned: str
) -> None:
    status, _, body = stand_in.ask("GET", presigned, {"Authorization": "Bearer x"})
    assert (status, b"Only one auth mechanism allowed" in body) == (400, True)


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "10.0.0.1:80", ""])
def test_a_host_name_of_another_machine_is_refused(
    stand_in: StandIn, host: str, presigned: str
) -> None:
    assert stand_in.ask("GET", presigned, {"Host": host})[0] == 403


def test_signed_requests_cannot_reset_the_data(stand_in: StandIn) -> None:
    s3 = stand_in.client("s3")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="moto-api", Key="reset", Body=b"")
    assert s3.head_bucket(Bucket="files")
