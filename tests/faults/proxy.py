"""A proxy between AWS clients and a moto server that injects faults by rules.

It reads a whole request. The first rule that matches its label handles it; without one, the request
is passed on. Labels look like ``s3 GET /bucket/key?query`` or ``dynamodb Query {"TableName": …}``.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "server", "date"}


def no_wait() -> None:
    """Go on at once."""


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Exchange(Protocol):
    """What a fault can do with one request."""

    label: str

    def upstream(self) -> Answer:
        """Send the request to the real server, each time this is called."""

    def send(self, answer: Answer) -> None:
        """Send the response to the client."""

    def send_partly(
        self, answer: Answer, length: int, *, reset: bool, wait: Callable[[], object] = no_wait
    ) -> None:
        """Send the headers and that many bytes of the body, ``wait``, and end the connection."""

    def wait_for_end(self) -> None:
        """Wait until the client has closed the connection."""

    def send_slowly(self, answer: Answer, step: int, pause: float) -> None:
        """Send the body ``step`` bytes at a time, with a pause before each."""


class Fault(Protocol):
    """A way to handle a request wrongly."""

    def __call__(self, exchange: Exchange, /) -> None:
        """Handle the exchange."""


@dataclass
class Rule:
    """Injects a fault into requests whose label matches: all, or the first ``times`` of them."""

    pattern: str
    fault: Fault
    times: int | None = None
    met: int = 0

    def takes(self, label: str) -> bool:
        """Whether the rule applies to this request; counts the request if so."""
        if not re.search(self.pattern, label) or self.met == self.times:
            return False
        self.met += 1
        return True


@dataclass
class Proxy:
    """A running proxy: its address, its rules, and the labels of all requests."""

    url: str
    upstream: str
    rules: list[Rule] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    connections: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rule_for(self, label: str) -> Rule | None:
        """The first rule that applies to a request."""
        with self._lock:
            self.labels.append(label)
            return next((rule for rule in self.rules if rule.takes(label)), None)

    def asked(self, pattern: str) -> int:
        """The number of requests whose label matches."""
        with self._lock:
            return sum(1 for label in self.labels if re.search(pattern, label))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that closed their connection: faults make them do so."""


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    label = ""

    def setup(self) -> None:
        super().setup()
        self.server.proxy.connections += 1

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.label = self._label()
        rule = self.server.proxy.rule_for(self.label)
        try:
            if rule is None:
                self.send(self.upstream())
            else:
                rule.fault(self)
        except OSError:
            self.close_connection = True

    def _label(self) -> str:
        target = self.headers.get("X-Amz-Target")
        if target:
            service = "logs" if target.startswith("Logs_") else "dynamodb"
            return f"{service} {target.rpartition('.')[2]} {self._body.decode()}"
        return f"s3 {self.command} {self.path}"

    def upstream(self) -> Answer:
        to = HTTPConnection(urlsplit(self.server.proxy.upstream).netloc, timeout=30)
        try:
            to.request(self.command, self.path, self._body, dict(self.headers.items()))
            answer = to.getresponse()
            headers = tuple(
                pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP
            )
            return Answer(answer.status, headers, answer.read())
        finally:
            to.close()

    def _head(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD" and not any(
            name.lower() == "content-length" for name, _ in answer.headers
        ):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def send(self, answer: Answer) -> None:
        self._head(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def send_partly(
        self, answer: Answer, length: int, *, reset: bool, wait: Callable[[], object] = no_wait
    ) -> None:
        if length >= 0:
            self._head(answer)
            self.wfile.write(answer.body[:length])
            self.wfile.flush()
            wait()
        if reset:  # RST, not FIN: what was not yet read is lost, and the client sees an error
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def wait_for_end(self) -> None:
        self.rfile.read(1)
        self.close_connection = True

    def send_slowly(self, answer: Answer, step: int, pause: float) -> None:
        self._head(answer)
        for start in range(0, len(answer.body), step):
            time.sleep(pause)
            self.wfile.write(answer.body[start : start + step])
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def running(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of that address, running inside the block."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}", upstream)
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


def refuse(status: int, code: str) -> Fault:
    """Respond with an error in the service's own format."""

    def fault(exchange: Exchange) -> None:
        if exchange.label.startswith(("dynamodb", "logs")):
            body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"no"}}'.encode()
            exchange.send(Answer(status, (("Content-Type", "application/x-amz-json-1.0"),), body))
        else:
            error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
            body = f"<?xml version='1.0'?>{error}".encode()
            exchange.send(Answer(status, (("Content-Type", "application/xml"),), body))

    return fault


def answer(status: int, body: str) -> Fault:
    """Respond with that page, whatever the service's own format."""

    def fault(exchange: Exchange) -> None:
        exchange.send(Answer(status, (), body.encode()))

    return fault


def with_header(name: str, value: str) -> Fault:
    """Pass the request on and set a header of the response."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.upstream()
        others = [pair for pair in answer.headers if pair[0].lower() != name]
        exchange.send(Answer(answer.status, (*others, (name, value)), answer.body))

    return fault


def delay(seconds: float) -> Fault:
    """Pass the request on and delay the response."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.upstream()
        time.sleep(seconds)
        exchange.send(answer)

    return fault


def silence(exchange: Exchange) -> None:
    """Answer nothing for as long as the client waits."""
    exchange.wait_for_end()


def cut(after: int = -1, *, reset: bool = False, wait: Callable[[], object] = no_wait) -> Fault:
    """End the connection after so many bytes of the body; -1: without any response.

    ``wait``: called before it is ended. A reset discards what the client has not read yet.
    """

    def fault(exchange: Exchange) -> None:
        answer = exchange.upstream()
        exchange.send_partly(answer, after, reset=reset, wait=wait)

    return fault


def drip(step: int, pause: float) -> Fault:
    """Send the response a few bytes at a time."""

    def fault(exchange: Exchange) -> None:
        with contextlib.suppress(OSError):
            exchange.send_slowly(exchange.upstream(), step, pause)

    return fault
