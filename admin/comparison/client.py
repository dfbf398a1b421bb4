"""Sends requests to one service and reads the answers, at a bounded rate."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import urllib3

from ..deadlines import body_ends_after, bound_headers
from ..errors import AdminError
from ..proxies import in_words, pool_for

KEPT_BYTES = 8 * 1024 * 1024
"""How much of a body is kept to be looked at; all of it is compared by its checksum."""

_CHUNK_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_BUSY_ATTEMPTS = 5
_LONGEST_PAUSE_SECONDS = 30.0
_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_FIRST_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_LONGEST_SECONDS = 600.0
"""How long one body may take, however little of it arrives at a time."""

# Its warnings show whole URLs, and a URL may hold a token.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_RETRIES = urllib3.Retry(
    connect=3,
    read=2,
    redirect=False,
    status=0,
    backoff_factor=0.2,
    respect_retry_after_header=False,  # ``Client.ask`` does, with a bound
)


@dataclass(frozen=True)
class Answer:
    """The answer of one service, after a redirect was followed."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case; several lines of a name are joined by commas."""
    length: int
    """The length of the body in bytes."""
    sha256: str
    body: bytes = field(default=b"", repr=False)
    """The first ``KEPT_BYTES`` of the body."""
    redirect_headers: Mapping[str, str] | None = None
    """The headers of the redirect that led to this answer; ``None`` without one."""


class Rate:
    """Lets so many calls pass in a second, evenly spaced, from all threads together."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Wait for the next turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval
        self._sleep(turn - now)


class Client:
    """One service, at an origin such as ``https://files.example.com``."""

    def __init__(self, origin: str, rate: Rate, connections: int) -> None:
        self._origin = origin.rstrip("/")
        self._rate = rate
        self._connections = connections
        self._pools: dict[str, urllib3.PoolManager] = {}

    def require_answer(self) -> None:
        """Raise ``AdminError`` unless the service answers anything, in a short time."""
        url = f"{self._origin}/api/files/"
        try:
            response = self._pool(url).request(
                "GET",
                url,
                redirect=False,
                timeout=_FIRST_TIMEOUT,
                retries=False,
                preload_content=False,
            )
            response.close()
        except urllib3.exceptions.HTTPError as error:
            raise self._no_answer(error) from error

    def ask(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Send a request and return the answer; a busy service is asked again after a pause.

        Raises ``AdminError`` if the service cannot be reached.
        """
        for attempt in range(1, _BUSY_ATTEMPTS + 1):
            answer = self._ask(method, self._origin + target, headers)
            if answer.status not in _BUSY or attempt == _BUSY_ATTEMPTS:
                break
            time.sleep(_pause(answer, attempt))
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location or method != "GET":
            return answer
        try:
            url = urljoin(self._origin + target, location)
        except ValueError:  # it leads nowhere
            return answer
        range_only = {name: value for name, value in headers.items() if name == "Range"}
        target_answer = self._ask(method, url, range_only)
        return Answer(
            target_answer.status,
            target_answer.headers,
            target_answer.length,
            target_answer.sha256,
            target_answer.body,
            redirect_headers=answer.headers,
        )

    def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        self._rate.wait()
        try:
            response = self._pool(url).request(
                method,
                url,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            with response:
                return _read(response)
        except urllib3.exceptions.HTTPError as error:
            raise self._no_answer(error) from error

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Connections to the host of a URL; a redirect may lead past a proxy, or through one."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._pools:
            pools = pool_for(origin, maxsize=self._connections, timeout=_TIMEOUT, retries=_RETRIES)
            self._pools[origin] = bound_headers(pools)
        return self._pools[origin]

    def _no_answer(self, error: urllib3.exceptions.HTTPError) -> AdminError:
        return AdminError(f"{self._origin} does not answer: {in_words(error)}")


def _read(response: urllib3.BaseHTTPResponse) -> Answer:
    end = time.monotonic() + _LONGEST_SECONDS
    checksum = hashlib.sha256()
    kept = bytearray()
    length = 0
    try:
        with body_ends_after(_LONGEST_SECONDS, response):
            while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
                checksum.update(chunk)
                length += len(chunk)
                if len(kept) < KEPT_BYTES:
                    kept += chunk[: KEPT_BYTES - len(kept)]
                if time.monotonic() > end:
                    raise TimeoutError
    except TimeoutError as error:
        too_late = f"a body did not end in {_LONGEST_SECONDS:.0f} s"
        raise urllib3.exceptions.HTTPError(too_late) from error
    headers = {name.lower(): ", ".join(response.headers.getlist(name)) for name in response.headers}
    return Answer(response.status, headers, length, checksum.hexdigest(), bytes(kept))


def _pause(answer: Answer, attempt: int) -> float:
    """How long to wait, in seconds: as the service says, else longer each time."""
    told = answer.headers.get("retry-after", "")
    seconds = float(told) if told.isdecimal() else 0.5 * 2**attempt
    return min(seconds, _LONGEST_PAUSE_SECONDS)
