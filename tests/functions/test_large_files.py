"""Files too large for a response."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from tests.conftest import Cloud, make_cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, FILES, fill, make_token

LIMIT = 100
PLAIN = "/api/files/photos/photo1/plain.txt"
BODY = FILES["plain.txt"][0]


@pytest.fixture(scope="module")
def small(endpoint: str) -> Iterator[Deployed]:
    """The API with a very small inline limit."""
    cloud = make_cloud(endpoint)
    fill(cloud, {})
    with deployed(cloud, INLINE_LIMIT_BYTES=str(LIMIT), REDIRECT_SECONDS="90") as api:
        yield api


def signed(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_a_large_file_is_a_redirect_to_a_url_that_gets_it(small: Deployed) -> None:
    answer = small.get(PLAIN, origin="https://app.test")
    assert (answer.status, answer.body) == (302, b"")
    location = answer.headers["location"]
    assert {name: value for name, value in answer.headers.items() if name != "location"} == {
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=45",
        "content-length": "0",
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "x-xss-protection": "1; mode=block",
    }
    query = signed(location)
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "90"
    assert query["response-content-type"] == "text/plain; charset=utf-8"
    assert query["response-content-disposition"] == "attachment; filename=plain.txt"
    assert query["response-cache-control"] == "max-age=2592000, stale-while-revalidate=86400"
    assert urlsplit(location).path.endswith("/pbc_photos/photo1/plain.txt")
    with urlopen(location) as followed:
        assert followed.read() == BODY
        assert followed.headers["Content-Disposition"] == "attachment; filename=plain.txt"


def test_a_cross_origin_request_is_redirected_to_a_url_of_its_own(small: Deployed) -> None:
    plain = signed(small.get(PLAIN).headers["location"])
    marked = signed(small.get(PLAIN, origin="https://app.test").headers["location"])
    assert "x-cors" not in plain
    assert marked["x-cors"] == "1"
    assert marked["X-Amz-Signature"] != plain["X-Amz-Signature"]


def test_a_drawing_stored_as_a_pdf_is_not_shown_inline_at_the_buckets_host(api: Deployed) -> None:
    body = b"<!--%PDF-1.4--><svg onload='alert(1)'/>" + b" " * (4 << 20)
    api.put("pbc_photos/photo1/drawing.svg", body, "application/pdf")
    query = signed(api.get("/api/files/photos/photo1/drawing.svg").headers["location"])
    assert query["response-content-type"] == "image/svg+xml"
    assert query["response-content-disposition"] == "attachment; filename=drawing.svg"


def test_a_media_element_gets_ranges_and_no_redirect(small: Deployed) -> None:
    answer = small.get(PLAIN, range="bytes=0-", sec_fetch_dest="video")
    assert (answer.status, answer.body) == (206, BODY[: len(answer.body)])
    assert 0 < len(answer.body) < len(BODY)
    assert answer.headers["cache-control"] == "no-store"


def test_download_is_part_of_the_redirects_url(small: Deployed) -> None:
    location = small.get("/api/files/photos/photo1/one.jpg?download=1").headers["location"]
    assert signed(location)["response-content-disposition"] == "attachment; filename=one.jpg"


def test_a_protected_files_url_expires_with_the_token(small: Deployed) -> None:
    path = "/api/files/papers/paper1/secret.txt"
    answer = small.get(f"{path}?token={make_token(ADA)}")
    assert (answer.status, answer.headers["cache-control"]) == (302, "private, no-store")
    assert signed(answer.headers["location"])["X-Amz-Expires"] == "90"

    brief = small.get(f"{path}?token={make_token(ADA, exp=int(time.time()) + 30)}")
    assert 27 <= int(signed(brief.headers["location"])["X-Amz-Expires"]) <= 30
    assert signed(brief.headers["location"])["response-cache-control"].startswith(
        "private, max-age="
    )


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=-100", 206, 156, 255),
        ("bytes=100-200", 302, 0, 0),
        ("bytes=0-", 302, 0, 0),
        ("bytes=0-0,5-5,9-9,11-11", 302, 0, 0),
    ],
)
def test_a_range_that_fits_is_sent_inline(
    small: Deployed, asked: str, status: int, first: int, last: int
) -> None:
    answer = small.get(PLAIN, range=asked)
    assert answer.status == status
    if status == 206:
        assert answer.body == BODY[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/256"


def test_head_never_redirects(small: Deployed) -> None:
    answer = small.ask("HEAD", PLAIN)
    assert (answer.status, answer.headers["content-length"]) == (200, "256")
    assert small.ask("HEAD", PLAIN, {"Range": "bytes=0-199"}).headers["content-length"] == "200"


def test_conditions_come_before_the_redirect(small: Deployed) -> None:
    tag = small.ask("HEAD", PLAIN).headers["etag"]
    assert small.get(PLAIN, if_none_match=tag).status == 304
    assert small.get(PLAIN, if_match='"x"').status == 412
    assert small.get(PLAIN, range="bytes=256-").status == 416


def test_a_large_original_in_place_of_a_failed_thumb_is_not_cached(small: Deployed) -> None:
    answer = small.get("/api/files/photos/photo1/one.jpg?thumb=junk")
    assert (answer.status, answer.headers["cache-control"]) == (302, "private, no-store")
    assert signed(answer.headers["location"])["response-cache-control"] == "no-store"


def test_a_large_thumb_is_a_redirect_to_the_thumb(small: Deployed) -> None:
    for _ in range(2):
        answer = small.get("/api/files/photos/photo1/one.jpg?thumb=100x100")
        assert answer.status == 302
        assert urlsplit(answer.headers["location"]).path.endswith("/thumbs_one.jpg/100x100_one.jpg")
        with urlopen(answer.headers["location"]) as followed:
            assert followed.headers["Content-Disposition"] == "inline; filename=100x100_one.jpg"


def test_4_mib_are_sent_inline_and_one_byte_more_is_a_redirect(cloud: Cloud) -> None:
    fill(cloud, {})
    with deployed(cloud) as api:
        for size, status in ((4 * 1024 * 1024, 200), (4 * 1024 * 1024 + 1, 302)):
            api.put("pbc_photos/photo1/plain.txt", b"x" * size, "text/plain")
            answer = api.get(PLAIN, origin="https://app.test")
            assert (answer.status, len(answer.body)) == (status, size if status == 200 else 0)
        part = api.get(PLAIN, range="bytes=1-")
        assert (part.status, len(part.body)) == (206, 4 * 1024 * 1024)
