"""The limits of a task, checked on the header: before a pixel is decoded and memory is taken.

The figures for memory are what each decoder and encoder was measured to take at most
(docs/performance.md); a test in a child process holds them.
"""

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import Format, Header
from pocketfiles.thumbs.task import Task

_MAX_REDUCED_JPEG = 4
"""Most pixels of a JPEG decoded at reduced scale, in ``max_pixels``: all of its blocks are read."""

_USUAL_SCANS = 3
_USUAL_SCANS_PER_CHANNEL = 4
_MAX_FURTHER_SCANS = 2
"""Most scans × pixels of a progressive JPEG, in ``max_pixels``, beyond those that encoders
write: libjpeg up to four for each channel and two more, and decoding passes over the picture once
again."""

_PRICE_OF_SLOW_CODING = 5
"""Pixels that one of an arithmetic-coded JPEG counts for: it is slow, and may have so few data that
nothing tells a picture from a false claim."""

_MAX_SOURCE_SIDE = 65_535
"""Longest side, the longest that JPEG and GIF have. Decoders also take memory for each row."""

_MAX_THUMB_SIDE: dict[Format, int] = {
    "JPEG": 65_500,
    "PNG": 65_535,
    "GIF": 65_535,
    "WEBP": 16_383,
}
"""Longest side that the encoders write."""

_BITS_OF_A_BYTE = 8

_COPIES_OF_SOURCE = 2
"""The file, and the stream that the decoder reads."""

_BYTES_PER_DECODED_PIXEL = 4
_BYTES_PER_COEFFICIENT = 2

_ROWS_READ_AHEAD = 500
"""Rows of the source, in its whole width, that libvips holds while it reads one from top to
bottom."""

_ROWS_BEING_RESIZED = 300
"""Rows of the source that libvips holds in floating point while it makes a picture smaller."""

_BYTES_OF_A_FLOAT = 4

_FRAME_BYTES_PER_PIXEL = 10
"""A frame of an animated PNG that does not cover its canvas is read whole."""

_GIF_BYTES_PER_PIXEL = 6
_WEBP_LOSSLESS_BYTES_PER_PIXEL = 4
_WEBP_ALPHA_BYTES_PER_PIXEL = 2

_BYTES_PER_THUMB_PIXEL: dict[Format, int] = {
    "JPEG": 15,
    "PNG": 18,
    "GIF": 16,
    "WEBP": 18,
}
_BYTES_PER_THUMB_PIXEL_WITH_ALPHA: dict[Format, int] = {
    "PNG": 28,
    "GIF": 28,
    "WEBP": 44,
}
"""Pillow resizes alpha in floating point, and a WebP's alpha is compressed on its own."""

_LOSSLESS_WEBP_BYTES_PER_THUMB_PIXEL = 60


def check(task: Task, options: ThumbOptions) -> None:
    """Raise ThumbFailed ``thumb-too-large`` or ``too-many-pixels`` if the task is beyond a
    limit."""
    header = task.header
    width, height = task.target
    if width * height > options.max_output_pixels:
        raise ThumbFailed("thumb-too-large")
    if max(width, height) > _MAX_THUMB_SIDE[header.format]:
        raise ThumbFailed("thumb-too-large")
    if max(header.width, header.height) > _MAX_SOURCE_SIDE:
        raise ThumbFailed("too-many-pixels")
    if _pixels_to_read(task) > options.max_pixels:
        raise ThumbFailed("too-many-pixels")
    if _thumb_bytes(task) > options.max_memory:
        raise ThumbFailed("thumb-too-large")
    if _source_bytes(task) + _thumb_bytes(task) > options.max_memory:
        raise ThumbFailed("too-many-pixels")


def _pixels_to_read(task: Task) -> float:
    """The pixels that count: fewer for a sequential JPEG read at a reduced scale, which is
    quicker."""
    header = task.header
    pixels = header.width * header.height
    if header.format != "JPEG":
        return pixels
    if header.slow_coding:
        pixels *= _PRICE_OF_SLOW_CODING
    if header.scans == 1:
        return pixels / min(_MAX_REDUCED_JPEG, task.scale**2)
    usual_scans = _USUAL_SCANS + _USUAL_SCANS_PER_CHANNEL * header.channels
    further_scans = header.scans - usual_scans
    return max(pixels, pixels * further_scans / _MAX_FURTHER_SCANS)


def _source_bytes(task: Task) -> float:
    header = task.header
    width, height = header.frame_size
    source = _COPIES_OF_SOURCE * len(header.stream)
    return source + width * height * _decoder_bytes_per_pixel(task) + _row_bytes(task)


def _row_bytes(task: Task) -> float:
    """What libvips takes for single rows of a PNG. It is little for those of a JPEG."""
    header = task.header
    if header.format != "PNG":
        return 0
    width, height = header.frame_size
    per_channel = 0.0
    if not header.interlaced:
        rows = height if task.is_held_whole else min(height, _ROWS_READ_AHEAD)
        bytes_per_sample = header.depth / _BITS_OF_A_BYTE
        per_channel += width * rows * bytes_per_sample
    if _is_resized_by_libvips(task):
        width_of_box = task.box.right - task.box.left
        per_channel += width_of_box * min(height, _ROWS_BEING_RESIZED) * _BYTES_OF_A_FLOAT
    return per_channel * header.channels


def _decoder_bytes_per_pixel(task: Task) -> float:
    """Memory for each pixel of the source."""
    header = task.header
    if header.format == "JPEG":
        return _jpeg_bytes_per_pixel(task)
    if header.format == "GIF":
        return _GIF_BYTES_PER_PIXEL
    if header.format == "PNG":
        decoder = header.channels * header.depth / _BITS_OF_A_BYTE if header.interlaced else 0
        frame = _FRAME_BYTES_PER_PIXEL if header.frame else 0
        return decoder + frame
    return _webp_bytes_per_pixel(header) + _BYTES_PER_DECODED_PIXEL / _webp_shrink(task) ** 2


def _jpeg_bytes_per_pixel(task: Task) -> float:
    """A progressive JPEG keeps all its coefficients in memory, whatever the scale."""
    header = task.header
    decoded = _BYTES_PER_DECODED_PIXEL / task.scale**2
    if header.scans == 1:
        return decoded
    return decoded + header.samples_per_pixel * _BYTES_PER_COEFFICIENT


def _webp_bytes_per_pixel(header: Header) -> int:
    if header.lossless:
        return _WEBP_LOSSLESS_BYTES_PER_PIXEL
    return _WEBP_ALPHA_BYTES_PER_PIXEL if header.has_alpha else 0


def _webp_shrink(task: Task) -> int:
    return 1 if task.header.frame else task.libwebp_shrink


def _thumb_bytes(task: Task) -> int:
    width, height = task.target
    header = task.header
    per_pixel = _BYTES_PER_THUMB_PIXEL[header.format]
    if header.has_alpha and not _is_resized_by_libvips(task):
        per_pixel = _BYTES_PER_THUMB_PIXEL_WITH_ALPHA[header.format]
    if header.format == "WEBP" and header.lossless:
        per_pixel = _LOSSLESS_WEBP_BYTES_PER_THUMB_PIXEL
    return width * height * per_pixel


def _is_resized_by_libvips(task: Task) -> bool:
    header = task.header
    size = (header.width, header.height)
    return header.format == "PNG" and header.frame is None and task.whole_box(size) is not None
