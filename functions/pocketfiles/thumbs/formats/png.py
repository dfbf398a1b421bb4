"""PNG headers (PNG third edition §5 and §11)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import exif
from pocketfiles.thumbs.formats import png_colour
from pocketfiles.thumbs.formats.header import MAX_PROFILE, UPRIGHT, Header, big_endian
from pocketfiles.thumbs.formats.png_chunks import (
    CHECKSUM,
    CHUNK_HEADER,
    MAX_NUMBER,
    SIGNATURE,
    Chunk,
    chunks,
    has_right_crc,
    is_unknown,
    packed,
)
from pocketfiles.thumbs.formats.png_deflate import max_deflated
from pocketfiles.thumbs.formats.png_passes import (
    CHANNELS,
    COLOUR_TYPE,
    DEPTH,
    INTERLACE,
    WITH_PALETTE,
    rows_of_passes,
    total_length,
)
from pocketfiles.thumbs.geometry import Box, Size

_HEADER_LENGTH = 13
_TRANSPARENCY_LENGTH = {0: 2, 2: 6}
"""Bytes of tRNS by colour type (§11.3.1.1); it has up to 256 with a palette."""

_MAX_PALETTE = 768

_READ_BEFORE_IMAGE = png_colour.KINDS | {b"tRNS", b"acTL", b"eXIf"}
"""Chunks that count only before the image data, and only with a right checksum."""

_FRAME_CONTROL_LENGTH = 26
_SEQUENCE_NUMBER = 4

# Places in a frame control chunk (§11.3.6.2)
_DISPOSAL = 24
_BLENDING = 25

_LAST_DISPOSAL = 2
_LAST_BLENDING = 1

_ANIMATION_CONTROL_LENGTH = 8


@dataclass
class _Reading:
    """What has been read of a PNG so far."""

    header: bytes
    palette: bytes = b""
    transparency: bytes = b""
    colours: dict[bytes, bytes] = field(default_factory=dict)
    orientation: int | None = None
    is_animation: bool = False
    has_image_data: bool = False
    is_default_image_a_frame: bool = False
    frame_controls: int = 0
    image_data: list[Chunk] = field(default_factory=list)
    first_frame: Box | None = None
    is_frame_ended: bool = False
    frame_data: list[Chunk] = field(default_factory=list)
    is_cut: bool = True


def read(data: bytes) -> Header:
    """The header of a PNG; raises what ``identify.read`` names."""
    remaining = chunks(data)
    first = next(remaining, None)
    if first is None or first.is_cut:
        raise ThumbFailed("truncated")
    if first.type != b"IHDR" or first.end - first.start != _HEADER_LENGTH:
        raise ThumbFailed("corrupt")
    if not has_right_crc(data, first):
        raise ThumbFailed("corrupt")
    reading = _Reading(data[first.start : first.end])
    _read_chunks(data, remaining, reading)
    if not reading.image_data:
        raise ThumbFailed("truncated" if reading.is_cut else "corrupt")
    is_default_shown = reading.is_default_image_a_frame or not reading.is_animation
    if reading.is_cut and not (is_default_shown or reading.frame_data):
        raise ThumbFailed("truncated")
    return _header(data, reading)


def _read_chunks(
    data: bytes,
    remaining: Iterator[Chunk],
    reading: _Reading,
) -> None:
    for chunk in remaining:
        if chunk.type == b"IEND":
            reading.is_cut = False
            return
        if reading.has_image_data and is_unknown(chunk):
            return  # browsers show what came before
        _read_chunk(data, chunk, reading)


def _read_chunk(
    data: bytes,
    chunk: Chunk,
    reading: _Reading,
) -> None:
    if chunk.type == b"IDAT":
        reading.has_image_data = True
        reading.image_data.append(chunk)
    elif chunk.type == b"fdAT":
        if reading.first_frame and not reading.is_default_image_a_frame:
            _read_frame_data(chunk, reading)
    elif chunk.type == b"fcTL":
        _read_frame_control(data, chunk, reading)
    elif is_unknown(chunk):
        raise ThumbFailed("corrupt")
    elif not reading.has_image_data:
        _read_before_image(data, chunk, reading)


def _read_before_image(
    data: bytes,
    chunk: Chunk,
    reading: _Reading,
) -> None:
    """Read what counts before the image data alone.

    Of each chunk type, the first one counts that makes sense, as in Chromium.
    """
    length = chunk.end - chunk.start
    is_read = chunk.type in _READ_BEFORE_IMAGE and length <= MAX_PROFILE
    if chunk.type == b"PLTE" and length <= _MAX_PALETTE:
        reading.palette = reading.palette or data[chunk.start : chunk.end]
    elif not is_read or not has_right_crc(data, chunk):
        return
    contents = data[chunk.start : chunk.end]
    if chunk.type == b"tRNS":
        reading.transparency = reading.transparency or _transparency(contents, reading)
    elif chunk.type == b"acTL" and length == _ANIMATION_CONTROL_LENGTH:
        frames = big_endian(contents, 0, 4)
        repetitions = big_endian(contents, 4, 4)
        is_possible = 0 < frames <= MAX_NUMBER and repetitions <= MAX_NUMBER
        reading.is_animation = reading.is_animation or is_possible
    elif chunk.type == b"eXIf" and reading.orientation is None:
        reading.orientation = exif.orientation(contents)
    elif chunk.type == b"cICP" and reading.palette:
        return  # it stands before PLTE (§5.6), or browsers ignore it
    elif png_colour.makes_sense(chunk.type, contents):
        reading.colours.setdefault(chunk.type, contents)


def _read_frame_control(
    data: bytes,
    chunk: Chunk,
    reading: _Reading,
) -> None:
    """Read the first frame's place (§11.3.6.2)."""
    is_first = reading.first_frame is None and not reading.is_default_image_a_frame
    reading.is_frame_ended = not is_first
    reading.frame_controls += 1
    if not (is_first and has_right_crc(data, chunk)):
        return
    if chunk.end - chunk.start != _FRAME_CONTROL_LENGTH:
        return
    is_impossible = not _is_first_control(data[chunk.start : chunk.end])
    if reading.is_animation and reading.frame_controls == 1 and is_impossible:
        raise ThumbFailed("corrupt")  # browsers show nothing
    if not reading.has_image_data:
        reading.is_default_image_a_frame = True
        return
    if not reading.is_animation:
        return
    width = big_endian(data, chunk.start + 4, 4)
    height = big_endian(data, chunk.start + 8, 4)
    left = big_endian(data, chunk.start + 12, 4)
    top = big_endian(data, chunk.start + 16, 4)
    reading.first_frame = Box(left, top, left + width, top + height)


