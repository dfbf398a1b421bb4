from typing import Any

import pytest

from pocketfiles.deliver import MAX_READS, Deliverer, Limits, Variant, wants_attributes_only
from pocketfiles.errors import NotFound
from pocketfiles.http.caching import CachePolicy
from pocketfiles.http.messages import Reply
from pocketfiles.objects import Opened
from tests.fakes import MODIFIED_TEXT, FakeBucket, etag_of, request

KEY = "c/r/plain.txt"
BODY = bytes(range(256))
TAG = etag_of(BODY)
TEXT = "text/plain; charset=utf-8"
BEFORE = "Mon, 01 Jan 1990 00:00:00 GMT"
PUBLIC = "max-age=2592000, stale-while-revalidate=86400"


def variant(
    bucket: FakeBucket, *, read: bool, key: str = KEY, policy: CachePolicy | None = None
) -> Variant:
    stored = bucket.stored(key)
    assert stored is not None
    opened = Opened(stored, bucket.objects[key][0] if read else None)
    return Variant(opened, key.rpartition("/")[2], policy or CachePolicy())


def delivered(
    method: str = "GET",
    query: str = "",
    *,
    limit: int = 256,
    content: bytes = BODY,
    read: bool = False,
    policy: CachePolicy | None = None,
    **headers: str,
) -> tuple[Reply, FakeBucket]:
    bucket = FakeBucket({KEY: (content, TEXT)})
    deliverer = Deliverer(bucket, Limits(limit, 900), boundary=lambda: "bo")
    asked = request(method, query=query, **headers)
    return deliverer.deliver(asked, variant(bucket, read=read, policy=policy)), bucket


def test_a_file_has_all_of_pocketbases_headers_and_an_etag() -> None:
    reply, bucket = delivered(read=True)
    assert (reply.status, reply.body) == (200, BODY)
    assert dict(reply.headers) == {
        "accept-ranges": "bytes",
        "cache-control": PUBLIC,
        "content-disposition": "attachment; filename=plain.txt",
        "content-security-policy": (
            "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
        ),
        "content-type": TEXT,
        "etag": TAG,
        "last-modified": MODIFIED_TEXT,
        "x-content-type-options": "nosniff",
        "x-xss-protection": "1; mode=block",
    }
    assert bucket.calls == []


def test_a_body_that_was_not_read_yet_is_read_once() -> None:
    reply, bucket = delivered(if_none_match='"other"')
    assert reply.body == BODY
    assert bucket.calls == [("read", KEY, 0, 255)]


@pytest.mark.parametrize("headers", [{"if_none_match": TAG}, {"if_modified_since": MODIFIED_TEXT}])
def test_a_304_reads_nothing_and_has_the_headers_a_cache_needs(headers: dict[str, Any]) -> None:
    reply, bucket = delivered(**headers)
    assert (reply.status, reply.body, reply.length, bucket.calls) == (304, b"", None, [])
    assert reply.headers["etag"] == TAG
    assert reply.headers["cache-control"] == PUBLIC
    assert not {"content-type", "accept-ranges"} & set(reply.headers)


@pytest.mark.parametrize("headers", [{"if_match": '"other"'}, {"if_unmodified_since": BEFORE}])
def test_a_412_is_empty_and_not_cached(headers: dict[str, Any]) -> None:
    reply, bucket = delivered(**headers)
    assert (reply.status, reply.body, bucket.calls) == (412, b"", [])
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-type"] == TEXT


@pytest.mark.parametrize(
    ("asked", "content_range"), [("bytes=256-", "bytes */256"), ("bytes=9-5", None), ("x", None)]
)
def test_a_416_has_the_reason_as_text(asked: str, content_range: str | None) -> None:
    reply, bucket = delivered(range=asked)
    assert reply.status == 416
    assert reply.body.startswith(b"invalid range")
    assert reply.length == len(reply.body)
    assert reply.headers.get("content-range") == content_range
    assert reply.headers["cache-control"] == "no-store"
    assert not {"etag", "last-modified", "accept-ranges"} & set(reply.headers)
    assert bucket.calls == []


def test_one_range_reads_only_its_bytes() -> None:
    reply, bucket = delivered(range="bytes=10-19", limit=10)
    assert (reply.status, reply.body) == (206, BODY[10:20])
    assert reply.headers["content-range"] == "bytes 10-19/256"
    assert bucket.calls == [("read", KEY, 10, 19)]


