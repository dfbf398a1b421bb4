"""One HTTP request and one reply as plain values, whatever gateway they come from or go to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``path`` decoded, ``headers`` with lower-case names, first values of query parameters."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    address: str
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``length`` is what a HEAD announces, ``facts`` what the log line says."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
