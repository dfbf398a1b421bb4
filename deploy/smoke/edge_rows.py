"""What CloudFront does with its two functions, its key value store and the bucket as an origin.

For public files of open collections. ``--no-direct`` skips these rows, for a stack with
``CdnDirect=no``.
"""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from deploy.smoke.checks import (
    expect,
    expect_hit,
    expect_not_found,
    expect_status,
    only_behind_cloudfront,
    with_query,
)
from deploy.smoke.client import Answer, Skipped, Stack, ask

EDGE_SECONDS = 2
"""CloudFront may need a moment until the next request finds what it has just cached."""

FORGET_SECONDS = 180
"""How long an invalidation may take."""

OF_THE_API = "apigw-requestid"
"""API Gateway adds this header to every response; one from the bucket lacks it."""

SAME_FILE = ("unknown=1", "token=x", "download=0", "thumb=&unknown=2")
"""Queries that change nothing of a public file."""


def only_with_functions(stack: Stack) -> None:
    """Raise ``Skipped`` for a stack whose CloudFront asks the API for everything."""
    only_behind_cloudfront(stack)
    if not stack.is_direct:
        raise Skipped("CloudFront asks the API for everything")


def expect_from_bucket(answer: Answer, what: str) -> None:
    """Raise ``Surprise`` if a response came from the API, or shows that it came from S3."""
    expect(OF_THE_API not in answer.headers, f"{what} came from the API")
    names = [name for name in answer.headers if name.startswith("x-amz-") and "-cf-" not in name]
    expect(not names, f"{what} has headers of S3: {names}")


def a_public_file_comes_from_the_bucket(stack: Stack) -> None:
    """The function makes a group of origins, and the bucket policy lets CloudFront read."""
    only_with_functions(stack)
    answer = ask("GET", stack.url, {"Accept-Encoding": "identity"})
    expect_status(answer, 200)
    expect_from_bucket(answer, "the picture")
    shown = answer.headers.get("content-disposition", "")
    expect(shown.startswith("inline; filename="), f"Content-Disposition is {shown!r}")
    by_api = ask("GET", with_query(stack.url, "download=1"))
    expect(by_api.body == answer.body, "the API and the bucket send other bytes")
    expect(by_api.headers.get("etag") == answer.headers.get("etag"), "another ETag than the API")


def every_spelling_has_one_copy(stack: Stack) -> None:
    """The function runs before the cache is asked, so that each file has one copy."""
    only_with_functions(stack)
    ask("GET", stack.url)
    time.sleep(EDGE_SECONDS)
    for query in SAME_FILE:
        expect_hit(ask("GET", with_query(stack.url, query)), f"?{query}")
    folder, _, name = stack.url.rpartition("/")
    escaped = f"{folder}/%{ord(name[0]):02x}{name[1:]}"
    expect_hit(ask("GET", escaped), "an escaped letter")


def a_stored_thumb_comes_from_the_bucket(stack: Stack) -> None:
    """A missing thumb is made by the second origin, and read from the bucket afterwards."""
    only_with_functions(stack)
    url = with_query(stack.url, "thumb=100x100")
    made = ask("GET", url)
    expect_status(made, 200)
    time.sleep(EDGE_SECONDS)
    again = ask("GET", url)
    expect_hit(again, "the second thumb")
    expect(again.body == made.body, "the second thumb has other bytes")


def each_format_of_a_thumb_has_its_own_copy(stack: Stack) -> None:
    """CloudFront caches by the value of `Accept` that the function sets."""
    only_with_functions(stack)
    url = with_query(stack.url, "thumb=100x100")
    types = {}
    for accept in ("image/avif,*/*", "image/webp,*/*", "*/*"):
        ask("GET", url, {"Accept": accept})
        time.sleep(EDGE_SECONDS)
        answer = ask("GET", url, {"Accept": accept})
        expect_hit(answer, f"Accept: {accept}")
        expect("accept" in answer.headers.get("vary", "").lower(), "Vary does not name Accept")
        types[accept] = answer.headers.get("content-type", "")
    own = types["*/*"]
    for accept, sent in types.items():
        asked = accept.partition(",")[0]
        expect(sent in {asked, own}, f"Accept: {accept} got {sent}")


def an_object_key_is_no_path(stack: Stack) -> None:
    """A path that is an object's key reaches no object."""
    only_with_functions(stack)
    path = urlsplit(stack.url).path.removeprefix("/api/files")
    answer = ask("GET", f"{stack.origin}{path}")
    expect_not_found(answer, "the path of a key")


def a_large_public_file_stays_at_the_edge(stack: Stack) -> None:
    """CloudFront reads ranges of large files from the bucket, and keeps them."""
    only_with_functions(stack)
    if not stack.large:
        raise Skipped("give --large, a public file above 4 MiB")
    ask("GET", stack.large, {"Range": "bytes=0-99"})
    time.sleep(EDGE_SECONDS)
    answer = ask("GET", stack.large, {"Range": "bytes=0-99", "Sec-Fetch-Dest": "video"})
    expect_status(answer, 206)
    expect_from_bucket(answer, "the range")
    expect(len(answer.body) == len(range(100)), f"{len(answer.body)} bytes in place of 100")


def what_is_invalidated_is_forgotten(stack: Stack) -> None:
    """An invalidation reaches the copies that the functions made."""
    only_with_functions(stack)
    if stack.forget is None:
        raise Skipped("give --distribution, which needs credentials of AWS")
    ask("GET", stack.url)
    time.sleep(EDGE_SECONDS)
    expect_hit(ask("GET", stack.url), "before the invalidation")
    collection, record = urlsplit(stack.url).path.split("/")[3:5]
    stack.forget([f"/{collection}/{record}/*", f"/api/files/{collection}/{record}/*"])
    end = time.monotonic() + FORGET_SECONDS
    while "hit" in ask("GET", stack.url).headers.get("x-cache", "").lower():
        expect(
            time.monotonic() < end,
            f"a copy is still served after {FORGET_SECONDS} s: does URL name the collection by "
            "its id?",
        )
        time.sleep(EDGE_SECONDS)


EDGE_ROWS: list[Callable[[Stack], None]] = [
    a_public_file_comes_from_the_bucket,
    every_spelling_has_one_copy,
    a_stored_thumb_comes_from_the_bucket,
    each_format_of_a_thumb_has_its_own_copy,
    an_object_key_is_no_path,
    a_large_public_file_stays_at_the_edge,
    what_is_invalidated_is_forgotten,
]