@pytest.mark.parametrize(("limit", "kept"), [(255, "no-store"), (256, PUBLIC)])
def test_no_cache_joins_a_range_with_the_redirect_of_the_rest(limit: int, kept: str) -> None:
    reply, _ = delivered(range="bytes=10-19", limit=limit)
    assert (reply.status, reply.headers["cache-control"]) == (206, kept)


def test_a_redirected_range_may_be_kept_as_the_whole_may() -> None:
    reply, bucket = delivered(range="bytes=10-19", limit=9)
    (_, _, _, overrides) = bucket.calls[0]
    assert (reply.status, overrides["ResponseCacheControl"]) == (302, PUBLIC)


@pytest.mark.parametrize("read", [True, False])
def test_several_ranges_of_a_small_file_take_one_read(read: bool) -> None:
    reply, bucket = delivered(range="bytes=250-,0-1", read=read)
    assert reply.status == 206
    assert reply.headers["content-type"] == "multipart/byteranges; boundary=bo"
    assert "content-range" not in reply.headers
    assert reply.body.split(b"\r\n") == [
        b"--bo",
        b"Content-Range: bytes 250-255/256",
        b"Content-Type: text/plain; charset=utf-8",
        b"",
        BODY[250:],
        b"--bo",
        b"Content-Range: bytes 0-1/256",
        b"Content-Type: text/plain; charset=utf-8",
        b"",
        BODY[:2],
        b"--bo--",
        b"",
    ]
    assert bucket.calls == ([] if read else [("read", KEY, 0, 255)])


def test_several_ranges_of_a_large_file_take_one_read_each() -> None:
    _, bucket = delivered(range="bytes=0-0,9-9", limit=255)
    assert bucket.calls == [("read", KEY, 0, 0), ("read", KEY, 9, 9)]


def test_too_many_ranges_of_a_large_file_get_the_whole_file() -> None:
    many = ",".join(f"{n}-{n}" for n in range(MAX_READS + 1))
    reply, bucket = delivered(range=f"bytes={many}", limit=255)
    assert reply.status == 302
    assert [call[0] for call in bucket.calls] == ["presign"]
    assert delivered(range=f"bytes={many}", limit=2048)[0].status == 206


def test_an_empty_range_reads_nothing() -> None:
    reply, bucket = delivered(range="bytes=-0")
    assert (reply.status, reply.body, bucket.calls) == (206, b"", [])
    assert reply.headers["content-range"] == "bytes 256-255/256"


@pytest.mark.parametrize("asked", ["bytes=0-5", "bytes=5-", "bytes=-5"])
def test_an_empty_file_is_sent_whole_or_as_an_empty_part(asked: str) -> None:
    reply, bucket = delivered(range=asked, content=b"")
    assert (reply.body, bucket.calls) == (b"", [])
    assert reply.status == (206 if asked == "bytes=-5" else 200)


@pytest.mark.parametrize(
    ("headers", "status", "length"),
    [
        ({}, 200, 256),
        ({"range": "bytes=0-9"}, 206, 10),
        ({"range": "bytes=0-9,20-29"}, 206, 192),
        ({"range": "bytes=300-"}, 416, 33),
        ({"if_none_match": "*"}, 304, None),
        ({"if_match": '"x"'}, 412, None),
    ],
)
def test_head_announces_the_length_of_the_get_and_reads_nothing(
    headers: dict[str, Any], status: int, length: int | None
) -> None:
    for limit in (1, 256):
        head, bucket = delivered("HEAD", limit=limit, **headers)
        assert (head.status, head.length, bucket.calls) == (status, length, [])
    get, _ = delivered(limit=4096, **headers)
    assert len(get.body) == (length or 0)
    assert (get.status, dict(get.headers)) == (head.status, dict(head.headers))


def test_a_file_above_the_limit_is_a_redirect_with_our_headers_in_the_url() -> None:
    reply, bucket = delivered(query="download=1", limit=255)
    assert (reply.status, reply.body) == (302, b"")
    overrides = {
        "ResponseContentType": TEXT,
        "ResponseContentDisposition": "attachment; filename=plain.txt",
        "ResponseCacheControl": PUBLIC,
    }
    assert bucket.calls == [("presign", KEY, 900, overrides)]
    assert dict(reply.headers) == {
        "cache-control": "public, max-age=450",
        "location": f"https://bucket.test/{KEY}?signed",
        "x-content-type-options": "nosniff",
        "x-xss-protection": "1; mode=block",
    }


