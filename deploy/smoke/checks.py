"""What rows expect of responses."""

from deploy.smoke.client import Answer, Skipped, Stack, Surprise

NOT_FOUND = {"data": {}, "message": "The requested resource wasn't found.", "status": 404}


def expect(is_so: bool, otherwise: str) -> None:
    """Raise ``Surprise`` unless something is so."""
    if not is_so:
        raise Surprise(otherwise)


def expect_status(answer: Answer, status: int) -> None:
    """Raise ``Surprise`` unless the response has a status."""
    expect(answer.status == status, f"{answer.status} in place of {status}")


def expect_not_found(answer: Answer, what: str) -> None:
    """Raise ``Surprise`` unless the response is our 404, which nobody may cache."""
    expect(answer.status == NOT_FOUND["status"], f"{what}: {answer.status} in place of 404")
    expect(answer.json() == NOT_FOUND, f"{what}: the body is not ours: {answer.body[:80]!r}")
    control = answer.headers.get("cache-control", "")
    expect(control == "no-store", f"{what}: Cache-Control is {control!r}")


def with_query(url: str, query: str) -> str:
    """A URL with one more parameter in its query."""
    return url + ("&" if "?" in url else "?") + query


def only_behind_cloudfront(stack: Stack) -> None:
    """Raise ``Skipped`` for a stack without CloudFront."""
    if not stack.is_behind_cloudfront():
        raise Skipped("the stack has no CloudFront")


def expect_hit(answer: Answer, what: str) -> None:
    """Raise ``Surprise`` unless the response came from a cache of CloudFront."""
    cache = answer.headers.get("x-cache", "")
    expect("hit" in cache.lower(), f"{what}: X-Cache is {cache!r}")
