"""Reads the bodies of AWS's responses within a time limit, however slowly they come.

botocore limits each read from a connection, and a body that comes byte by byte never meets that
limit. Here an attempt ends once its connection and its reads have had their time. The bodies of
objects are not read here: ``storage`` has a limit of its own.
"""

import time
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as Urllib3Timeout

from pocketfiles.deadline import seconds_left

_CHUNK_BYTES = 256 * 1024


def limit(client: Any, seconds: float) -> None:
    """End each attempt of the client, except for objects' bodies, after ``seconds`` or at the
    request's deadline. It then counts as a read timeout, which botocore may try again."""
    session = client._endpoint.http_session

    def send(request: Any, **_: Any) -> Any:
        left = seconds_left()
        until = time.monotonic() + (seconds if left is None else min(seconds, left))
        is_object = request.stream_output
        request.stream_output = True  # else the session reads the body without any limit
        response = session.send(request)
        if not is_object or response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            response._content = _body(response.raw, request, until)
        return response

    client.meta.events.register_last("before-send", send)


def _body(raw: Any, request: Any, until: float) -> bytes:
    """The whole body. Raises what botocore raises when it reads one."""
    # read1 returns what has arrived. urllib3 1 has no read1.
    read = getattr(raw, "read1", raw.read)
    chunks = []
    try:
        while chunk := read(_CHUNK_BYTES):
            chunks.append(chunk)
            if time.monotonic() > until:
                raw.close()
                raise ReadTimeoutError(endpoint_url=request.url, error="the body came too slowly")
        raw.read()  # nothing is left; this gives the connection back
    except Urllib3Timeout as error:
        raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
    except ProtocolError as error:
        raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
    return b"".join(chunks)