def test_a_range_above_the_limit_is_a_redirect_too() -> None:
    assert delivered(range="bytes=0-99", limit=99)[0].status == 302
    assert delivered(range="bytes=0-98", limit=99)[0].status == 206


@pytest.mark.parametrize(
    ("policy", "seconds", "kept", "sent"),
    [
        (CachePolicy(), 900, "public, max-age=450", PUBLIC),
        (CachePolicy(private=True), 900, "private, no-store", "private, no-cache"),
        (
            CachePolicy(private=True, seconds_left=60.9),
            60,
            "private, no-store",
            "private, max-age=60",
        ),
        (CachePolicy(private=True, seconds_left=0.4), 1, "private, no-store", "private, max-age=0"),
        (
            CachePolicy(private=True, seconds_left=1e9),
            900,
            "private, no-store",
            "private, max-age=2592000",
        ),
        (CachePolicy(is_fallback=True), 900, "private, no-store", "no-store"),
        (
            CachePolicy(private=True, is_fallback=True),
            900,
            "private, no-store",
            "private, no-store",
        ),
    ],
)
def test_a_redirect_is_cached_no_longer_than_its_file_may_be(
    policy: CachePolicy, seconds: int, kept: str, sent: str
) -> None:
    redirect, bucket = delivered(limit=1, policy=policy)
    assert redirect.headers["cache-control"] == kept
    assert bucket.calls[0][2] == seconds
    assert bucket.calls[0][3]["ResponseCacheControl"] == sent
    assert delivered(policy=policy)[0].headers["cache-control"] == sent


def test_an_object_that_vanishes_is_missing() -> None:
    bucket = FakeBucket({KEY: (BODY, TEXT)}, vanishes=True)
    deliverer = Deliverer(bucket, Limits(256, 9), boundary=lambda: "b")
    with pytest.raises(NotFound):
        deliverer.deliver(request(range="bytes=0-1"), variant(bucket, read=False))


@pytest.mark.parametrize(
    ("headers", "whole_file"),
    [
        ({"if_range": TAG}, False),
        ({"if_range": MODIFIED_TEXT}, False),
        ({"if_range": f"W/{TAG}"}, True),
        ({"if_range": '"other"'}, True),
        ({"if_range": BEFORE}, True),
        ({"if_range": "junk"}, True),
        ({"if_range": ""}, False),
    ],
)
def test_if_range_gets_the_whole_file_if_it_has_changed(
    headers: dict[str, Any], whole_file: bool
) -> None:
    assert delivered(range="bytes=0-1", **headers)[0].status == (200 if whole_file else 206)


@pytest.mark.parametrize(
    ("method", "headers", "only"),
    [
        ("GET", {}, False),
        ("GET", {"if_range": TAG}, False),
        ("GET", {"origin": "x"}, False),
        ("HEAD", {}, True),
        ("GET", {"range": "bytes=0-"}, True),
        ("GET", {"if_none_match": TAG}, True),
        ("GET", {"if_modified_since": BEFORE}, True),
        ("GET", {"if_match": TAG}, True),
        ("GET", {"if_unmodified_since": BEFORE}, True),
    ],
)
def test_only_a_plain_get_reads_the_bytes_at_once(
    method: str, headers: dict[str, Any], only: bool
) -> None:
    assert wants_attributes_only(request(method, **headers)) is only


def test_a_stored_type_cannot_break_a_header() -> None:
    bucket = FakeBucket({KEY: (b"x", "text/plain\r\nset-cookie: a=b")})
    deliverer = Deliverer(bucket, Limits(9, 9), boundary=lambda: "b")
    reply = deliverer.deliver(request(), variant(bucket, read=True))
    assert reply.headers["content-type"] == "text/plainset-cookie: a=b"


