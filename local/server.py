"""HTTP/1.1 over a socket: reads requests, asks an application, writes answers. Knows nothing of AWS."""

import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn, TypeAlias

from local.gateway import BODY_LIMIT, Answer, Request, refusal

Application: TypeAlias = Callable[[Request], Answer]

_LINE = 64 * 1024  # a longer first line is not read on
_PIECE = 64 * 1024  # bytes read at once from a body nobody wants


class Server(ThreadingHTTPServer):
    """A thread a connection; port 0 takes any free one. Raises ``OSError`` when the port is taken.

    It listens at once, and clients wait until ``application`` is set and ``serve_forever`` called.
    """

    daemon_threads = True
    request_queue_size = 128

    application: Application

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """Binds without the reverse lookup of the host's name that the standard library makes."""
        super(ThreadingHTTPServer, self).server_bind()
        self.server_name, self.server_port = (
            str(self.server_address[0]),
            int(self.server_address[1]),
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not worth a stack trace; anything else is a bug."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """The request cannot even be read; the connection ends after the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Connection(BaseHTTPRequestHandler):
    """One connection; requests follow each other on it until either side closes."""

    server: Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # 0.9, the library's own, would be answered without a head
    disable_nagle_algorithm = (
        True  # with buffered writes: one packet an answer instead of a 40 ms wait
    )
    wbufsize = -1
    timeout = 75  # seconds an idle connection is kept

    command = ""
    request_version = "HTTP/1.0"

    def handle_one_request(self) -> None:
        """Reads one request and answers it."""
        try:
            self.raw_requestline = self.rfile.readline(_LINE + 1)
            if not self.raw_requestline:
                self.close_connection = True
            elif self._head_is_read():
                self._send(self.server.application(self._request()))
        except _Refused as refused:
            self.close_connection = True
            self._send(refusal(refused.status))
            self._linger()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _head_is_read(self) -> bool:
        if len(self.raw_requestline) > _LINE:
            raise _Refused(431)
        if not self.parse_request():
            return False
        hosts = len(self.headers.get_all("Host", []))
        versionless = len(self.requestline.split()) < 3
        if (
            versionless
            or self.headers.defects
            or (self.request_version == "HTTP/1.1" and hosts != 1)
        ):
            raise _Refused(400)
        return True

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> NoReturn:
        """The standard library's refusals (a broken first line or header) are the gateway's."""
        raise _Refused(code if code == 431 else 400)

    def handle_expect_100(self) -> bool:
        """Asks for the body at once; its length is looked at when it is read."""
        answered = super().handle_expect_100()
        self.wfile.flush()
        return answered

    def _request(self) -> Request:
        _, target, _ = self.requestline.split()
        headers = tuple((name, str(value).strip(" \t")) for name, value in self.headers.items())
        if any("\n" in value for _, value in headers):  # a folded line (RFC 9112 §5.2)
            raise _Refused(400)
        return Request(self.command, target, headers, self._body(), self.client_address[0])

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise _Refused(
                411
            )  # chunked requests are not read here; no client of this API sends them
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdigit()):
            raise _Refused(400)
        length = int(text)
        if length > BODY_LIMIT:
            raise _Refused(413)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the body broke off")
        return body

    def _linger(self) -> None:
        """Reads on for a moment: closing on unread bytes resets the connection and may lose the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = 8 * BODY_LIMIT
        while left > 0 and (read := self.connection.recv(_PIECE)):
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
        """Nothing: the functions log their requests themselves."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
