from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from pocketfiles import aws
from pocketfiles.deadline import deadline_in
from pocketfiles.errors import Overloaded, StorageUnavailable
from pocketfiles.objects import Opened, Stored
from pocketfiles.storage import Storage
from tests.conftest import Cloud
from tests.fakes import etag_of

KEY = "c/r/plain.txt"
BODY = bytes(range(256))


@pytest.fixture
def bucket(cloud: Cloud) -> Storage:
    cloud.s3.put_object(Bucket=cloud.bucket, Key=KEY, Body=BODY, ContentType="text/plain")
    return Storage(cloud.s3, cloud.bucket, aws.presigning_client)


def always(_: Stored) -> bool:
    return True


def test_an_object_has_size_etag_type_and_time(bucket: Storage) -> None:
    stored = bucket.head(KEY)
    assert stored is not None
    assert (stored.key, stored.size, stored.etag, stored.content_type) == (
        KEY,
        256,
        etag_of(BODY),
        "text/plain",
    )
    assert stored.modified is not None
    assert abs((datetime.now(UTC) - stored.modified).total_seconds()) < 60
    assert bucket.fetch(KEY, always) == Opened(stored, BODY)


def test_bytes_that_are_not_wanted_are_not_read(bucket: Storage) -> None:
    asked = []

    def never(stored: Stored) -> bool:
        asked.append(stored.size)
        return False

    opened = bucket.fetch(KEY, never)
    assert opened is not None
    assert (opened.body, opened.stored.size, asked) == (None, 256, [256])


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 255), (5, 9), (255, 255)])
def test_a_range_is_both_ends_included(bucket: Storage, first: int, last: int) -> None:
    stored = bucket.head(KEY)
    assert stored is not None
    assert bucket.read(stored, first, last) == BODY[first : last + 1]


def test_a_missing_key_is_none(bucket: Storage) -> None:
    assert bucket.head("c/r/other") is None
    assert bucket.fetch("c/r/other", always) is None


def test_a_range_of_an_object_that_was_replaced_or_deleted_is_none(
    bucket: Storage, cloud: Cloud
) -> None:
    stored = bucket.head(KEY)
    assert stored is not None
    cloud.s3.put_object(Bucket=cloud.bucket, Key=KEY, Body=b"another")
    assert bucket.read(stored, 0, 4) is None
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=KEY)
    assert bucket.read(stored, 0, 4) is None


def test_a_missing_bucket_is_distinguished_from_a_missing_key(cloud: Cloud) -> None:
    nowhere = Storage(cloud.s3, "no-such-bucket", aws.presigning_client)
    with pytest.raises(StorageUnavailable, match="S3: NoSuchBucket"):
        nowhere.fetch(KEY, always)
    with pytest.raises(StorageUnavailable, match="S3: NoSuchBucket"):
        nowhere.head(KEY)
    with pytest.raises(StorageUnavailable, match="S3: NoSuchBucket"):
        nowhere.put_new(KEY, b"", "text/plain")


def test_the_first_of_two_writers_wins_and_both_get_the_etag(bucket: Storage, cloud: Cloud) -> None:
    thumb = "c/r/thumbs_a.png/1x1_a.png"
    assert bucket.put_new(thumb, b"one", "image/png") == etag_of(b"one")
    assert bucket.put_new(thumb, b"one", "image/png") == etag_of(b"one")
    assert bucket.put_new(thumb, b"two", "image/png") == etag_of(b"two")
    kept = cloud.s3.get_object(Bucket=cloud.bucket, Key=thumb)
    assert (kept["Body"].read(), kept["ContentType"]) == (b"one", "image/png")


def test_a_deleted_key_is_gone_and_deleting_it_again_is_no_error(bucket: Storage) -> None:
    bucket.delete(KEY)
    bucket.delete(KEY)
    assert bucket.head(KEY) is None


def test_a_presigned_url_gets_the_object_with_our_headers(bucket: Storage) -> None:
    overrides = {"ResponseContentType": "text/css", "ResponseContentDisposition": "inline"}
    signed = bucket.presign(KEY, 77, overrides, cross_origin=False)
    assert signed.seconds == 77
    query = parse_qs(urlsplit(signed.url).query)
    assert query["X-Amz-Expires"] == ["77"]
    assert query["response-content-type"] == ["text/css"]
    assert query["response-content-disposition"] == ["inline"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_the_presigning_client_is_built_once_when_first_needed(cloud: Cloud) -> None:
    built = []

    def build(region: str) -> Any:
        built.append(region)
        return aws.presigning_client(region)

    lazy = Storage(cloud.s3, cloud.bucket, build)
    lazy.head(KEY)
    assert built == []
    lazy.presign(KEY, 1, {}, cross_origin=False)
    lazy.presign(KEY, 1, {}, cross_origin=True)
    assert built == ["eu-west-1"]


def test_a_url_for_a_cross_origin_request_differs_by_a_signed_mark(bucket: Storage) -> None:
    plain = bucket.presign(KEY, 77, {}, cross_origin=False)
    marked = bucket.presign(KEY, 77, {}, cross_origin=True)
    again = bucket.presign(KEY, 77, {}, cross_origin=False)
    queries = [parse_qs(urlsplit(signed.url).query) for signed in (plain, marked, again)]
    assert ["x-cors" in query for query in queries] == [False, True, False]
    signatures = [query["X-Amz-Signature"] for query in queries]
    assert signatures[1] not in (signatures[0], signatures[2])
    with urlopen(marked.url, timeout=10) as found:
        assert found.read() == BODY


def test_a_url_is_signed_for_the_region_of_the_bucket(cloud: Cloud) -> None:
    name = f"elsewhere-{cloud.bucket}"
    there = aws.presigning_client("ap-southeast-2")
    there.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-2"}
    )
    elsewhere = Storage(cloud.s3, name, aws.presigning_client)
    query = parse_qs(urlsplit(elsewhere.presign(KEY, 9, {}, cross_origin=False).url).query)
    assert query["X-Amz-Credential"][0].split("/")[2] == "ap-southeast-2"


