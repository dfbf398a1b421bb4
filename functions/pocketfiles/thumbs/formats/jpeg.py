"""JPEG headers (ITU-T T.81 annex B)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, UPRIGHT, Header, big_endian

SIGNATURE = b"\xff\xd8\xff"

MAX_SCANS = 100
"""Most scans of a progressive JPEG; encoders write about ten."""

_FILL = 0xFF
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_APP1 = 0xE1
_BASELINE = 0xC0
_EXTENDED = 0xC1
_PROGRESSIVE = 0xC2
_DECODABLE = frozenset({_BASELINE, _EXTENDED, _PROGRESSIVE})
_DHT_JPG_DAC = frozenset({0xC4, 0xC8, 0xCC})  # in the range of SOF, but no frame headers
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - _DHT_JPG_DAC
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and the restart markers

_FIRST_SEGMENT = 2
_MARKER_LENGTH = 2
_SEGMENT_HEADER = 4
_PRECISION = 8
_EXIF_PREFIX = b"Exif\0\0"

# Within entropy-coded data, FF is followed by 00 or by a restart marker.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")

_MORE_ENTROPY_CODED_DATA = b"\x2a\x95\x53" * 100


@dataclass(frozen=True)
class _Segment:
    """A marker, and where its contents begin and end."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True)
class _Frame:
    """The fields of a frame header (T.81 §B.2.2)."""

    width: int
    height: int
    components: int
    progressive: bool


def read(data: bytes) -> Header:
    """The header of a JPEG; raises what ``identify.read`` names."""
    orientation = UPRIGHT
    frame: _Frame | None = None
    for segment in _segments(data, _FIRST_SEGMENT):
        if segment.marker in _START_OF_FRAME:
            if frame:
                raise ThumbFailed("corrupt")
            frame = _frame(data, segment)
        elif segment.marker == _APP1 and orientation == UPRIGHT:
            orientation = _orientation(data, segment)
        elif segment.marker == _START_OF_SCAN:
            if frame is None:
                raise ThumbFailed("corrupt")
            scans = _scans(data, segment, frame)
            if data.rfind(b"\xff\xd9", segment.end) < 0:
                raise ThumbFailed("truncated")
            return Header("JPEG", frame.width, frame.height, orientation, scans)
    raise ThumbFailed("truncated")


def lengthened(data: bytes) -> bytes:
    """The JPEG with more entropy-coded data in its last scan.

    A complete picture stays the same; one that ends too early changes.
    """
    end = data.rfind(b"\xff\xd9")
    return b"".join((data[:end], _MORE_ENTROPY_CODED_DATA, data[end:]))


def _segments(data: bytes, at: int) -> Iterator[_Segment]:
    """The segments from ``at`` to the end of the image; entropy-coded data are skipped."""
    for _ in range(MAX_CHUNKS):
        if data[at] != _FILL:
            raise ThumbFailed("corrupt")
        marker = data[at + 1]
        if marker == _FILL:
            at += 1
        elif marker == _END_OF_IMAGE:
            return
        elif marker in _WITHOUT_LENGTH:
            at += _MARKER_LENGTH
        else:
            start = at + _SEGMENT_HEADER
            end = at + _MARKER_LENGTH + big_endian(data, at + _MARKER_LENGTH, 2)
            if not start <= end <= len(data):
                raise ThumbFailed("truncated")
            yield _Segment(marker, start, end)
            at = _after_scan(data, end) if marker == _START_OF_SCAN else end
    raise ThumbFailed("too-many-chunks")


def _after_scan(data: bytes, at: int) -> int:
    found = _MARKER_AFTER_SCAN.search(data, at)
    if found is None:
        raise ThumbFailed("truncated")
    return found.start()


def _frame(data: bytes, segment: _Segment) -> _Frame:
    start = segment.start
    if segment.marker not in _DECODABLE or data[start] != _PRECISION:
        raise ThumbFailed("unsupported")
    return _Frame(
        width=big_endian(data, start + 3, 2),
        height=big_endian(data, start + 1, 2),
        components=data[start + 5],
        progressive=segment.marker == _PROGRESSIVE,
    )


def _orientation(data: bytes, segment: _Segment) -> int:
    if not data.startswith(_EXIF_PREFIX, segment.start, segment.end):
        return UPRIGHT
    return exif.orientation(data[segment.start + len(_EXIF_PREFIX) : segment.end])


def _scans(
    data: bytes,
    first: _Segment,
    frame: _Frame,
) -> int:
    """How many scans there are; ThumbFailed ``too-many-chunks`` if more than MAX_SCANS."""
    components_in_scan = data[first.start]
    if not frame.progressive and components_in_scan == frame.components:
        return 1
    count = 1  # a decoder with buffered scans puts the picture out once more
    for segment in _segments(data, first.start - _SEGMENT_HEADER):
        count += segment.marker == _START_OF_SCAN
        if count > MAX_SCANS + 1:
            raise ThumbFailed("too-many-chunks")
    return count
