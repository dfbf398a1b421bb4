"""One HTTP request and one reply as plain values, independent of the gateway they pass through."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pocketfiles.log_fields import LogFields, Opening

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    ``path`` is percent-decoded. ``query`` has the first value of each parameter. Names in
    ``headers`` are in lower case. ``address`` is the client's IP address, if known.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    address: str
    body: bytes = field(default=b"", repr=False)
    raw_query: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One response.

    ``length`` is the Content-Length that a response to HEAD announces. ``opening`` is set if the
    response is a protected file.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    log_fields: LogFields = field(default_factory=LogFields)
    opening: Opening | None = None
