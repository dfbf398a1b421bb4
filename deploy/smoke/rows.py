"""What a running stack must do and no emulator can know, each row as a function that asks."""

import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs, urljoin, urlsplit

from deploy.smoke.checks import (
    expect,
    expect_not_found,
    expect_status,
    only_behind_cloudfront,
    with_query,
)
from deploy.smoke.client import Skipped, Stack, ask

EDGE_SECONDS = 2
"""CloudFront may need a moment until the next request finds what it has just cached."""

ODD_NAMES = {
    "an encoded slash": "a%2Fb.png",
    "an escape encoded twice": "a%252Fb.png",
    "a euro sign": "%E2%82%AC.png",
    "an encoded question mark": "a%3Fb.png",
    "a NUL byte": "a%00b.png",
    "a plus and a blank": "a+%20b.png",
    "two dots": "..%2F..%2Fx.png",
}
UNAUTHORIZED = 401
THIRTY_DAYS = "max-age=2592000"
FOREIGN_ORIGIN = {"Origin": "https://example.com"}


def a_picture_is_served(stack: Stack) -> None:
    """API Gateway passes on the headers of a 200, and a body of up to 4 MiB as bytes."""
    answer = stack.picture()
    expect_status(answer, 200)
    for name in ("etag", "last-modified", "content-type", "content-security-policy"):
        expect(name in answer.headers, f"there is no {name}")
    control = answer.headers.get("cache-control", "")
    expect(control.startswith(THIRTY_DAYS), f"Cache-Control is {control!r}")
    sent = answer.headers.get("content-length")
    expect(sent == str(len(answer.body)), f"Content-Length is {sent} for {len(answer.body)} bytes")


def head_tells_the_length(stack: Stack) -> None:
    """A HEAD through API Gateway and CloudFront keeps the length of the body."""
    answer = ask("HEAD", stack.url)
    expect_status(answer, 200)
    told = answer.headers.get("content-length")
    expect(told == str(len(stack.picture().body)), f"Content-Length is {told}")
    expect(
        answer.headers.get("etag") == stack.picture().headers.get("etag"), "another ETag than GET"
    )


def an_etag_is_answered_with_304(stack: Stack) -> None:
    """A 304 keeps its ETag and Cache-Control on the way."""
    etag = stack.picture().headers.get("etag", "")
    answer = ask("GET", stack.url, {"If-None-Match": etag})
    expect_status(answer, 304)
    expect(answer.body == b"", "there is a body")
    expect(answer.headers.get("etag") == etag, f"the ETag is {answer.headers.get('etag')}")
    expect("cache-control" in answer.headers, "there is no Cache-Control")


def a_range_is_answered_exactly(stack: Stack) -> None:
    """CloudFront asks for a range, maybe a larger one, and the client gets what it asked for."""
    whole = stack.picture().body
    for text, part in (("bytes=10-19", whole[10:20]), ("bytes=-5", whole[-5:])):
        answer = ask("GET", stack.url, {"Range": text})
        expect_status(answer, 206)
        expect(answer.body == part, f"{text}: other bytes")
        content_range = answer.headers.get("content-range", "")
        expect(content_range.endswith(f"/{len(whole)}"), f"Content-Range is {content_range!r}")
    beyond = ask("GET", stack.url, {"Range": f"bytes={len(whole)}-"})
    expect_status(beyond, 416)


def a_preflight_is_answered(stack: Stack) -> None:
    """API Gateway leaves preflights to the function, and CloudFront passes them on."""
    answer = ask("OPTIONS", stack.url, {**FOREIGN_ORIGIN, "Access-Control-Request-Method": "GET"})
    expect_status(answer, 204)
    expect(
        answer.headers.get("access-control-allow-origin") == "*", "no Access-Control-Allow-Origin"
    )
    methods = answer.headers.get("access-control-allow-methods", "")
    expect("GET" in methods, f"Access-Control-Allow-Methods is {methods!r}")


def any_origin_may_read(stack: Stack) -> None:
    """CloudFront caches by Origin, and answers differ."""
    answer = ask("GET", stack.url, FOREIGN_ORIGIN)
    expect_status(answer, 200)
    expect(
        answer.headers.get("access-control-allow-origin") == "*", "no Access-Control-Allow-Origin"
    )


def a_thumb_is_made(stack: Stack) -> None:
    """Libvips and Pillow load on Lambda, and a thumb is made in time."""
    answer = ask("GET", with_query(stack.url, "thumb=100x100"))
    expect_status(answer, 200)
    expect(answer.headers.get("content-type", "").startswith("image/"), "it is no picture")
    expect(answer.headers.get("etag") != stack.picture().headers.get("etag"), "it is the original")


def missing_files_are_404(stack: Stack) -> None:
    """CloudFront keeps errors for no time."""
    expect_not_found(ask("GET", f"{stack.folder}/smoke-missing.png"), "a missing file")
    again = ask("GET", f"{stack.folder}/smoke-missing.png")
    expect("hit" not in again.headers.get("x-cache", "").lower(), "the 404 came from a cache")


