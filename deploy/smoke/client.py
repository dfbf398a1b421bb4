"""Requests to a running stack, without redirects and with the path as it is written.

They go through the environment's proxy, if there is one.
"""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from admin.deadlines import ends_after
from admin.proxies import proxy_for

TIMEOUT_SECONDS = 30
"""Longest time in which nothing arrives."""

RESPONSE_SECONDS = 120
"""Longest time for a whole response, however it arrives."""

KEPT_BYTES = 64 * 1024 * 1024
"""How much of a body is kept; the rest is read and forgotten."""

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
    """The first ``KEPT_BYTES`` of the body."""

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

    Raises ``OSError``, ``http.client.HTTPException``, ``ValueError`` for a URL that is none, and
    ``AdminError`` for a proxy that cannot be used.
    """
    parts = urlsplit(url)
    connection, base, for_proxy = _connection(parts)
    target = base + _ascii(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    sent = {"User-Agent": "pocketfiles-smoke", **for_proxy, **(headers or {})}
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        with ends_after(RESPONSE_SECONDS, connection.sock):
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, _body(response))
    finally:
        connection.close()


def _connection(url: SplitResult) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection for a request, what precedes the path in it, and headers for a proxy.

    A proxy opens a tunnel for HTTPS (RFC 9110, 9.3.6), and is asked for the whole URL for HTTP.
    """
    is_secure = url.scheme == "https"
    connect = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    proxy = proxy_for(url.geturl())
    if proxy is None:
        return connect(url.netloc, timeout=TIMEOUT_SECONDS), "", {}
    connection = connect(proxy.host, proxy.port, timeout=TIMEOUT_SECONDS)
    if not is_secure:
        return connection, f"http://{url.netloc}", proxy.headers
    connection.set_tunnel(url.netloc, headers=proxy.headers)
    return connection, "", {}


def _ascii(target: str) -> str:
    """A path and query with escapes for letters that HTTP does not allow."""
    return "".join(each if each.isascii() else quote(each) for each in target)


def _body(response: http.client.HTTPResponse) -> bytes:
    """What is kept of the body, which is read to its end.

    Raises ``TimeoutError`` and ``http.client.IncompleteRead``.
    """
    body = bytearray()
    while chunk := response.read1(CHUNK_BYTES):
        body += chunk[: KEPT_BYTES - len(body)]
    if response.length:
        raise http.client.IncompleteRead(bytes(body), response.length)
    return bytes(body)
