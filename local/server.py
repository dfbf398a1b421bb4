"""HTTP/1.1 over a socket: reads requests, calls the application, writes its answers."""

import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn, TypeAlias

from local.gateway import BODY_LIMIT, Answer, Request, refusal

Application: TypeAlias = Callable[[Request], Answer]

HEADERS_TOO_LARGE = 431
PARTS_OF_A_REQUEST_LINE = 3
"""Method, target, version (RFC 9112 §3)."""

_MAX_REQUEST_LINE = 64 * 1024
"""Bytes. A longer request line is refused without reading it to its end."""

_DISCARD_BYTES = 64 * 1024
"""Bytes read at once from a body that is discarded."""


class Server(ThreadingHTTPServer):
    """Serves each connection in a thread of its own. Port 0 means any free port.

    It listens at once, and raises ``OSError`` when the port is in use. Clients wait until
    ``application`` is set and ``serve_forever`` is called.
    """

    daemon_threads = True
    request_queue_size = 128

    application: Application

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """Bind without the reverse DNS lookup that the standard library makes."""
        super(ThreadingHTTPServer, self).server_bind()
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a stack trace, except for a client that closed its connection."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """The request cannot be read. The connection is closed after the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Connection(BaseHTTPRequestHandler):
    """One connection. It serves requests one after another until either side closes it."""

    server: Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # the library's 0.9 would be answered without headers
    # Without Nagle's algorithm and with buffered writes an answer is one packet, sent at once.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75  # seconds that an idle connection is kept

    command = ""
    request_version = "HTTP/1.0"

    def handle_one_request(self) -> None:
        """Read one request and answer it."""
        try:
            self.raw_requestline = self.rfile.readline(_MAX_REQUEST_LINE + 1)
            if not self.raw_requestline:
                self.close_connection = True
            elif self._read_head():
                self._send(self.server.application(self._request()))
        except _Refused as refused:
            self.close_connection = True
            self._send(refusal(refused.status))
            self._linger()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _read_head(self) -> bool:
        if len(self.raw_requestline) > _MAX_REQUEST_LINE:
            raise _Refused(HEADERS_TOO_LARGE)
        if not self.parse_request():
            return False
        if len(self.requestline.split()) < PARTS_OF_A_REQUEST_LINE or self.headers.defects:
            raise _Refused(400)
        hosts = self.headers.get_all("Host", [])
        if self.request_version == "HTTP/1.1" and len(hosts) != 1:  # RFC 9112 §3.2
            raise _Refused(400)
        return True

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> NoReturn:
        """Answer in the gateway's words where the standard library refuses a request."""
        raise _Refused(code if code == HEADERS_TOO_LARGE else 400)

    def handle_expect_100(self) -> bool:
        """Ask for the body at once. Its length is checked when it is read."""
        answered = super().handle_expect_100()
        self.wfile.flush()
        return answered

    def _request(self) -> Request:
        _, target, _ = self.requestline.split()
        headers = []
        for name, value in self.headers.items():
            stripped = str(value).strip(" \t")
            if "\n" in stripped:  # line folding (RFC 9112 §5.2)
                raise _Refused(400)
            headers.append((name, stripped))
        host, *_ = self.client_address
        return Request(self.command, target, tuple(headers), self._body(), host)

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise _Refused(411)  # chunked bodies are not supported
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdigit()):
            raise _Refused(400)
        length = int(text)
        if length > BODY_LIMIT:
            raise _Refused(413)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the connection ended before the body did")
        return body

    def _linger(self) -> None:
        """Discard what the client still sends.

        Closing a socket with unread bytes resets the connection, and the client may lose the
        answer.
        """
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = 8 * BODY_LIMIT
        while left > 0 and (read := self.connection.recv(_DISCARD_BYTES)):
            left -= len(read)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status, _phrase(answer.status))
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the functions log their requests themselves."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
