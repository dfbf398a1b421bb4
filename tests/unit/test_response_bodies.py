"""Bodies are read within their limit, and what goes wrong is raised as botocore raises it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.exceptions import ReadTimeoutError as Urllib3Timeout

from pocketfiles import response_bodies
from pocketfiles.deadline import deadline_in

LONG = 3600


@dataclass
class Raw:
    """A response on its way: pieces of a body, and an error behind them."""

    pieces: list[bytes]
    error: HTTPError | None = None
    is_closed: bool = False
    left: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.left = iter(self.pieces)

    def read1(self, _: int) -> bytes:
        piece = next(self.left, b"")
        if not piece and self.error:
            raise self.error
        return piece

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        self.is_closed = True


def sent(raw: Raw, *, seconds: float = LONG, is_object: bool = False, status: int = 200) -> Any:
    """The body that botocore gets, ``None`` if it is left to be read later."""
    handlers: list[Callable[..., Any]] = []
    response = SimpleNamespace(status_code=status, raw=raw, _content=None)
    client = SimpleNamespace(
        _endpoint=SimpleNamespace(http_session=SimpleNamespace(send=lambda _: response)),
        meta=SimpleNamespace(
            events=SimpleNamespace(register_last=lambda _, handler: handlers.append(handler))
        ),
    )
    response_bodies.limit(client, seconds)
    request = SimpleNamespace(url="http://aws.test/", stream_output=is_object)
    return handlers[0](request=request)._content


def test_a_body_is_all_that_comes() -> None:
    assert sent(Raw([b"ab", b"c"])) == b"abc"
    assert sent(Raw([])) == b""


def test_the_body_of_an_object_is_left_to_who_asked_for_it() -> None:
    assert sent(Raw([b"ab"]), is_object=True) is None
    assert sent(Raw([b"<Error>"]), is_object=True, status=403) == b"<Error>"


def test_a_body_that_comes_slowly_ends_at_the_limit() -> None:
    raw = Raw([b"a"] * 9)
    with pytest.raises(ReadTimeoutError):
        sent(raw, seconds=0)
    assert raw.is_closed


def test_a_body_that_comes_slowly_ends_at_the_requests_deadline() -> None:
    raw = Raw([b"a"] * 9)
    with deadline_in(0), pytest.raises(ReadTimeoutError):
        sent(raw)
    assert raw.is_closed


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ProtocolError("broken"), ConnectionClosedError),
        (Urllib3Timeout(None, "/", "late"), ReadTimeoutError),  # type: ignore[arg-type]
    ],
)
def test_a_connection_that_breaks_is_an_error_of_botocore(
    error: HTTPError, raised: type[BotoCoreError]
) -> None:
    with pytest.raises(raised):
        sent(Raw([b"a"], error))
