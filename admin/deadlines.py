"""An end for an exchange with a server that sends a little at a time, for ever.

A socket's timeout is for each read alone: a server that sends a byte of a header each second, or
one ``100 Continue`` after the other (RFC 9110, 15.2.1), never meets it.
"""

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Iterator

import urllib3

HEADER_SECONDS = 60.0
"""Longest time from a request's end to the end of the response's headers."""


@contextlib.contextmanager
def ends_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Shut a connection down if the block takes longer, which ends every read from it.

    Raises ``TimeoutError`` then.
    """
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        with contextlib.suppress(OSError):  # it has ended by itself
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    too_late = f"after {seconds:.3g} s the response has not ended"
    try:
        yield
    except Exception as error:
        if is_late.is_set():
            raise TimeoutError(too_late) from error
        raise
    finally:
        timer.cancel()
    if is_late.is_set():  # a reader takes the end of the connection for that of the headers
        raise TimeoutError(too_late)


_connections: weakref.WeakKeyDictionary[urllib3.BaseHTTPResponse, weakref.ref[socket.socket]]
_connections = weakref.WeakKeyDictionary()
"""The connection that each response comes from, while somebody else needs it."""


@contextlib.contextmanager
def body_ends_after(seconds: float, response: urllib3.BaseHTTPResponse) -> Iterator[None]:
    """Shut the connection of a response of ``bound_headers`` down if the block takes longer.

    Raises ``TimeoutError`` then.
    """
    connection = _connections[response]()
    with ends_after(seconds, connection) if connection else contextlib.nullcontext():
        yield


def _in_time(
    connection: socket.socket, read: Callable[[], urllib3.response.HTTPResponse]
) -> urllib3.response.HTTPResponse:
    """The response of a connection, once its headers are there."""
    with ends_after(HEADER_SECONDS, connection):
        return read()


# Errors name these classes, so they are called as urllib3's own.
class HTTPConnection(urllib3.connection.HTTPConnection):
    """A connection that gives up headers that do not end, as urllib3 gives up a slow read."""

    def getresponse(self) -> urllib3.response.HTTPResponse:  # type: ignore[override]
        """The response, once its headers are there."""
        connection = weakref.ref(self.sock)  # which may be the response's afterwards
        response = _in_time(self.sock, super().getresponse)
        _connections[response] = connection
        return response


class HTTPSConnection(urllib3.connection.HTTPSConnection):
    """The same for HTTPS."""

    def getresponse(self) -> urllib3.response.HTTPResponse:  # type: ignore[override]
        """The response, once its headers are there."""
        connection = weakref.ref(self.sock)
        response = _in_time(self.sock, super().getresponse)
        _connections[response] = connection
        return response


class HTTPConnectionPool(urllib3.HTTPConnectionPool):
    """Such connections to one host."""

    ConnectionCls = HTTPConnection


class HTTPSConnectionPool(urllib3.HTTPSConnectionPool):
    """Such connections to one host by HTTPS."""

    ConnectionCls = HTTPSConnection


def bound_headers(pools: urllib3.PoolManager) -> urllib3.PoolManager:
    """Give up, in all connections of a manager, headers that do not end. Returns the manager."""
    pools.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
    return pools