def test_no_url_is_signed_for_a_missing_bucket(cloud: Cloud) -> None:
    nowhere = Storage(cloud.s3, "no-such-bucket", aws.presigning_client)
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        nowhere.presign(KEY, 1, {}, cross_origin=False)


class Body:
    """A body that returns these pieces in turn. An exception among them is raised."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = list(pieces)
        self.closed = False

    def read(self, _: int) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Client:
    """An S3 client whose GETs return these bodies, or raise."""

    def __init__(self, *answers: Body | Exception, **attributes: Any) -> None:
        self._answers = list(answers)
        self._attributes = {"ContentLength": 6, "ETag": '"t"', **attributes}
        self.asked: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {**self._attributes, "Body": answer}


def over(client: Client) -> Storage:
    return Storage(client, "b", lambda: None)  # type: ignore[arg-type, return-value]


BREAKS: list[Callable[[], Body]] = [
    lambda: Body(b"abc", ProtocolError("connection reset")),
    lambda: Body(b"abc", ReadTimeoutError(None, None, "read timed out")),  # type: ignore[arg-type]
    lambda: Body(b"abc"),
]


@pytest.mark.parametrize("broken", BREAKS)
def test_a_body_that_breaks_off_is_read_again(broken: Callable[[], Body]) -> None:
    client = Client(broken(), Body(b"abc", b"def"))
    opened = over(client).fetch(KEY, always)
    assert opened is not None
    assert opened.body == b"abcdef"
    assert len(client.asked) == 2


@pytest.mark.parametrize("broken", BREAKS)
def test_a_body_that_breaks_off_twice_is_a_503(
    broken: Callable[[], Body],
) -> None:
    with pytest.raises(Overloaded):
        over(Client(broken(), broken())).fetch(KEY, always)
    with pytest.raises(Overloaded):
        over(Client(broken(), broken())).read(Stored(KEY, 9, '"t"', "", None), 0, 5)


def test_a_slow_body_is_abandoned() -> None:
    body = Body(b"abc", b"def")
    hasty = Storage(Client(body), "b", lambda: None, body_seconds=-1)  # type: ignore[arg-type, return-value]
    with pytest.raises(Overloaded, match="too slowly"):
        hasty.fetch(KEY, always)
    assert body.closed


def test_the_deadline_of_the_request_limits_the_body_too() -> None:
    body = Body(b"abc", b"def")
    with deadline_in(0), pytest.raises(Overloaded, match="too slowly"):
        over(Client(body)).fetch(KEY, always)
    assert body.closed


def test_a_body_that_is_not_wanted_is_closed() -> None:
    body = Body(b"abcdef")
    over(Client(body)).fetch(KEY, lambda _: False)
    assert body.closed


def test_a_range_is_read_from_the_same_version_of_the_object() -> None:
    client = Client(Body(b"abcdef"))
    assert over(client).read(Stored(KEY, 99, '"tag"', "", None), 3, 8) == b"abcdef"
    assert client.asked == [{"Bucket": "b", "Key": KEY, "IfMatch": '"tag"', "Range": "bytes=3-8"}]


@pytest.mark.parametrize(
    ("attributes", "content_type", "modified"),
    [
        ({}, "application/octet-stream", None),
        ({"ContentType": ""}, "application/octet-stream", None),
        ({"LastModified": datetime.fromtimestamp(0, UTC)}, "application/octet-stream", None),
        (
            {"ContentType": "a/b", "LastModified": datetime(2026, 1, 1, tzinfo=UTC)},
            "a/b",
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
    ],
)
def test_attributes_that_s3_omits_have_a_default(
    attributes: dict[str, Any], content_type: str, modified: datetime | None
) -> None:
    opened = over(Client(Body(b"abcdef"), **attributes)).fetch(KEY, always)
    assert opened is not None
    assert (opened.stored.content_type, opened.stored.modified) == (content_type, modified)


def test_an_error_of_s3_is_logged_by_its_code_only() -> None:
    denied = ClientError(
        {
            "Error": {"Code": "AccessDenied", "Message": "secret words"},
            "ResponseMetadata": {"HTTPStatusCode": 403},  # type: ignore[typeddict-item]
        },
        "GetObject",
    )
    with pytest.raises(StorageUnavailable) as caught:
        over(Client(denied)).fetch(KEY, always)
    assert caught.value.reason == "S3: AccessDenied"
