"""JPEG headers (ITU-T T.81 annex B)."""

from dataclasses import dataclass, field

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats import jpeg_frame, jpeg_scans
from pocketfiles.thumbs.formats.header import UPRIGHT, Header
from pocketfiles.thumbs.formats.jpeg_frame import FRAME_HEADERS, Frame
from pocketfiles.thumbs.formats.jpeg_profile import ProfilePieces
from pocketfiles.thumbs.formats.jpeg_scans import Coefficients
from pocketfiles.thumbs.formats.jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP14,
    DAC,
    DHT,
    DQT,
    DRI,
    END_OF_IMAGE,
    SOS,
    START_OF_IMAGE,
    Segment,
    segments,
)

SIGNATURE = b"\xff\xd8\xff"

MAX_SCANS = 100
"""Most scans of a progressive JPEG; encoders write about ten."""

_MAX_TABLE_BYTES = 1 << 19
"""Most bytes of tables. One scan has up to 2.2 kB of Huffman tables; the quantization tables of a
picture take 0.5 kB."""

_MAX_ARITHMETIC_BYTES = 1 << 19
"""Most bytes of an arithmetic-coded JPEG, of which a decoder reads nine in a microsecond. Few
browsers show such files."""

_TABLES = frozenset({DHT, DAC, DQT, DRI})

_EXIF_PREFIX = b"Exif\0"
_EXIF_PREFIX_AND_PAD = 6
_MIN_EXIF_SEGMENT = 7
"""Shortest EXIF segment that counts, as in browsers: the prefix, and any byte of a block."""

_JFIF = b"JFIF\0"
_MIN_JFIF_SEGMENT = 14
_ADOBE = b"Adobe"
_MIN_ADOBE_SEGMENT = 12

_MORE_ENTROPY_CODED_DATA = b"\x2a\x95\x53" * 100


@dataclass
class _Reading:
    """What has been read of a JPEG so far; ``kept`` is what its decoder needs."""

    frame: Frame | None = None
    coefficients: Coefficients | None = None
    orientation: int | None = None
    profile: ProfilePieces = field(default_factory=ProfilePieces)
    table_bytes: int = 0
    scans: int = 0
    has_buffered_scans: bool = False
    is_cut: bool = False
    kept: list[bytes | memoryview] = field(default_factory=lambda: [START_OF_IMAGE])


def read(data: bytes) -> Header:
    """The header of a JPEG; raises what ``identify.read`` names."""
    reading = _Reading()
    _read_segments(data, reading)
    frame = reading.frame
    coefficients = reading.coefficients
    if frame is None or coefficients is None or not coefficients.have_mean_levels:
        raise ThumbFailed("truncated")
    stream = b"".join((*reading.kept, END_OF_IMAGE))
    if frame.is_arithmetic and len(stream) > _MAX_ARITHMETIC_BYTES:
        raise ThumbFailed("unsupported")
    return Header(
        "JPEG",
        width=frame.width,
        height=frame.height,
        orientation=reading.orientation or UPRIGHT,
        # A decoder with buffered scans puts the picture out once more.
        scans=1 + reading.scans if reading.has_buffered_scans else 1,
        channels=len(frame.components),
        samples_per_pixel=frame.samples_per_pixel,
        full_chroma=frame.has_full_chroma,
        slow_coding=frame.is_arithmetic,
        is_cut=reading.is_cut,
        lacks_scans=not coefficients.are_complete,
        icc_profile=reading.profile.joined(),
        stream=stream,
    )


def lengthened(stream: bytes) -> bytes:
    """The stream of a header with more entropy-coded data in its last scan.

    A complete picture stays the same; one that ends too early changes.
    """
    end = len(stream) - len(END_OF_IMAGE)
    data = stream[:end].rstrip(b"\xff")  # FF is the first half of a marker
    return b"".join((data, _MORE_ENTROPY_CODED_DATA, END_OF_IMAGE))


def _read_segments(data: bytes, reading: _Reading) -> None:
    for segment in segments(data):
        if segment is None:
            reading.is_cut = True
        elif segment.marker == SOS:
            _read_scan(data, segment, reading)
            if not reading.has_buffered_scans:
                reading.is_cut = not data.startswith(END_OF_IMAGE, segment.scan_end)
                return
        elif segment.marker in FRAME_HEADERS:
            _read_frame(data, segment, reading)
        elif segment.marker in _TABLES:
            _keep_table(data, segment, reading)
        elif not reading.scans:
            _read_application_data(data, segment, reading)


def _keep_table(
    data: bytes,
    segment: Segment,
    reading: _Reading,
) -> None:
    reading.table_bytes += segment.end - segment.at
    if reading.table_bytes > _MAX_TABLE_BYTES:
        raise ThumbFailed("too-many-chunks")
    reading.kept.append(data[segment.at : segment.end])


def _read_frame(
    data: bytes,
    segment: Segment,
    reading: _Reading,
) -> None:
    if reading.frame:
        raise ThumbFailed("corrupt")
    reading.frame = jpeg_frame.read(data, segment.marker, segment.start)
    reading.coefficients = Coefficients(len(reading.frame.components))
    reading.kept.append(data[segment.at : segment.end])


def _read_scan(
    data: bytes,
    segment: Segment,
    reading: _Reading,
) -> None:
    frame = reading.frame
    if frame is None or reading.coefficients is None:
        raise ThumbFailed("corrupt")
    reading.scans += 1
    if reading.scans > MAX_SCANS:
        raise ThumbFailed("too-many-chunks")
    scan = jpeg_scans.read(data[segment.start : segment.end], frame)
    if segment.scan_end - segment.end < scan.min_bytes:
        raise ThumbFailed("truncated")
    reading.coefficients.add(scan)
    if frame.is_progressive or len(scan.components) < len(frame.components):
        reading.has_buffered_scans = True
    end = min(segment.scan_end, segment.end + scan.max_bytes)
    # A view: files may be large.
    reading.kept.append(memoryview(data)[segment.at : end])


def _read_application_data(
    data: bytes,
    segment: Segment,
    reading: _Reading,
) -> None:
    """Read what matters in an APP segment: JFIF, EXIF, an ICC profile, Adobe's colour transform."""
    contents = data[segment.start : segment.end]
    if segment.marker == APP1:
        is_exif = contents.startswith(_EXIF_PREFIX) and len(contents) >= _MIN_EXIF_SEGMENT
        if is_exif and reading.orientation is None:
            reading.orientation = exif.orientation(contents[_EXIF_PREFIX_AND_PAD:])
    elif segment.marker == APP2:
        reading.profile.add(contents)
    elif _is_jfif(segment.marker, contents) or _is_adobe(segment.marker, contents):
        reading.kept.append(data[segment.at : segment.end])


def _is_jfif(marker: int, contents: bytes) -> bool:
    is_long_enough = len(contents) >= _MIN_JFIF_SEGMENT
    return marker == APP0 and contents.startswith(_JFIF) and is_long_enough


def _is_adobe(marker: int, contents: bytes) -> bool:
    is_long_enough = len(contents) >= _MIN_ADOBE_SEGMENT
    return marker == APP14 and contents.startswith(_ADOBE) and is_long_enough
