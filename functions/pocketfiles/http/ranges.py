"""Byte ranges (RFC 9110 §14), with PocketBase's answers to unusual ones (pocketbase.md §5.4)."""

import re
from dataclasses import dataclass

from pocketfiles.errors import PocketFilesError

_BLANK = " \t\r\n"
_NUMBER = re.compile(r"\+?0*([0-9]{1,19})")
_LARGEST_NUMBER = 2**63 - 1
"""Go parses no larger integer. Clients send this one to mean the end of the file."""

MALFORMED = "invalid range"
NO_OVERLAP = "invalid range: failed to overlap"


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes ``first`` to ``last``, both included. ``last`` is ``first - 1`` if it is empty."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1

    def content_range(self, size: int) -> str:
        """The ``Content-Range`` of this part of ``size`` bytes."""
        return f"bytes {self.first}-{self.last}/{size}"


class BadRange(PocketFilesError):
    """A 416. ``reason`` is its body; ``content_range`` its header, empty for a malformed range."""

    def __init__(self, reason: str, content_range: str = "") -> None:
        super().__init__(reason)
        self.content_range = content_range


def parse(header: str, size: int) -> list[Part]:
    """The parts of ``size`` bytes that a ``Range`` header asks for.

    The list is empty if the whole file is to be sent instead: for an empty header, and for parts
    that are longer than the file together. Raises ``BadRange``.
    """
    unit, equals, listed = header.partition("=")
    if unit != "bytes" or not equals:
        raise BadRange(MALFORMED)
    items = [item.strip(_BLANK) for item in listed.split(",")]
    asked = [_part(item, size) for item in items if item]
    parts = [part for part in asked if part is not None]
    if asked and not parts:
        if size == 0:
            return []
        raise BadRange(NO_OVERLAP, f"bytes */{size}")
    total = sum(part.length for part in parts)
    return [] if total > size else parts


def _part(item: str, size: int) -> Part | None:
    """One of ``first-last``, ``first-`` and ``-length``. ``None`` if it begins after the end."""
    first_text, dash, last_text = (piece.strip(_BLANK) for piece in item.partition("-"))
    if not dash:
        raise BadRange(MALFORMED)
    if not first_text:
        length = min(_number(last_text), size)
        return Part(size - length, size - 1)
    first = _number(first_text)
    if first >= size:
        return None
    last = _number(last_text) if last_text else size - 1
    if last < first:
        raise BadRange(MALFORMED)
    return Part(first, min(last, size - 1))


def _number(text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None or int(found[1]) > _LARGEST_NUMBER:
        raise BadRange(MALFORMED)
    return int(found[1])


def multipart(
    parts: list[tuple[Part, bytes]], size: int, content_type: str, boundary: str
) -> bytes:
    """A ``multipart/byteranges`` body (RFC 9110 §14.6), its parts in the requested order."""
    pieces = []
    for part, content in parts:
        head = (
            f"--{boundary}\r\n"
            f"Content-Range: {part.content_range(size)}\r\n"
            f"Content-Type: {content_type}\r\n"
            "\r\n"
        )
        pieces.append(head.encode() + content)
    end = f"\r\n--{boundary}--\r\n"
    return b"\r\n".join(pieces) + end.encode()


def multipart_length(parts: list[Part], size: int, content_type: str, boundary: str) -> int:
    """The length of that body, without its bytes."""
    without_bytes = [(part, b"") for part in parts]
    framing = multipart(without_bytes, size, content_type, boundary)
    content_length = sum(part.length for part in parts)
    return len(framing) + content_length