@pytest.mark.parametrize("name", ["a.svg", "a.css", "a.js", "a.mjs", "a.docx"])
@pytest.mark.parametrize("limit", [1, 256], ids=["redirected", "inline"])
def test_a_file_is_shown_inline_by_the_type_that_is_sent(name: str, limit: int) -> None:
    key = f"c/r/{name}"
    bucket = FakeBucket({key: (BODY, "application/pdf")})
    deliverer = Deliverer(bucket, Limits(limit, 900), boundary=lambda: "bo")
    reply = deliverer.deliver(request(), variant(bucket, read=False, key=key))
    sent = reply.headers.get("content-disposition", "")
    if limit == 1:
        overrides = bucket.calls[0][3]
        sent = overrides["ResponseContentDisposition"]
        assert overrides["ResponseContentType"] != "application/pdf"
    assert sent == f"attachment; filename={name}"


@pytest.mark.parametrize("origin", [{}, {"origin": "https://app.test"}, {"origin": ""}])
def test_a_redirect_of_a_cross_origin_request_has_a_url_of_its_own(origin: dict[str, str]) -> None:
    reply, _ = delivered(limit=1, **origin)
    assert ("x-cors=1" in reply.headers["location"]) is bool(origin.get("origin"))


def test_a_redirect_is_cached_for_half_the_time_that_its_url_really_lives() -> None:
    bucket = FakeBucket({KEY: (BODY, TEXT)}, signed_seconds=30)
    deliverer = Deliverer(bucket, Limits(1, 900), boundary=lambda: "bo")
    reply = deliverer.deliver(request(), variant(bucket, read=False))
    assert reply.headers["cache-control"] == "public, max-age=15"


@pytest.mark.parametrize(
    "mark", [{"sec_fetch_dest": "video"}, {"sec_fetch_dest": "audio"}, {"x_media": "1"}]
)
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, 99),
        ("bytes=200-", 200, 255),
        ("bytes=50-255", 50, 149),
        ("bytes=-250", 6, 105),
        ("bytes=9-20", 9, 20),
    ],
)
def test_a_media_element_gets_as_much_of_a_range_as_fits(
    mark: dict[str, str], asked: str, first: int, last: int
) -> None:
    reply, bucket = delivered(limit=100, range=asked, **mark)
    assert (reply.status, reply.body) == (206, BODY[first : last + 1])
    assert reply.headers["content-range"] == f"bytes {first}-{last}/256"
    assert reply.headers["cache-control"] == "no-store"
    assert bucket.calls == [("read", KEY, first, last)]
    head, _ = delivered("HEAD", limit=100, range=asked, **mark)
    assert (head.status, head.length) == (206, len(reply.body))


BY_WORKER = {"sec_fetch_dest": "empty", "sec_fetch_mode": "no-cors"}


@pytest.mark.parametrize("mark", [BY_WORKER, {"x_media": "worker"}], ids=["browser", "edge"])
@pytest.mark.parametrize(
    ("content_type", "status"),
    [("video/mp4", 206), ("audio/mpeg", 206), ("application/pdf", 302), (TEXT, 302)],
)
def test_a_service_worker_that_fetches_for_a_media_element_gets_what_fits(
    mark: dict[str, str], content_type: str, status: int
) -> None:
    bucket = FakeBucket({KEY: (BODY, content_type)})
    deliverer = Deliverer(bucket, Limits(100, 900), boundary=lambda: "bo")
    asked = request(range="bytes=50-", **mark)
    assert deliverer.deliver(asked, variant(bucket, read=False)).status == status


@pytest.mark.parametrize(
    ("headers", "media_ranges"),
    [
        ({"range": "bytes=0-", "sec_fetch_dest": "empty", "sec_fetch_mode": "cors"}, True),
        ({"range": "bytes=0-"}, True),
        ({"range": "bytes=0-", "x_media": "0"}, True),
        ({"sec_fetch_dest": "video"}, True),
        ({"range": "bytes=0-150,160-", "sec_fetch_dest": "video"}, True),
        ({"range": "bytes=0-", "sec_fetch_dest": "video"}, False),
    ],
    ids=["fetch()", "curl", "not marked", "no range", "two ranges", "turned off"],
)
def test_any_other_request_for_more_than_fits_is_redirected(
    headers: dict[str, str], media_ranges: bool
) -> None:
    bucket = FakeBucket({KEY: (BODY, TEXT)})
    limits = Limits(100, 900, media_ranges=media_ranges)
    deliverer = Deliverer(bucket, limits, boundary=lambda: "bo")
    reply = deliverer.deliver(request(**headers), variant(bucket, read=False))
    assert reply.status == 302