def _is_first_control(contents: bytes) -> bool:
    """Whether a frame control's number is the first, and its ways to dispose and blend exist."""
    is_first = big_endian(contents, 0, _SEQUENCE_NUMBER) == 0
    is_disposal = contents[_DISPOSAL] <= _LAST_DISPOSAL
    return is_first and is_disposal and contents[_BLENDING] <= _LAST_BLENDING


def _read_frame_data(chunk: Chunk, reading: _Reading) -> None:
    """Keep image data of the first frame, which ends where the next begins (§11.3.6.3)."""
    start = chunk.start + _SEQUENCE_NUMBER
    if reading.is_frame_ended or start > chunk.end:
        return
    reading.frame_data.append(chunk._replace(start=start))


def _header(data: bytes, reading: _Reading) -> Header:
    fields = reading.header
    width = big_endian(fields, 0, 4)
    height = big_endian(fields, 4, 4)
    colour_type = fields[COLOUR_TYPE]
    if colour_type not in CHANNELS:
        raise ThumbFailed("corrupt")
    if colour_type == WITH_PALETTE and not reading.palette:
        raise ThumbFailed("corrupt")
    has_transparency = bool(reading.transparency)
    frame = reading.first_frame if reading.frame_data else None
    if frame and (frame.right > width or frame.bottom > height or 0 in frame.size):
        raise ThumbFailed("corrupt")
    covers = frame is None or frame.size == (width, height)
    channels = CHANNELS[colour_type]
    if colour_type == WITH_PALETTE:
        channels = 3
    return Header(
        "PNG",
        width=width,
        height=height,
        orientation=reading.orientation or UPRIGHT,
        frame=None if covers else frame,
        depth=fields[DEPTH],
        channels=channels + has_transparency,
        has_alpha=has_transparency or channels in {2, 4},
        drawn=colour_type == WITH_PALETTE,
        interlaced=bool(fields[INTERLACE]),
        is_cut=reading.is_cut,
        icc_profile=png_colour.icc_profile(reading.colours),
        stream=_stream(data, reading, frame),
    )


def _transparency(contents: bytes, reading: _Reading) -> bytes:
    """What counts of the data of tRNS; empty if they do not fit the colour type."""
    colour_type = reading.header[COLOUR_TYPE]
    if colour_type == WITH_PALETTE:
        return contents[: len(reading.palette) // 3]
    length = _TRANSPARENCY_LENGTH.get(colour_type, 0)
    return contents[:length] if len(contents) >= length else b""


def _stream(
    data: bytes,
    reading: _Reading,
    frame: Box | None,
) -> bytes:
    """The default image or the first frame, without any other chunk."""
    header = reading.header
    image_data = reading.image_data
    if frame:
        header = _with_size(header, frame.size)
        image_data = reading.frame_data
    chunks = [packed(b"IHDR", header)]
    if reading.palette and header[COLOUR_TYPE] == WITH_PALETTE:
        chunks.append(packed(b"PLTE", reading.palette))
    if reading.transparency:
        chunks.append(packed(b"tRNS", reading.transparency))
    most = max_deflated(total_length(rows_of_passes(header)))
    return b"".join(
        (
            SIGNATURE,
            *chunks,
            *_packed_image_data(data, image_data, most),
            packed(b"IEND", b""),
        )
    )


def _packed_image_data(
    data: bytes,
    image_data: list[Chunk],
    most: int,
) -> Iterator[bytes | memoryview]:
    """IDAT chunks with no more than so many bytes: as they are in the file, if possible."""
    for chunk in image_data:
        end = min(chunk.end, chunk.start + most)
        is_whole = end == chunk.end and not chunk.is_cut
        if is_whole and chunk.type == b"IDAT":
            # A view: files may be large.
            yield memoryview(data)[chunk.start - CHUNK_HEADER : end + CHECKSUM]
        else:
            yield packed(b"IDAT", data[chunk.start : end])
        most -= end - chunk.start
        if most == 0:
            return


def _with_size(header: bytes, size: Size) -> bytes:
    width, height = size
    return struct.pack(">II", width, height) + header[DEPTH:]
