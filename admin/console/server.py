"""Serves the page of a deployed stack on this machine, for as long as it runs."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .app import ConsoleApp, Response

LOOPBACK = "127.0.0.1"
NOT_FOUND = Response(404, (("Content-Length", "0"),), b"")


class ConsoleServer(ThreadingHTTPServer):
    """Listens on this machine alone. Port 0 means any free port; raises ``OSError``."""

    daemon_threads = True

    def __init__(self, app: ConsoleApp, port: int) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self.app = app

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a stack trace, except for a browser that closed its connection."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    server: ConsoleServer
    protocol_version = "HTTP/1.1"
    timeout = 75  # seconds that an idle connection is kept

    def do_GET(self) -> None:
        """Answer with the page or its data."""
        headers = {name.lower(): str(value) for name, value in self.headers.items()}
        answer = self.server.app.answer(self.command, self.path, headers) or NOT_FOUND
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: addresses of the page may hold tokens."""
