"""HTTP servers on this machine, for as long as a ``with`` block lasts."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer

from local.server import Application, Server


@contextlib.contextmanager
def serving(application: Application) -> Iterator[int]:
    """Serve an application by the local service's server; yields the port."""
    with Server(("127.0.0.1", 0)) as server:
        server.application = application
        with _running(server):
            yield server.server_port


@contextlib.contextmanager
def serving_origin(application: Application) -> Iterator[str]:
    """The same; yields the origin."""
    with serving(application) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve by the standard library's server; yields the origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, _running(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def _running(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


class Unending(BaseHTTPRequestHandler):
    """Sends the same text again and again, until nobody reads it."""

    first = b""
    again = b""

    def do_GET(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(self.first)
            while True:
                self.wfile.write(self.again)
                time.sleep(0.01)

    def log_message(self, *arguments: object) -> None:
        pass


class OneByteEachTime(Unending):
    """A header that does not end."""

    first = b"HTTP/1.1 200 OK\r\nX-Slow: "
    again = b"a"


class AlwaysContinue(Unending):
    """Interim responses, and never a final one."""

    again = b"HTTP/1.1 100 Continue\r\n\r\n"


class OneByteOfAChunksSize(Unending):
    """The extension of a first chunk's size (RFC 9112, 7.1.1), which does not end."""

    first = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"
    again = b"a"


class OneByteOfABody(Unending):
    """A body of a gigabyte, a byte at a time."""

    first = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    again = b"a"
