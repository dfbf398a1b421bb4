"""Requests to a running stack, without redirects and with the path as it is written."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT_SECONDS = 30
"""Longest time in which nothing arrives."""

BODY_SECONDS = 120
"""Longest time for a whole body."""

CHUNK_BYTES = 64 * 1024


class Surprise(Exception):
    """A response is not what it should be."""


class Skipped(Exception):
    """A row does not apply, or lacks its URL."""


@dataclass(frozen=True)
class Answer:
    """A response: header names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or ``None``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass
class Stack:
    """The URLs of a stack, as the command line gives them."""

    url: str
    protected: str = ""
    large: str = ""
    api: str = ""
    token: str = ""
    is_direct: bool = True
    """Whether CloudFront reads public files from the bucket (``CdnDirect``)."""
    forget: Callable[[list[str]], None] | None = None
    """Invalidates paths, where credentials of AWS are given."""
    _answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Scheme and host of the stack."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def folder(self) -> str:
        """The URL of the public picture's record."""
        return self.url.rpartition("/")[0]

    def picture(self) -> Answer:
        """The public picture, asked for once."""
        if "picture" not in self._answers:
            self._answers["picture"] = ask("GET", self.url)
        return self._answers["picture"]

    def is_behind_cloudfront(self) -> bool:
        """Whether responses pass through CloudFront."""
        return "cloudfront" in self.picture().headers.get("x-cache", "")


def ask(method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One request. The path is sent as it is written, and no redirect is followed.

    Raises ``OSError``, ``http.client.HTTPException``, and ``ValueError`` for a URL that is none.
    """
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    connection = connect(parts.netloc, timeout=TIMEOUT_SECONDS)
    target = _ascii(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {"User-Agent": "pocketfiles-smoke", **(headers or {})}.items():
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, _body(response))
    finally:
        connection.close()


def _ascii(target: str) -> str:
    """A path and query with escapes for letters that HTTP does not allow."""
    return "".join(each if each.isascii() else quote(each) for each in target)


def _body(response: http.client.HTTPResponse) -> bytes:
    """The whole body. Raises ``TimeoutError`` and ``http.client.IncompleteRead``."""
    end = time.monotonic() + BODY_SECONDS
    body = bytearray()
    while chunk := response.read1(CHUNK_BYTES):
        body += chunk
        if time.monotonic() > end:
            raise TimeoutError(f"after {BODY_SECONDS} s the body has not ended")
    if response.length:
        raise http.client.IncompleteRead(bytes(body), response.length)
    return bytes(body)
