"""The segments of a JPEG (ITU-T T.81 annex B).

Segments are found as libjpeg finds them: bytes between segments that are no marker are skipped.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import MAX_CHUNKS

START_OF_IMAGE = b"\xff\xd8"
END_OF_IMAGE = b"\xff\xd9"

# Markers (T.81 table B.1)
_SOI = 0xD8
_EOI = 0xD9
SOS = 0xDA
DHT = 0xC4
DAC = 0xCC
DQT = 0xDB
DRI = 0xDD
APP0 = 0xE0
APP1 = 0xE1
APP2 = 0xE2
APP14 = 0xEE
_COM = 0xFE
_MAY_BE_TOO_SHORT = frozenset({_COM, *range(APP0, APP0 + 16)})
"""Segments whose length libjpeg does not check: those of applications, and comments."""

_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and the restart markers

_MARKER_LENGTH = 2
_LENGTH_OF_LENGTH = 2
_SEGMENT_HEADER = 4

# In FF 00 and FF FF, the first byte begins no marker; nor does FF with a restart marker's number
# within entropy-coded data.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_BYTES_SEARCHED_UNCOUNTED = 4 << 20
_MAX_FF_BYTES = 1 << 20
"""Most bytes FF between markers, after the first four megabytes. To search one takes as long as 100
other bytes. Entropy-coded data have about one in 256."""

_FIRST_BYTES_COUNTED = 1 << 12
_MOST_BYTES_COUNTED = 1 << 20
"""Bytes FF are counted in parts that double, since few bytes are searched for most markers."""


class Segment(NamedTuple):
    """A marker at ``at``, and where its contents begin and end.

    The entropy-coded data of a scan go on to ``scan_end``.
    """

    marker: int
    at: int
    start: int
    end: int
    scan_end: int


class _Markers:
    """Searches a JPEG for markers, and refuses one with too much that looks like them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._uncounted = _BYTES_SEARCHED_UNCOUNTED
        self._ff_bytes = 0

    def find(self, pattern: re.Pattern[bytes], start: int) -> int | None:
        """Where the next marker begins; None if there is none. ThumbFailed ``too-many-chunks``."""
        end = start + self._uncounted
        found = pattern.search(self._data, start, end)
        if found:
            self._uncounted -= found.start() - start
            return found.start()
        self._uncounted = 0
        may_begin_here = max(start, end - 1)
        return self._find_counting(pattern, may_begin_here)

    def _find_counting(self, pattern: re.Pattern[bytes], start: int) -> int | None:
        at = start
        length = _FIRST_BYTES_COUNTED
        while at < len(self._data):
            end = at + length
            ff_bytes = self._data.count(b"\xff", at, end)
            self._ff_bytes += ff_bytes
            if self._ff_bytes > _MAX_FF_BYTES:
                raise ThumbFailed("too-many-chunks")
            # The second byte of a marker may be the first after these.
            found = pattern.search(self._data, at, end + 1) if ff_bytes else None
            if found:
                return found.start()
            at = end
            length = min(2 * length, _MOST_BYTES_COUNTED)
        return None


def segments(data: bytes) -> Iterator[Segment | None]:
    """The segments up to the end of the first image; None last if its end is not marked.

    ThumbFailed ``too-many-chunks``; also ``truncated`` if the data end in a segment before the
    first scan.
    """
    markers = _Markers(data)
    at = len(START_OF_IMAGE)
    has_scan = False
    for _ in range(MAX_CHUNKS):
        found = markers.find(_MARKER, at)
        marker = None if found is None else data[found + 1]
        if marker == _EOI:
            return
        if found is None or marker is None or marker == _SOI:
            yield None
            return
        if marker in _WITHOUT_LENGTH:
            at = found + _MARKER_LENGTH
            continue
        segment = _segment(data, marker, found)
        if segment is None and has_scan:
            yield None
            return
        if segment is None:
            raise ThumbFailed("truncated")
        if marker == SOS:
            has_scan = True
            scan_end = markers.find(_MARKER_AFTER_SCAN, segment.end)
            segment = segment._replace(scan_end=len(data) if scan_end is None else scan_end)
        yield segment
        at = segment.scan_end
    raise ThumbFailed("too-many-chunks")


def _segment(
    data: bytes,
    marker: int,
    at: int,
) -> Segment | None:
    """The segment at ``at``; None if it does not end within the data."""
    start = at + _SEGMENT_HEADER
    length = int.from_bytes(data[at + _MARKER_LENGTH : start], "big")
    if length < _LENGTH_OF_LENGTH and marker in _MAY_BE_TOO_SHORT:
        length = _LENGTH_OF_LENGTH
    end = at + _MARKER_LENGTH + length
    is_whole = start <= end <= len(data)
    return Segment(marker, at, start, end, scan_end=end) if is_whole else None
