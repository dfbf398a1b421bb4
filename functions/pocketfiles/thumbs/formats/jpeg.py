"""JPEG headers (ITU-T T.81 annex B).

Segments are found as libjpeg finds them: bytes between segments that are no marker are skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats.header import (
    MAX_CHUNKS,
    UPRIGHT,
    Header,
    big_endian,
)
from pocketfiles.thumbs.formats.jpeg_profile import ProfilePieces
from pocketfiles.thumbs.formats.jpeg_scans import Coefficients

SIGNATURE = b"\xff\xd8\xff"

MAX_SCANS = 100
"""Most scans of a progressive JPEG; encoders write about ten."""

_MAX_TABLE_BYTES = 1 << 19
"""Most bytes of tables. One scan has up to 2.2 kB of Huffman tables; the quantization tables of a
picture take 0.5 kB."""

_START_OF_IMAGE = b"\xff\xd8"
_END_OF_IMAGE = b"\xff\xd9"

# Markers (T.81 table B.1)
_SOI = 0xD8
_EOI = 0xD9
_SOS = 0xDA
_DHT = 0xC4
_DAC = 0xCC
_DQT = 0xDB
_DRI = 0xDD
_APP0 = 0xE0
_APP1 = 0xE1
_APP2 = 0xE2
_APP14 = 0xEE
_COM = 0xFE
_MAY_BE_TOO_SHORT = frozenset({_COM, *range(_APP0, _APP0 + 16)})
"""Segments whose length libjpeg does not check: those of applications, and comments."""

_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and the restart markers
_TABLES = frozenset({_DHT, _DAC, _DQT, _DRI})

_NO_FRAME_HEADERS = frozenset({_DHT, 0xC8, _DAC})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - _NO_FRAME_HEADERS
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})  # by Huffman, extended, by arithmetic coding
_PROGRESSIVE = frozenset({0xC2, 0xCA})
_PRECISION = 8

_MARKER_LENGTH = 2
_LENGTH_OF_LENGTH = 2
_SEGMENT_HEADER = 4

_EXIF_PREFIX = b"Exif\0"
_EXIF_PREFIX_AND_PAD = 6
_MIN_EXIF_SEGMENT = 7
"""Shortest EXIF segment that counts, as in browsers: the prefix, and any byte of a block."""

_JFIF = b"JFIF\0"
_MIN_JFIF_SEGMENT = 14
_ADOBE = b"Adobe"
_MIN_ADOBE_SEGMENT = 12

# In FF 00 and FF FF, the first byte begins no marker; nor does FF with a restart marker's number
# within entropy-coded data.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_MORE_ENTROPY_CODED_DATA = b"\x2a\x95\x53" * 100


class _Segment(NamedTuple):
    """A marker at ``at``, and where its contents begin and end."""

    marker: int
    at: int
    start: int
    end: int


@dataclass(frozen=True)
class _Frame:
    """The fields of a frame header (T.81 §B.2.2)."""

    width: int
    height: int
    components: int
    full_chroma: bool
    progressive: bool


@dataclass
class _Reading:
    """What has been read of a JPEG so far; ``kept`` is what its decoder needs."""

    frame: _Frame | None = None
    coefficients: Coefficients | None = None
    orientation: int | None = None
    profile: ProfilePieces = field(default_factory=ProfilePieces)
    table_bytes: int = 0
    scans: int = 0
    has_buffered_scans: bool = False
    scan_end: int = 0
    is_cut: bool = False
    kept: list[bytes] = field(default_factory=lambda: [_START_OF_IMAGE])


def read(data: bytes) -> Header:
    """The header of a JPEG; raises what ``identify.read`` names."""
    reading = _Reading()
    _read_segments(data, reading)
    frame = reading.frame
    coefficients = reading.coefficients
    if frame is None or coefficients is None or not reading.scans:
        raise ThumbFailed("truncated")
    return Header(
        "JPEG",
        width=frame.width,
        height=frame.height,
        orientation=reading.orientation or UPRIGHT,
        # A decoder with buffered scans puts the picture out once more.
        scans=1 + reading.scans if reading.has_buffered_scans else 1,
        channels=frame.components,
        full_chroma=frame.full_chroma,
        is_cut=reading.is_cut,
        lacks_scans=not coefficients.are_complete,
        icc_profile=reading.profile.joined(),
        stream=b"".join((*reading.kept, _END_OF_IMAGE)),
    )


def lengthened(stream: bytes) -> bytes:
    """The stream of a header with more entropy-coded data in its last scan.

    A complete picture stays the same; one that ends too early changes.
    """
    end = len(stream) - len(_END_OF_IMAGE)
    return b"".join((stream[:end], _MORE_ENTROPY_CODED_DATA, _END_OF_IMAGE))


def _read_segments(data: bytes, reading: _Reading) -> None:
    for segment in _segments(data):
        if segment is None:
            reading.is_cut = True
        elif segment.marker == _SOS:
            _read_scan(data, segment, reading)
            if not reading.has_buffered_scans:
                reading.is_cut = not _ends_at(data, reading.scan_end)
                return
        elif segment.marker in _FRAME_HEADERS:
            _read_frame(data, segment, reading)
        elif segment.marker in _TABLES:
            _keep_table(data, segment, reading)
        elif not reading.scans:
            _read_application_data(data, segment, reading)


def _keep_table(
    data: bytes,
    segment: _Segment,
    reading: _Reading,
) -> None:
    reading.table_bytes += segment.end - segment.at
    if reading.table_bytes > _MAX_TABLE_BYTES:
        raise ThumbFailed("too-many-chunks")
    reading.kept.append(data[segment.at : segment.end])


def _ends_at(data: bytes, at: int) -> bool:
    """Whether the end of the image is marked there."""
    return data.startswith(_END_OF_IMAGE, at)


def _segments(data: bytes) -> Iterator[_Segment | None]:
    """The segments up to the end of the first image; None last if its end is not marked."""
    at = len(_START_OF_IMAGE)
    in_scans = False
    for _ in range(MAX_CHUNKS):
        found = (_MARKER_AFTER_SCAN if in_scans else _MARKER).search(data, at)
        marker = data[found.end() - 1] if found else None
        if marker == _EOI:
            return
        if found is None or marker is None or marker == _SOI:
            yield None
            return
        at = found.start()
        if marker in _WITHOUT_LENGTH:
            at += _MARKER_LENGTH
            continue
        segment = _segment(data, marker, at)
        if segment is None and in_scans:
            yield None
            return
        if segment is None:
            raise ThumbFailed("truncated")
        yield segment
        in_scans = in_scans or marker == _SOS
        at = segment.end
    raise ThumbFailed("too-many-chunks")


def _segment(
    data: bytes,
    marker: int,
    at: int,
) -> _Segment | None:
    """The segment at ``at``; None if it does not end within the data."""
    start = at + _SEGMENT_HEADER
    length = int.from_bytes(data[at + _MARKER_LENGTH : start], "big")
    if length < _LENGTH_OF_LENGTH and marker in _MAY_BE_TOO_SHORT:
        length = _LENGTH_OF_LENGTH
    end = at + _MARKER_LENGTH + length
    return _Segment(marker, at, start, end) if start <= end <= len(data) else None


def _read_frame(
    data: bytes,
    segment: _Segment,
    reading: _Reading,
) -> None:
    if reading.frame:
        raise ThumbFailed("corrupt")
    reading.frame = _frame(data, segment)
    reading.coefficients = Coefficients(reading.frame.components)
    reading.kept.append(data[segment.at : segment.end])


def _frame(data: bytes, segment: _Segment) -> _Frame:
    """The frame header; ThumbFailed ``unsupported`` for lossless and hierarchical ones, and 12
    bits."""
    start = segment.start
    marker = segment.marker
    if marker not in _SEQUENTIAL | _PROGRESSIVE or data[start] != _PRECISION:
        raise ThumbFailed("unsupported")
    components = data[start + 5]
    sampling = {data[start + 7 + 3 * index] for index in range(components)}
    return _Frame(
        width=big_endian(data, start + 3, 2),
        height=big_endian(data, start + 1, 2),
        components=components,
        full_chroma=len(sampling) == 1,
        progressive=marker in _PROGRESSIVE,
    )


def _read_scan(
    data: bytes,
    segment: _Segment,
    reading: _Reading,
) -> None:
    frame = reading.frame
    if frame is None or reading.coefficients is None:
        raise ThumbFailed("corrupt")
    reading.scans += 1
    if reading.scans > MAX_SCANS:
        raise ThumbFailed("too-many-chunks")
    reading.coefficients.add(data[segment.start : segment.end])
    components_in_scan = data[segment.start]
    if frame.progressive or components_in_scan < frame.components:
        reading.has_buffered_scans = True
    found = _MARKER_AFTER_SCAN.search(data, segment.end)
    reading.scan_end = found.start() if found else len(data)
    # FF before the end is the first half of a marker.
    reading.kept.append(data[segment.at : reading.scan_end].rstrip(b"\xff"))


def _read_application_data(
    data: bytes,
    segment: _Segment,
    reading: _Reading,
) -> None:
    """Read what matters in an APP segment: JFIF, EXIF, an ICC profile, Adobe's colour transform."""
    contents = data[segment.start : segment.end]
    if segment.marker == _APP1:
        is_exif = contents.startswith(_EXIF_PREFIX) and len(contents) >= _MIN_EXIF_SEGMENT
        if is_exif and reading.orientation is None:
            reading.orientation = exif.orientation(contents[_EXIF_PREFIX_AND_PAD:])
    elif segment.marker == _APP2:
        reading.profile.add(contents)
    elif _is_jfif(segment.marker, contents) or _is_adobe(segment.marker, contents):
        reading.kept.append(data[segment.at : segment.end])


def _is_jfif(marker: int, contents: bytes) -> bool:
    is_long_enough = len(contents) >= _MIN_JFIF_SEGMENT
    return marker == _APP0 and contents.startswith(_JFIF) and is_long_enough


def _is_adobe(marker: int, contents: bytes) -> bool:
    is_long_enough = len(contents) >= _MIN_ADOBE_SEGMENT
    return marker == _APP14 and contents.startswith(_ADOBE) and is_long_enough