def odd_paths_are_decoded_once(stack: Stack) -> None:
    """API Gateway decodes a path once, and CloudFront does not change it."""
    for what, name in ODD_NAMES.items():
        expect_not_found(ask("GET", f"{stack.folder}/{name}"), what)


def other_paths_are_not_the_gateways(stack: Stack) -> None:
    """Every other path reaches the function by the route `$default`."""
    expect_not_found(ask("GET", f"{stack.origin}/api/files/"), "a path without a file")


def a_token_needs_authorization(stack: Stack) -> None:
    """CloudFront passes on `Authorization` for the token route."""
    answer = ask("POST", f"{stack.origin}/api/files/token")
    expect_status(answer, UNAUTHORIZED)
    refusal = answer.json()
    is_ours = isinstance(refusal, dict) and refusal.get("status") == UNAUTHORIZED
    expect(is_ours, "the body is not ours")


def the_second_answer_comes_from_the_edge(stack: Stack) -> None:
    """Public files are cached at the edge."""
    only_behind_cloudfront(stack)
    ask("GET", stack.url)
    time.sleep(EDGE_SECONDS)
    answer = ask("GET", stack.url)
    cache = answer.headers.get("x-cache", "")
    expect("hit" in cache.lower(), f"X-Cache is {cache!r}")


def browsers_are_told_to_use_https(stack: Stack) -> None:
    """HTTP is redirected, for a token refused, and HSTS is sent."""
    only_behind_cloudfront(stack)
    if not stack.url.startswith("https:"):
        raise Skipped("the URL is not one of HTTPS")
    expect("strict-transport-security" in stack.picture().headers, "no Strict-Transport-Security")
    plain = ask("GET", stack.url.replace("https:", "http:", 1))
    expect_status(plain, 301)
    token = ask("POST", f"{stack.origin}/api/files/token".replace("https:", "http:", 1))
    expect_status(token, 403)


def a_protected_file_needs_its_token(stack: Stack) -> None:
    """A protected file is never cached at the edge."""
    if not (stack.protected and stack.token):
        raise Skipped("give TOKEN and --protected")
    url = stack.protected.partition("?")[0]
    with_token = with_query(url, f"token={stack.token}")
    first = ask("GET", with_token)
    expired = "is the token one of its collection's, and less than a few minutes old?"
    expect(first.status == HTTPStatus.OK, f"{first.status} in place of 200: {expired}")
    control = first.headers.get("cache-control", "")
    expect("private" in control or "no-store" in control, f"Cache-Control is {control!r}")
    second = ask("GET", with_token)
    expect("hit" not in second.headers.get("x-cache", "").lower(), "it came from a cache")
    expect_not_found(ask("GET", url), "without a token")


def a_large_file_is_redirected(stack: Stack) -> None:
    """A presigned URL of the role's credentials works, with CORS and ranges."""
    if not stack.large:
        raise Skipped("give --large, a file above 4 MiB")
    answer = ask("GET", stack.large)
    if answer.status == HTTPStatus.OK and stack.is_behind_cloudfront():
        raise Skipped("CloudFront reads it from the bucket")
    expect_status(answer, 302)
    location = urljoin(stack.large, answer.headers.get("location", ""))
    expect("X-Amz-Expires" in parse_qs(urlsplit(location).query), "the URL is not presigned")
    part = ask("GET", location, {"Range": "bytes=0-9", **FOREIGN_ORIGIN})
    expect_status(part, 206)
    expect("access-control-allow-origin" in part.headers, "the bucket has no CORS rule")
    expect("x-amz-website-redirect-location" not in part.headers, "the bucket redirects")
    first = ask("GET", stack.large, {"Range": "bytes=0-9"})
    expect_status(first, 206)
    expect(first.body == part.body, "the API and S3 send other bytes")


def media_elements_are_not_redirected(stack: Stack) -> None:
    """CloudFront accepts a 206 that is shorter than the range it asked for."""
    only_behind_cloudfront(stack)
    if not stack.large:
        raise Skipped("give --large, a file above 4 MiB")
    answer = ask("GET", stack.large, {"Range": "bytes=0-", "Sec-Fetch-Dest": "video"})
    expect_status(answer, 206)


def nobody_bypasses_cloudfront(stack: Stack) -> None:
    """A request around CloudFront is refused."""
    if not stack.api:
        raise Skipped("give --api, the address of the API itself")
    path = urlsplit(stack.url).path
    expect_status(ask("GET", stack.api.rstrip("/") + path), 403)
    expect_status(ask("POST", stack.api.rstrip("/") + "/api/files/token"), 403)


ROWS: list[Callable[[Stack], None]] = [
    a_picture_is_served,
    head_tells_the_length,
    an_etag_is_answered_with_304,
    a_range_is_answered_exactly,
    a_preflight_is_answered,
    any_origin_may_read,
    a_thumb_is_made,
    missing_files_are_404,
    odd_paths_are_decoded_once,
    other_paths_are_not_the_gateways,
    a_token_needs_authorization,
    the_second_answer_comes_from_the_edge,
    browsers_are_told_to_use_https,
    a_protected_file_needs_its_token,
    a_large_file_is_redirected,
    media_elements_are_not_redirected,
    nobody_bypasses_cloudfront,
]
